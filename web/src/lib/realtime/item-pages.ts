// The shape of an infinite list of items, and putting its rows in order.
import type { Item, Page } from "@/lib/api/types";

/** Where an item stands in the list. */
export type Place = Pick<Item, "id" | "timestamp">;

export interface ItemPage extends Page<Item> {
  /** The journal's mark when the page was asked for: later events may be missing from it. */
  asOf?: number;
  /** Where the list was cut when this page came: what lies beyond is brought by later pages only. */
  end?: Place;
}

/** As TanStack Query keeps an infinite list. */
export interface Pages {
  pages: ItemPage[];
  pageParams: unknown[];
}

/** More items than this are not kept; the rest is refetched when asked for. */
export const KEPT_ITEMS = 1_500;

/** Last said first, as the API lists them: by microsecond, then by id. */
export function newestFirst(a: Place, b: Place): number {
  const byTime = Date.parse(b.timestamp) - Date.parse(a.timestamp);
  if (byTime !== 0 || a.id === b.id) return byTime;
  const fractionA = fraction(a.timestamp);
  const fractionB = fraction(b.timestamp);
  if (fractionA !== fractionB) return fractionA < fractionB ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}

function fraction(timestamp: string): string {
  return (/\.(\d+)/.exec(timestamp)?.[1] ?? "").padEnd(9, "0");
}

/** Every row once, at its newest version, in the order of the pages. */
export function flattened({ pages }: Pages): Item[] {
  const rows = new Map<string, Item>();
  for (const page of pages)
    for (const item of page.items) {
      const known = rows.get(item.id);
      if (!known || item.version > known.version) rows.set(item.id, item);
    }
  return [...rows.values()];
}

/** `data` with these rows, in this order; rows stay on their page as far as the order allows. */
export function regrouped(data: Pages, rows: Item[], total: number): Pages {
  const [first] = data.pages;
  if (!first) return data;
  if (rows.length > KEPT_ITEMS) return cut(data, first, rows, total);
  const home = new Map<string, number>();
  data.pages.forEach((page, index) => {
    for (const item of page.items) home.set(item.id + item.timestamp, index);
  });
  const items: Item[][] = data.pages.map(() => []);
  let at = 0;
  for (const row of rows) {
    at = Math.max(at, home.get(row.id + row.timestamp) ?? at);
    items[at]?.push(row);
  }
  const pages = data.pages.map((page, index) => ({ ...page, items: items[index] ?? [] }));
  return { ...data, pages: pages.map((page, index) => (index === 0 ? { ...page, total } : page)) };
}

/** Too much: keeps the newest only. Without a cursor the list ends there and offers a reload. */
function cut(data: Pages, first: ItemPage, rows: Item[], total: number): Pages {
  const items = rows.slice(0, KEPT_ITEMS / 2);
  return {
    pages: [{ ...first, items, total, next: null, end: placeOf(items.at(-1)) }],
    pageParams: data.pageParams.slice(0, 1),
  };
}

export function placeOf(item: Item | undefined): Place | undefined {
  return item && { id: item.id, timestamp: item.timestamp };
}
