"use client";
import { useState } from "react";
import type { Item } from "@/lib/api/types";

const FRESH_MS = 4_000;
/** When more than this come within that time, marking each would say nothing. */
const MOST_MARKED = 6;

/** The items that have just come in on top of the list, so that their rows can be marked. */
export function useFresh(items: Item[]): (id: string) => boolean {
  const [seen, setSeen] = useState({
    items,
    ids: new Set(items.map((item) => item.id)),
    since: new Map<string, number>(),
  });
  if (seen.items !== items) {
    const now = Date.now();
    const added = items.filter((item) => !seen.ids.has(item.id));
    const since = new Map([...seen.since].filter(([, at]) => now - at < FRESH_MS));
    if (seen.items.length > 0) for (const item of added) since.set(item.id, now);
    if (since.size > MOST_MARKED) since.clear();
    const ids = added.length > 0 ? new Set(items.map((item) => item.id)) : seen.ids;
    setSeen({ items, ids, since });
  }
  return (id) => seen.since.has(id);
}
