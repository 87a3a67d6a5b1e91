// Quiet hours as people see them: ranges to edit, and the week that they make.
import type { QuietHours } from "@/lib/api/notification-types";
import type { FieldProblems } from "@/lib/api/problem";
import { prefs } from "@/messages/notify";

const WEEK = [1, 2, 3, 4, 5, 6, 7];
const DAY_MINUTES = 24 * 60;

/** Quiet hours as they are edited: days are always named, times as a time field has them. */
export interface QuietRange {
  /** Tells ranges of one list apart. */
  key: number;
  days: number[];
  start: string;
  end: string;
}

/** A part of a day in minutes, without `to`. */
export interface Span {
  from: number;
  to: number;
}

export function rangeOf({ days, start, end }: QuietHours, key: number): QuietRange {
  const named = days.length === 0 ? WEEK : WEEK.filter((day) => days.includes(day));
  return { key, days: named, start: short(start), end: short(end) };
}

/** As the API has them: every day is no day. */
export function quietHoursOf({ days, start, end }: QuietRange): QuietHours {
  return { days: days.length === WEEK.length ? [] : days, start: long(start), end: long(end) };
}

/** What cannot be sent: the API takes a range without a day for every day. `field` is what it calls the list. */
export function rangeProblems(ranges: readonly QuietRange[], field: string): FieldProblems {
  const without = [...ranges.entries()].filter(([, { days }]) => days.length === 0);
  return Object.fromEntries(without.map(([at]) => [`${field}.${at}.days`, prefs.quietNoDay]));
}

/** The nights, for who adds one. */
export function nights(key: number): QuietRange {
  return { key, days: WEEK, start: "22:00", end: "07:00" };
}

export function toggled(days: readonly number[], day: number): number[] {
  return days.includes(day)
    ? days.filter((other) => other !== day)
    : WEEK.filter((each) => each === day || days.includes(each));
}

/** Whether it ends on the day after the one on which it begins. */
export function endsNextDay({ start, end }: QuietRange): boolean {
  const [from, to] = [minutes(start), minutes(end)];
  return from !== null && to !== null && to < from;
}

/** What is quiet on each day, Monday first: in order, and what touches is one. */
export function quietWeek(ranges: readonly Pick<QuietRange, "days" | "start" | "end">[]): Span[][] {
  const week: Span[][] = WEEK.map(() => []);
  for (const { days, start, end } of ranges) {
    const [from, to] = [minutes(start), minutes(end)];
    if (from === null || to === null || from === to) continue;
    for (const day of days) {
      week[day - 1]?.push({ from, to: to > from ? to : DAY_MINUTES });
      if (to < from && to > 0) week[day % WEEK.length]?.push({ from: 0, to });
    }
  }
  return week.map(merged);
}

function merged(spans: Span[]): Span[] {
  const result: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last && span.from <= last.to)
      result[result.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
    else result.push(span);
  }
  return result;
}

/** `07:30`; the end of the day is `24:00`. */
export function clock(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, "0")).join(":");
}

/** Where it lies in its day, as shares of it. */
export function placed({ from, to }: Span): { left: string; width: string } {
  const percent = (minute: number) => `${(minute / DAY_MINUTES) * 100}%`;
  return { left: percent(from), width: percent(to - from) };
}

function minutes(time: string): number | null {
  const [hour, minute] = time.split(":").map(Number);
  const whole = (hour ?? Number.NaN) * 60 + (minute ?? Number.NaN);
  return Number.isNaN(whole) ? null : whole;
}

function short(time: string): string {
  return time.endsWith(":00") && time.length === 8 ? time.slice(0, 5) : time;
}

function long(time: string): string {
  return time.length === 5 ? `${time}:00` : time;
}
