import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { keys } from "@/lib/api/keys";
import { REFRESH_EVERY_MS, refresher } from "./refresher";

const ALL = [
  keys.itemList({}),
  keys.itemList({ q: "word" }),
  keys.itemList({ incident: "i1" }),
  keys.itemCount("all", {}),
  keys.itemFacets({}),
  keys.item("a"),
];
let cache: QueryClient;
const stale = () =>
  ALL.filter((key) => cache.getQueryState(key)?.isInvalidated).map((key) => JSON.stringify(key.slice(1, 3)));

beforeEach(() => {
  vi.useFakeTimers();
  cache = new QueryClient();
  for (const key of ALL) cache.setQueryData<unknown>(key, 1);
});
afterEach(() => {
  vi.useRealTimers();
});

it("asks again, after a while and together, for what is unsure and for searches", async () => {
  const { note } = refresher(cache);
  note({ counts: false, incidents: new Set() });
  note({ counts: true, incidents: new Set(["i1"]) });
  await vi.advanceTimersByTimeAsync(REFRESH_EVERY_MS - 1);
  expect(stale()).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(stale()).toEqual([
    '["list",{"q":"word"}]',
    '["list",{"incident":"i1"}]',
    '["count",{}]',
    '["facets",{}]',
  ]);
});

it("leaves counts that are sure alone", async () => {
  refresher(cache).note({ counts: false, incidents: new Set() });
  await vi.advanceTimersByTimeAsync(REFRESH_EVERY_MS);
  expect(stale()).toEqual(['["list",{"q":"word"}]']);
});
