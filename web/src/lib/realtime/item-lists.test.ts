import { describe, expect, it } from "vitest";
import type { Item } from "@/lib/api/types";
import { at, changed, created, idsOf, item, joined, pages, whole } from "./fixtures";
import { patchItemPages } from "./item-lists";
import { flattened, KEPT_ITEMS, newestFirst, type Pages } from "./item-pages";
import { patchItem } from "./item-patch";

/** Pages with more to come, cut at that second. */
const cutAt = (second: number, items: Item[]): Pages => {
  const data = pages(items);
  return { ...data, pages: data.pages.map((page) => ({ ...page, end: { id: "b", timestamp: at(second) } })) };
};

describe("a list of items", () => {
  it("takes a new item in at its time, once, and counts it", () => {
    const old = pages([item("b", { timestamp: "2026-01-01T00:00:02Z" }), item("a")]);
    const event = created(item("c", { timestamp: "2026-01-01T00:00:01Z" }));
    const next = patchItemPages(patchItemPages(old, {}, [event]), {}, [event]);
    expect(idsOf(next)).toEqual(["b", "c", "a"]);
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
    expect(patchItem(item("a"), joined("i1", "a", 2))).toMatchObject({ incident_id: "i1", version: 2 });
  });

  it("stays within its bound", () => {
    const many = Array.from({ length: KEPT_ITEMS }, (_, n) => item(`x${n}`));
    const next = patchItemPages(pages(many), {}, [
      created(item("new", { timestamp: "2026-02-01T00:00:00Z" })),
    ]);
    expect(next.pages).toHaveLength(1);
    expect(next.pages[0]?.items.length).toBeLessThan(KEPT_ITEMS);
    expect(idsOf(next)?.[0]).toBe("new");
  });

  it("takes an item in that an update makes match, at its place, and counts it", () => {
    const old = pages([item("c", { timestamp: at(3) }), item("a", { timestamp: at(1) })]);
    const update = whole(item("b", { timestamp: at(2), version: 2 }));
    const next = patchItemPages(old, { severity: ["low"] }, [update]);
    expect(idsOf(next)).toEqual(["c", "b", "a"]);
    expect(next.pages[0]?.total).toBe(3);
    expect(patchItemPages(old, { severity: ["high"] }, [update])).toBe(old);
  });

  it("lets go of an item that no longer matches, also of one found by words", () => {
    const old = pages([item("b"), item("a")]);
    for (const more of [{}, { q: "text" }]) {
      const next = patchItemPages(old, { status: ["new"], ...more }, [
        changed("b", { status: "verified" }, 2),
      ]);
      expect(idsOf(next)).toEqual(["a"]);
      expect(next.pages[0]?.total).toBe(1);
    }
  });

  it("keeps the order when a revision changes when it was said, but not that of a search", () => {
    const old = pages([item("b", { timestamp: at(3) }), item("a", { timestamp: at(1) })]);
    const later = changed("a", { timestamp: at(9) }, 2);
    expect(idsOf(patchItemPages(old, {}, [later]))).toEqual(["a", "b"]);
    expect(idsOf(patchItemPages(old, { q: "text" }, [later]))).toEqual(["b", "a"]);
  });

  it("takes in an item that joined its incident, known from elsewhere", () => {
    const known = new Map([["a", item("a")]]);
    const next = patchItemPages(pages([]), { incident: "i1" }, [joined("i1", "a", 2)], known);
    expect(next.pages[0]?.items[0]).toMatchObject({ id: "a", incident_id: "i1" });
  });

  it("forgets what a whole update no longer names, but keeps the raw record", () => {
    const location = { name: "Rome", lat: 1, lon: 2, precision: "city" as const, confidence: 1, why: [] };
    const next = patchItem(item("a", { location, raw_data: 7 }), whole(item("a", { version: 2 })));
    expect(next.location).toBeUndefined();
    expect(next.raw_data).toBe(7);
  });

  it("leaves to the next page what is older than the cut, and counts it", () => {
    const old = cutAt(5, [item("c", { timestamp: at(9) }), item("b", { timestamp: at(5) })]);
    const older = created(item("a", { timestamp: at(4) }));
    const next = patchItemPages(old, {}, [older]);
    expect(idsOf(next)).toEqual(["c", "b"]);
    expect(next.pages[0]?.total).toBe(3);
    expect(idsOf(patchItemPages(pages(old.pages[0]?.items ?? []), {}, [older]))).toEqual(["c", "b", "a"]);
  });

  it("still takes in what is older than the last row but not beyond the cut", () => {
    const old = cutAt(5, [item("c", { timestamp: at(9) }), item("b", { timestamp: at(5) })]);
    const without = patchItemPages(old, { status: ["new"] }, [changed("b", { status: "dismissed" }, 2)]);
    expect(idsOf(without)).toEqual(["c"]);
    const next = patchItemPages(without, {}, [created(item("d", { timestamp: at(7) }))]);
    expect(idsOf(next)).toEqual(["c", "d"]);
  });

  it("has each row once, at its newest version", () => {
    const data: Pages = {
      pages: [
        { items: [item("b", { timestamp: at(3) }), item("a")], total: 2, next: "c" },
        { items: [item("a", { version: 2 })], total: 2, next: null },
      ],
      pageParams: [null, "c"],
    };
    expect(flattened(data).map(({ id, version }) => `${id}${version}`)).toEqual(["b1", "a2"]);
    expect(idsOf(patchItemPages(data, {}, []))).toEqual(["b", "a"]);
  });

  it("tells apart what was said within one millisecond, as the API does", () => {
    const [early, late] = [
      { id: "z", timestamp: "2026-01-01T00:00:00.0001Z" },
      { id: "a", timestamp: "2026-01-01T00:00:00.00015Z" },
    ];
    expect([early, late].sort(newestFirst)).toEqual([late, early]);
  });
});
