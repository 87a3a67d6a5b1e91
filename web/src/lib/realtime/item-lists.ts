// Live events applied to lists of items. Pure: pages in, pages out, the same object when nothing changed.
import { type ItemFilter, matches } from "@/lib/api/filter";
import type { Item, RoomEvent } from "@/lib/api/types";
import { flattened, newestFirst, type Pages, regrouped } from "./item-pages";
import { broughtBy, eventsById, patchItem } from "./item-patch";

type KnownItems = ReadonlyMap<string, Item>;
const NONE: KnownItems = new Map();

/**
 * What matches now is in the list once and at its place, what no longer matches is out. `known` has items of other
 * answers, for updates that do not bring the whole item. Idempotent but for `total`.
 */
export function patchItemPages(
  data: Pages,
  filter: ItemFilter,
  events: RoomEvent[],
  known: KnownItems = NONE,
): Pages {
  const [first] = data.pages;
  if (!first) return data;
  const byId = eventsById(events);
  const before = flattened(data);
  const doubled = before.length < data.pages.reduce((sum, page) => sum + page.items.length, 0);
  if (byId.size === 0 && !doubled) return data;
  const beyond = beyondEnd(data, filter);
  const kept = retested(before, filter, byId, beyond);
  const came = arriving(filter, byId, known, beyond, new Set(before.map((item) => item.id)));
  if (!doubled && !kept.changed && came.total === 0) return data;
  const rows = [...kept.rows, ...came.rows];
  if (doubled || kept.moved || came.rows.length > 0) inOrder(rows, filter);
  return regrouped(data, rows, Math.max(rows.length, first.total - kept.dropped + came.total));
}

/** Rows found by search words come in the search's order, and only the server can add to them. */
function inOrder(rows: Item[], filter: ItemFilter): void {
  if (filter.q === undefined) rows.sort(newestFirst);
}

/** Whether an item lies where only a later page may bring it. */
function beyondEnd(data: Pages, filter: ItemFilter): (item: Item) => boolean {
  const end = filter.q === undefined ? data.pages.at(-1)?.end : undefined;
  return (item) => end !== undefined && newestFirst(item, end) > 0;
}

/** The rows that were there, with what happened to them. */
function retested(
  rows: Item[],
  filter: ItemFilter,
  byId: Map<string, RoomEvent[]>,
  beyond: (item: Item) => boolean,
) {
  const kept = { rows: [] as Item[], changed: false, moved: false, dropped: 0 };
  for (const item of rows) {
    const next = (byId.get(item.id) ?? []).reduce(patchItem, item);
    const moved = next.timestamp !== item.timestamp;
    kept.changed ||= next !== item;
    kept.moved ||= moved;
    if (next !== item && matches(filter, next) === false) kept.dropped += 1;
    else if (!moved || !beyond(next)) kept.rows.push(next);
  }
  return kept;
}

/** What the events bring into the list; `total` counts also the new items that a later page will bring. */
function arriving(
  filter: ItemFilter,
  byId: Map<string, RoomEvent[]>,
  known: KnownItems,
  beyond: (item: Item) => boolean,
  listed: Set<string>,
) {
  const came = { rows: [] as Item[], total: 0 };
  for (const [id, own] of byId) {
    const base = listed.has(id) ? undefined : (known.get(id) ?? broughtBy(own));
    const item = base && own.reduce(patchItem, base);
    if (!item || !matches(filter, item)) continue;
    const inside = !beyond(item);
    if (inside) came.rows.push(item);
    if (inside || own.some((event) => event.type === "new_item")) came.total += 1;
  }
  return came;
}
