// Changed items in counts: totals, facets and map cells. The counts are refetched now and then, which mends drift.
import { type ItemFilter, matches } from "@/lib/api/filter";
import type { FacetName, Facets, Grid, GridCell, Item } from "@/lib/api/types";
import { cellKey } from "@/lib/grid";
import { worst } from "@/lib/severity";
import type { Change } from "./changes";

/** The item as counted before and after; absent where the filter surely does not want it, or only the server knows. */
function counted(filter: ItemFilter, { old, next }: Change): { was?: Item; is?: Item } {
  return { was: old && matches(filter, old) ? old : undefined, is: matches(filter, next) ? next : undefined };
}

/** By how many the items that the filter wants become more. */
export function countChange(filter: ItemFilter, changes: Change[]): number {
  return changes.reduce((sum, change) => {
    const { was, is } = counted(filter, change);
    return sum + (is ? 1 : 0) - (was ? 1 : 0);
  }, 0);
}

const FACETS: Record<FacetName, (item: Item) => string | undefined> = {
  source: (item) => item.source,
  hazard: (item) => item.hazard.type,
  severity: (item) => item.severity,
  status: (item) => item.status,
  country: (item) => item.location?.country,
};

export function patchFacets(facets: Facets, filter: ItemFilter, changes: Change[]): Facets {
  let next = facets;
  const add = (name: FacetName, value: string | undefined, by: number) => {
    if (value === undefined) return;
    const counts = next[name] ?? {};
    next = { ...next, [name]: { ...counts, [value]: Math.max(0, (counts[value] ?? 0) + by) } };
  };
  for (const change of changes) {
    const { was, is } = counted(filter, change);
    for (const name of Object.keys(FACETS) as FacetName[]) {
      const from = was && FACETS[name](was);
      const to = is && FACETS[name](is);
      if (from === to) continue;
      add(name, from, -1);
      add(name, to, 1);
    }
  }
  return next;
}

/** `unsure` is called when a cell may have lost its worst item, so that its severity is not known. */
export function patchGrid(grid: Grid, filter: ItemFilter, changes: Change[], unsure: () => void): Grid {
  const cells = new Map<string, GridCell>(grid.cells.map((cell) => [cellKey(cell.lat, cell.lon), cell]));
  let { total, located } = grid;
  let changed = false;
  for (const change of changes) {
    const { was, is } = counted(filter, change);
    if (mark(was) === mark(is) && !was === !is) continue;
    changed = true;
    total += (is ? 1 : 0) - (was ? 1 : 0);
    located += (is?.location ? 1 : 0) - (was?.location ? 1 : 0);
    if (was) takeOut(cells, was, unsure);
    if (is) putIn(cells, is);
  }
  return changed ? { cells: [...cells.values()], total, located } : grid;
}

/** All of an item that its map cell shows. */
function mark(item: Item | undefined): string | undefined {
  return (
    item?.location && `${cellKey(item.location.lat, item.location.lon)} ${item.severity} ${item.hazard.type}`
  );
}

function takeOut(cells: Map<string, GridCell>, { location, severity }: Item, unsure: () => void): void {
  const key = location && cellKey(location.lat, location.lon);
  const cell = key === undefined ? undefined : cells.get(key);
  if (key === undefined || !cell) return;
  if (cell.count <= 1) {
    cells.delete(key);
    return;
  }
  cells.set(key, { ...cell, count: cell.count - 1 });
  if (severity === cell.severity) unsure();
}

function putIn(cells: Map<string, GridCell>, { location, severity, hazard }: Item): void {
  if (!location) return;
  const { lat, lon } = location;
  const key = cellKey(lat, lon);
  const cell = cells.get(key);
  cells.set(
    key,
    cell
      ? { ...cell, count: cell.count + 1, severity: worst(cell.severity, severity) }
      : { lat, lon, count: 1, severity, hazard: hazard.type },
  );
}
