import { api } from "@/lib/api/http";
import type { BulkAnswer, LetterConditions, Outcome } from "@/lib/api/log-types";

export interface BulkRequest {
  action: "replay" | "discard";
  filter: LetterConditions;
  parkedToo: boolean;
  ratePerS: number;
  /** For discarding. */
  reason: string;
}

export type Counts = Partial<Record<Outcome, number>>;

export interface Progress {
  counts: Counts;
  done: number;
  remaining: number;
}

/** Letters in one call: it answers often enough to show how far it is. */
const LETTERS = 100;

/** What would be done, of the oldest 500 letters. */
export const dryRun = (request: BulkRequest) => call(request, { dry_run: true, limit: 500 });

/** Calls again and again until nothing is left or `signal` says stop; each letter is decided about at most once. */
export async function runBulk(
  request: BulkRequest,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Progress> {
  let progress: Progress = { counts: {}, done: 0, remaining: 0 };
  let after: number | null = null;
  let filter = request.filter;
  while (!signal.aborted) {
    const answer: BulkAnswer = await call({ ...request, filter }, { limit: LETTERS, after });
    progress = {
      counts: added(progress.counts, answer.counts),
      done: progress.done + answer.outcomes.length,
      remaining: answer.remaining,
    };
    onProgress(progress);
    if (answer.remaining === 0 || answer.outcomes.length === 0) break;
    after = answer.next;
    // Those that die again meanwhile are left alone.
    filter = { ...filter, until: answer.until };
  }
  return progress;
}

function call(request: BulkRequest, more: Record<string, unknown>): Promise<BulkAnswer> {
  const body = {
    filter: request.filter,
    parked_too: request.parkedToo,
    rate_per_s: request.ratePerS,
    ...(request.action === "discard" ? { reason: request.reason } : {}),
    ...more,
  };
  return api<BulkAnswer>(`/api/dlq/${request.action}`, { method: "POST", body });
}

function added(counts: Counts, more: Counts): Counts {
  const sum = { ...counts };
  for (const [outcome, count] of Object.entries(more) as [Outcome, number][]) {
    sum[outcome] = (sum[outcome] ?? 0) + count;
  }
  return sum;
}
