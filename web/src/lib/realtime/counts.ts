// New items added to counts: totals, facets and map cells. The counts are refetched now and then, which mends drift.
import { type ItemFilter, matches } from "@/lib/api/filter";
import type { Facets, Grid, GridCell, Item } from "@/lib/api/types";
import { cellKey } from "@/lib/grid";
import { worst } from "@/lib/severity";

/** How many of the items the filter surely wants. */
export function countMatching(filter: ItemFilter, items: Item[]): number {
  return items.reduce((sum, item) => sum + (matches(filter, item) ? 1 : 0), 0);
}

export function patchFacets(facets: Facets, filter: ItemFilter, items: Item[]): Facets {
  const wanted = items.filter((item) => matches(filter, item));
  if (wanted.length === 0) return facets;
  const next: Facets = { ...facets };
  const add = (name: keyof Facets, value: string | undefined) => {
    if (value === undefined) return;
    const counts = next[name] ?? {};
    next[name] = { ...counts, [value]: (counts[value] ?? 0) + 1 };
  };
  for (const item of wanted) {
    add("source", item.source);
    add("hazard", item.hazard.type);
    add("severity", item.severity);
    add("status", item.status);
    add("country", item.location?.country);
  }
  return next;
}

export function patchGrid(grid: Grid, filter: ItemFilter, items: Item[]): Grid {
  const wanted = items.filter((item) => matches(filter, item));
  if (wanted.length === 0) return grid;
  const cells = new Map<string, GridCell>(grid.cells.map((cell) => [cellKey(cell.lat, cell.lon), cell]));
  let located = 0;
  for (const item of wanted) {
    if (!item.location) continue;
    located += 1;
    const key = cellKey(item.location.lat, item.location.lon);
    cells.set(key, cellWith(cells.get(key), item, item.location));
  }
  return { cells: [...cells.values()], total: grid.total + wanted.length, located: grid.located + located };
}

function cellWith(
  cell: GridCell | undefined,
  item: Item,
  { lat, lon }: { lat: number; lon: number },
): GridCell {
  if (!cell) return { lat, lon, count: 1, severity: item.severity, hazard: item.hazard.type };
  return { ...cell, count: cell.count + 1, severity: worst(cell.severity, item.severity) };
}
