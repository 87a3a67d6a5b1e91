// Live events applied to lists of items. Pure: a page in, a page out, the same object when nothing changed.
import { type ItemFilter, matches } from "@/lib/api/filter";
import type { Item, Page, RoomEvent } from "@/lib/api/types";

/** As TanStack Query keeps an infinite list. */
export interface Pages<T> {
  pages: Page<T>[];
  pageParams: unknown[];
}

/** More items than this are not kept; the rest is refetched when asked for. */
export const KEPT_ITEMS = 1_500;

/** Last said first, as the API lists them. */
export function newestFirst(a: Item, b: Item): number {
  return Date.parse(b.timestamp) - Date.parse(a.timestamp) || (a.id < b.id ? 1 : -1);
}

/** An item with an update on it, unless it is at that version already. */
export function updated(item: Item, updates: Partial<Item>, version: number): Item {
  if (version <= item.version) return item;
  return { ...item, ...updates, raw_data: updates.raw_data ?? item.raw_data, version };
}

/** The item as `event` leaves it; the same object when the event does not concern it. */
export function patchItem(item: Item, event: RoomEvent): Item {
  switch (event.type) {
    case "new_item":
      return event.data.id === item.id ? updated(item, event.data, event.data.version) : item;
    case "item_update":
      return event.item_id === item.id ? updated(item, event.updates, event.version) : item;
    case "incident_update": {
      const joined = event.data.joined.find((found) => found.id === item.id);
      return joined ? updated(item, { incident_id: event.data.incident.id }, joined.version) : item;
    }
    default:
      return item;
  }
}

/** Which ids an event touches, so that lists without them are left alone. */
function touched(event: RoomEvent): string[] {
  if (event.type === "new_item") return [event.data.id];
  if (event.type === "item_update") return [event.item_id];
  if (event.type === "incident_update") return event.data.joined.map((joined) => joined.id);
  return [];
}

export function patchItemPages(data: Pages<Item>, filter: ItemFilter, events: RoomEvent[]): Pages<Item> {
  const first = data.pages[0];
  if (!first) return data;
  const byId = new Map<string, RoomEvent[]>();
  const fresh = new Map<string, Item>();
  for (const event of events) {
    for (const id of touched(event)) byId.set(id, [...(byId.get(id) ?? []), event]);
    if (event.type === "new_item" && matches(filter, event.data)) fresh.set(event.data.id, event.data);
  }
  if (byId.size === 0) return data;
  let changed = false;
  const pages = data.pages.map((page) => {
    let pageChanged = false;
    const items = page.items.map((item) => {
      fresh.delete(item.id);
      const next = (byId.get(item.id) ?? []).reduce(patchItem, item);
      pageChanged ||= next !== item;
      return next;
    });
    changed ||= pageChanged;
    return pageChanged ? { ...page, items } : page;
  });
  if (fresh.size === 0) return changed ? { ...data, pages } : data;
  const arrived = [...fresh.values()].map((item) => (byId.get(item.id) ?? []).reduce(patchItem, item));
  return inserted({ ...data, pages }, arrived);
}

function inserted(data: Pages<Item>, arrived: Item[]): Pages<Item> {
  const [first, ...rest] = data.pages;
  if (!first) return data;
  const items = [...arrived, ...first.items].sort(newestFirst);
  const kept = items.length + rest.reduce((sum, page) => sum + page.items.length, 0);
  const head: Page<Item> = { ...first, items, total: first.total + arrived.length };
  if (kept <= KEPT_ITEMS) return { ...data, pages: [head, ...rest] };
  // Too much: keep the newest only. Without a cursor the list ends there and offers a reload.
  return {
    pages: [{ ...head, items: items.slice(0, KEPT_ITEMS / 2), next: null }],
    pageParams: data.pageParams.slice(0, 1),
  };
}
