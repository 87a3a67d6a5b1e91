import type { Page } from "@/lib/api/types";

/** A list with `thing` in it: in place of an older one, else on top. The same object if it is no news. */
export function upsert<T extends { id: string }, P extends Page<T>>(
  page: P,
  thing: T,
  newer: (old: T) => boolean,
): P {
  const at = page.items.findIndex((old) => old.id === thing.id);
  const old = page.items[at];
  if (!old) return { ...page, items: [thing, ...page.items], total: page.total + 1 };
  if (!newer(old)) return page;
  return { ...page, items: page.items.with(at, thing) };
}

/** A list without the thing, if it was in it. */
export function removed<T extends { id: string }, P extends Page<T>>(page: P, id: string): P {
  const items = page.items.filter((old) => old.id !== id);
  return items.length === page.items.length ? page : { ...page, items, total: Math.max(0, page.total - 1) };
}
