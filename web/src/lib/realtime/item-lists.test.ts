import { describe, expect, it } from "vitest";
import type { Item, RoomEvent } from "@/lib/api/types";
import { countMatching, patchFacets, patchGrid } from "./counts";
import { KEPT_ITEMS, type Pages, patchItem, patchItemPages } from "./item-lists";

const base = { room: "global", position: "p", at: "2026-01-01T00:00:00Z" };
const item = (id: string, more: Partial<Item> = {}): Item => ({
  id,
  source: "usgs",
  source_id: id,
  source_kind: "official",
  text: `text ${id}`,
  timestamp: "2026-01-01T00:00:00Z",
  ingested_at: "2026-01-01T00:00:00Z",
  language: { code: "en", confidence: 1 },
  hazard: { type: "flood", confidence: 1, why: [] },
  entities: [],
  topics: [],
  severity: "low",
  risk_score: 0.2,
  risk_parts: [],
  risk_level: "low",
  claim_ids: [],
  status: "new",
  tags: [],
  revision: 1,
  version: 1,
  ...more,
});
const pages = (items: Item[]): Pages<Item> => ({
  pages: [{ items, total: items.length, next: "c" }],
  pageParams: [null],
});
const created = (data: Item): RoomEvent => ({ ...base, type: "new_item", data });
const changed = (id: string, updates: Partial<Item>, version: number): RoomEvent => ({
  ...base,
  type: "item_update",
  item_id: id,
  updates,
  version,
});
const ids = (data: Pages<Item>) => data.pages.flatMap((page) => page.items.map((each) => each.id));

describe("a list of items", () => {
  it("takes a new item in at its time, once, and counts it", () => {
    const old = pages([item("b", { timestamp: "2026-01-01T00:00:02Z" }), item("a")]);
    const event = created(item("c", { timestamp: "2026-01-01T00:00:01Z" }));
    const next = patchItemPages(patchItemPages(old, {}, [event]), {}, [event]);
    expect(ids(next)).toEqual(["b", "c", "a"]);
    expect(next.pages[0]?.total).toBe(3);
  });

  it("leaves out what the filter does not want, and what only the server can judge", () => {
    const old = pages([item("a")]);
    expect(patchItemPages(old, { severity: ["high"] }, [created(item("b"))])).toBe(old);
    expect(patchItemPages(old, { q: "word" }, [created(item("b"))])).toBe(old);
  });

  it("applies an update that comes with its item in one batch", () => {
    const next = patchItemPages(pages([]), {}, [created(item("a")), changed("a", { status: "verified" }, 2)]);
    expect(next.pages[0]?.items[0]).toMatchObject({ status: "verified", version: 2 });
  });

  it("never goes back to an older version", () => {
    const now = item("a", { version: 5, status: "verified" });
    expect(patchItem(now, changed("a", { status: "new" }, 4))).toBe(now);
    expect(patchItem(now, changed("a", { status: "triaged" }, 6)).status).toBe("triaged");
  });

  it("notes the incident that an item joined", () => {
    const incident = { id: "i1" } as never;
    const event: RoomEvent = {
      ...base,
      type: "incident_update",
      data: { incident, joined: [{ id: "a", version: 2 }] },
    };
    expect(patchItem(item("a"), event)).toMatchObject({ incident_id: "i1", version: 2 });
  });

  it("stays within its bound", () => {
    const many = Array.from({ length: KEPT_ITEMS }, (_, n) => item(`x${n}`));
    const next = patchItemPages(pages(many), {}, [
      created(item("new", { timestamp: "2026-02-01T00:00:00Z" })),
    ]);
    expect(next.pages).toHaveLength(1);
    expect(next.pages[0]?.items.length).toBeLessThan(KEPT_ITEMS);
    expect(ids(next)[0]).toBe("new");
  });
});

describe("counts", () => {
  const place = { name: "Rome", lat: 41.9, lon: 12.5, precision: "city", confidence: 1, why: [] } as const;
  const here = item("a", { severity: "critical", location: { ...place, why: [] } });

  it("rise with the items that match", () => {
    expect(countMatching({ severity: ["critical"] }, [here, item("b")])).toBe(1);
    const facets = patchFacets({ source: { usgs: 1 } }, {}, [here]);
    expect(facets).toMatchObject({ source: { usgs: 2 }, severity: { critical: 1 } });
    const same = {};
    expect(patchFacets(same, { source: ["bbc"] }, [here])).toBe(same);
  });

  it("put an item into its map cell and keep the worst severity", () => {
    const cell = { lat: 40.2, lon: 13.9, count: 2, severity: "low", hazard: "flood" } as const;
    const grid = patchGrid({ cells: [cell], total: 3, located: 2 }, {}, [here, item("b")]);
    expect(grid).toEqual({ cells: [{ ...cell, count: 3, severity: "critical" }], total: 5, located: 3 });
  });
});
