import { describe, expect, it } from "vitest";
import { countChange, patchFacets, patchGrid } from "./counts";
import { item } from "./fixtures";

const sure = () => undefined;
const place = { name: "Rome", lat: 41.9, lon: 12.5, precision: "city" as const, confidence: 1, why: [] };
const here = item("a", { severity: "critical", location: place });
const cell = { lat: 40.2, lon: 13.9, count: 2, severity: "low", hazard: "flood" } as const;

describe("counts", () => {
  it("rise with the new items that match", () => {
    const arrived = [{ next: here }, { next: item("b") }];
    expect(countChange({ severity: ["critical"] }, arrived)).toBe(1);
    const facets = patchFacets({ source: { usgs: 1 } }, {}, [{ next: here }]);
    expect(facets).toMatchObject({ source: { usgs: 2 }, severity: { critical: 1 } });
    const same = {};
    expect(patchFacets(same, { source: ["bbc"] }, [{ next: here }])).toBe(same);
  });

  it("follow an item from what it was to what it is", () => {
    const change = { old: item("a"), next: item("a", { status: "verified", version: 2 }) };
    expect(countChange({}, [change])).toBe(0);
    expect(countChange({ status: ["new"] }, [change])).toBe(-1);
    expect(countChange({ status: ["verified"] }, [change])).toBe(1);
    const facets = { source: { usgs: 4 }, status: { new: 4 } };
    expect(patchFacets(facets, {}, [change])).toEqual({
      source: { usgs: 4 },
      status: { new: 3, verified: 1 },
    });
    expect(patchFacets(facets, { status: ["new"] }, [change])).toMatchObject({ source: { usgs: 3 } });
  });

  it("put an item into its map cell and keep the worst severity", () => {
    const arrived = [{ next: here }, { next: item("b") }];
    const grid = patchGrid({ cells: [cell], total: 3, located: 2 }, {}, arrived, sure);
    expect(grid).toEqual({ cells: [{ ...cell, count: 3, severity: "critical" }], total: 5, located: 3 });
  });

  it("move an item between map cells, and say when a cell's severity is not known any more", () => {
    let lost = 0;
    const unsure = () => {
      lost += 1;
    };
    const full = { cells: [{ ...cell, severity: "critical" as const }], total: 2, located: 2 };
    const there = { ...here, location: { ...place, lat: -10, lon: -60 }, version: 2 };
    const moved = patchGrid(full, {}, [{ old: here, next: there }], unsure);
    expect(moved.cells.map(({ count }) => count)).toEqual([1, 1]);
    expect(moved).toMatchObject({ total: 2, located: 2 });
    expect(lost).toBe(1);
    expect(patchGrid(moved, {}, [{ old: there, next: { ...there, status: "triaged" } }], unsure)).toBe(moved);
    expect(lost).toBe(1);
  });
});
