import { afterEach, expect, it, vi } from "vitest";
import { api } from "@/lib/api/http";
import type { BulkAnswer } from "@/lib/api/log-types";
import { type BulkRequest, dryRun, type Progress, runBulk } from "./bulk";

vi.mock("@/lib/api/http", () => ({ api: vi.fn() }));
afterEach(() => vi.mocked(api).mockReset());

const UNTIL = "2026-01-01T00:00:00Z";
const request: BulkRequest = {
  action: "replay",
  filter: { topic: "raw-items" },
  parkedToo: false,
  ratePerS: 50,
  reason: "",
};

function answer(offsets: number[], remaining: number): BulkAnswer {
  const one = (offset: number) => ({
    offset,
    event_id: "e",
    topic: "raw-items",
    outcome: "replayed" as const,
  });
  const next = offsets.at(-1) ?? null;
  return { outcomes: offsets.map(one), counts: { replayed: offsets.length }, remaining, next, until: UNTIL };
}

const bodies = () => vi.mocked(api).mock.calls.map(([, sent]) => sent?.body as Record<string, unknown>);

it("goes on behind the last letter, without those that die meanwhile, until nothing is left", async () => {
  vi.mocked(api)
    .mockResolvedValueOnce(answer([1, 2], 1))
    .mockResolvedValueOnce(answer([5], 0));
  const seen: Progress[] = [];
  const end = await runBulk(request, (progress) => seen.push(progress), new AbortController().signal);
  expect(end).toEqual({ counts: { replayed: 3 }, done: 3, remaining: 0 });
  expect(seen.map(({ done }) => done)).toEqual([2, 3]);
  expect(bodies().map(({ after }) => after)).toEqual([null, 2]);
  expect(bodies().map(({ filter }) => filter)).toEqual([
    { topic: "raw-items" },
    { topic: "raw-items", until: UNTIL },
  ]);
  expect(bodies()[0]).not.toHaveProperty("reason");
});

it("stops when told to, and when a call reaches no letter", async () => {
  const stop = new AbortController();
  vi.mocked(api).mockResolvedValue(answer([1], 9));
  await runBulk(request, () => stop.abort(), stop.signal);
  expect(api).toHaveBeenCalledTimes(1);
  vi.mocked(api).mockResolvedValue(answer([], 9));
  await runBulk(request, () => {}, new AbortController().signal);
  expect(api).toHaveBeenCalledTimes(2);
});

it("changes nothing in a dry run, and gives the reason where it discards", async () => {
  vi.mocked(api).mockResolvedValue(answer([], 0));
  await dryRun({ ...request, action: "discard", reason: "a trial" });
  expect(vi.mocked(api).mock.calls[0]?.[0]).toBe("/api/dlq/discard");
  expect(bodies()[0]).toMatchObject({ dry_run: true, reason: "a trial" });
});
