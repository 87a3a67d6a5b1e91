import { useSyncExternalStore } from "react";

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** How long ago, in one short unit: `now`, `40s`, `12m`, `5h`, `3d`, `2y`. */
export function age(timestamp: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(timestamp)) / 1000));
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 10) return "now";
  if (seconds < MINUTE) return `${seconds}s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)}m`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)}h`;
  if (seconds < 365 * DAY) return `${Math.floor(seconds / DAY)}d`;
  return `${Math.floor(seconds / (365 * DAY))}y`;
}

/** A length of time in one unit: `0 s`, `0.4 s`, `12 s`, `3 min`, `5 h`, `7 d`. */
export function duration(seconds: number): string {
  if (seconds === 0) return "0 s";
  if (seconds < 10) return `${seconds < 0.1 ? "0.1" : seconds.toFixed(1).replace(/\.0$/, "")} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** Date and time in the person's zone. */
export function dateTime(timestamp: string): string {
  const date = new Date(timestamp);
  return Number.isNaN(date.getTime()) ? "–" : full.format(date);
}

export function timeOfDay(ms: number): string {
  return clock.format(ms);
}

/** Ages on the page change together, this often. */
const TICK_MS = 10_000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) {
    timer = setInterval(() => {
      now = Date.now();
      for (const each of listeners) each();
    }, TICK_MS);
  }
  now = Math.max(now, Date.now());
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) clearInterval(timer);
  };
}

/** The time now in milliseconds, moving on every ten seconds. */
export function useNow(): number {
  return useSyncExternalStore(
    subscribe,
    () => now,
    () => now,
  );
}
