export interface Backoff {
  baseMs: number;
  maxMs: number;
}

/** Exponential back-off with full jitter: anything up to the base, twice the base, four times … the longest. */
export function backoffMs(attempt: number, { baseMs, maxMs }: Backoff, random: () => number): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 16));
  return Math.round(random() * ceiling);
}
