import type { Query, QueryClient } from "@tanstack/react-query";
import type { Item } from "@/lib/api/types";
import type { Pages } from "./item-pages";

/**
 * Which of these items the query cache has, as they were counted: where answers differ, the older version, because
 * lists follow events as counts do, while a detail may run ahead by an edit of one's own.
 */
export function knownItems(client: QueryClient, ids: ReadonlySet<string>): Map<string, Item> {
  const known = new Map<string, Item>();
  if (ids.size === 0) return known;
  const current = <T>(kind: string) =>
    client
      .getQueryCache()
      .findAll({ queryKey: ["items", kind], predicate: (query: Query) => !query.state.isInvalidated })
      .flatMap((query) => (query.state.data === undefined ? [] : [query.state.data as T]));
  for (const { pages } of current<Pages>("list"))
    for (const page of pages)
      for (const item of page.items) {
        if (!ids.has(item.id)) continue;
        const other = known.get(item.id);
        if (!other || item.version < other.version) known.set(item.id, item);
      }
  for (const item of current<Item>("detail"))
    if (ids.has(item.id) && !known.has(item.id)) known.set(item.id, item);
  return known;
}
