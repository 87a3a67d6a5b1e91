import { QueryClient } from "@tanstack/react-query";
import { beforeEach, describe, expect, it } from "vitest";
import type { ItemFilter } from "@/lib/api/filter";
import { keys } from "@/lib/api/keys";
import type { RoomEvent } from "@/lib/api/types";
import { changed, created, idsOf, item, joined, pages, whole } from "./fixtures";
import type { Pages } from "./item-pages";
import { patchCache } from "./patch";

const UNSEEN: ItemFilter = { status: ["new"] };
let cache: QueryClient;
const count = (filter: ItemFilter) => cache.getQueryData<number>(keys.itemCount("all", filter));
const list = (filter: ItemFilter) => idsOf(cache.getQueryData<Pages>(keys.itemList(filter)));

beforeEach(() => {
  cache = new QueryClient();
  cache.setQueryData(keys.itemCount("all", {}), 7);
  cache.setQueryData(keys.itemCount("all", UNSEEN), 5);
  cache.setQueryData(keys.itemFacets({}), { status: { new: 5, verified: 2 } });
  cache.setQueryData(keys.itemList({}), pages([item("a")]));
  cache.setQueryData(keys.itemList(UNSEEN), pages([item("a")]));
});

describe("the query cache", () => {
  it("follows a known item out of and into lists and counts, once for all rooms", () => {
    const out = changed("a", { status: "verified" }, 2);
    const unsure = patchCache(cache, [out, { ...out, room: "item:a" }], 0);
    expect([list({}), list(UNSEEN)]).toEqual([["a"], []]);
    expect([count({}), count(UNSEEN)]).toEqual([7, 4]);
    expect(cache.getQueryData(keys.itemFacets({}))).toEqual({ status: { new: 4, verified: 3 } });
    expect(unsure.counts).toBe(false);
    patchCache(cache, [changed("a", { status: "new" }, 3)], 0);
    expect(list(UNSEEN)).toEqual(["a"]);
    expect(count(UNSEEN)).toBe(5);
  });

  it("says that counts are unsure when it is not known what an item was", () => {
    const unsure = patchCache(cache, [whole(item("x", { version: 4 }))], 0);
    expect(unsure.counts).toBe(true);
    expect(count({})).toBe(7);
  });

  it("does not take a list that may have missed something for what was counted", async () => {
    await cache.invalidateQueries({ queryKey: keys.items, refetchType: "none" });
    expect(patchCache(cache, [changed("a", { status: "verified" }, 2)], 0).counts).toBe(true);
  });

  it("counts a new item as what it has become within the batch", () => {
    const unsure = patchCache(cache, [created(item("b")), changed("b", { status: "verified" }, 2)], 0);
    expect([count({}), count(UNSEEN)]).toEqual([8, 5]);
    expect(unsure.counts).toBe(false);
  });

  it("names the incident that an unknown item joined", () => {
    expect([...patchCache(cache, [joined("i1", "x", 2)], 0).incidents]).toEqual(["i1"]);
    expect(patchCache(cache, [joined("i1", "a", 2)], 0).incidents.size).toBe(0);
  });

  it("asks again whether an exercise goes on once one is started or ended", () => {
    cache.setQueryData(keys.about, { exercise: false });
    const told = { ...changed("a", {}, 2), type: "exercise_update" } as unknown as RoomEvent;
    patchCache(cache, [told], 0);
    expect(cache.getQueryState(keys.about)?.isInvalidated).toBe(true);
  });
});
