import { queryOptions } from "@tanstack/react-query";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import type { FieldProblems } from "@/lib/api/problem";
import type { Handover, OnCall, Schedule } from "@/lib/api/rule-types";
import { instantOf, localOf } from "@/lib/local-time";
import { zoneHere } from "@/lib/zones";
import { dayNames } from "@/messages/notify";
import { rules } from "@/messages/rules";
import { schedules } from "./groups";

const HANDOVER = { day: 1, hour: 9 };

export interface OverrideDraft {
  /** Tells those of one list apart. */
  key: number;
  user: string;
  /** As date fields have them. */
  from: string;
  until: string;
}

export interface ScheduleDraft {
  name: string;
  zone: string;
  members: string[];
  every: Handover["every"];
  day: number;
  hour: number;
  starts_on: string;
  overrides: OverrideDraft[];
  read?: Schedule;
}

export function scheduleDraftOf(it?: Schedule): ScheduleDraft {
  const { every, day, hour } = { ...HANDOVER, every: "week" as const, ...it?.handover };
  return {
    name: it?.name ?? "",
    zone: it?.zone ?? zoneHere(),
    members: it?.members ?? [],
    every,
    day,
    hour,
    starts_on: it?.starts_on ?? localOf(Date.now()).slice(0, 10),
    overrides: (it?.overrides ?? []).map(({ user, from, until }, key) => ({
      key,
      user,
      from: localOf(from),
      until: localOf(until),
    })),
    read: it,
  };
}

export function scheduleOf(draft: ScheduleDraft): Schedule {
  const { name, zone, members, every, day, hour, starts_on, overrides, read } = draft;
  return {
    name: name.trim(),
    zone,
    members,
    handover: every === "day" ? { every, hour } : { every, day, hour },
    starts_on,
    overrides: overrides.map(({ key, user, from, until }) => ({
      user,
      from: instantOf(from, read?.overrides[key]?.from),
      until: instantOf(until, read?.overrides[key]?.until),
    })),
  };
}

export function scheduleProblems({ name, members, starts_on, overrides }: ScheduleDraft): FieldProblems {
  const problems: Record<string, string> = { ...groupProblems({ name, members }) };
  if (!starts_on) problems.starts_on = rules.noDay;
  for (const [at, { user, from, until }] of overrides.entries()) {
    if (!user) problems[`overrides.${at}`] = rules.noWho;
    else if (!from || !until) problems[`overrides.${at}`] = rules.noTime;
    else if (until <= from) problems[`overrides.${at}`] = rules.endsBefore;
  }
  return problems;
}

/** Of a name and the people below it. */
export function groupProblems({ name, members }: { name: string; members: string[] }): FieldProblems {
  return {
    ...nameProblem(name),
    ...(members.length === 0 && { members: rules.wantsPeople }),
  };
}

export const nameProblem = (name: string): FieldProblems =>
  name.trim() === "" ? { name: rules.noName } : {};

export const clockOf = (hour: number) => `${String(hour).padStart(2, "0")}:00`;

export function handoverInWords(handover: Handover): string {
  const time = clockOf(handover.hour);
  if (handover.every === "day") return rules.daily(time);
  return rules.weekly(dayNames[handover.day - 1] ?? "", time);
}

const REFRESH_MS = 60_000;

/** Who of a schedule is on call now. */
export const onCallQuery = (id: string, version: number) =>
  queryOptions({
    queryKey: [...keys.onCall(id), version],
    queryFn: ({ signal }) => api<OnCall>(`${schedules.path}/${encodeURIComponent(id)}/now`, { signal }),
    refetchInterval: REFRESH_MS,
  });
