// Lists brought up to date after each fetch. TanStack Query keeps the pages as they were when a fetch began, so what
// live events did to them meanwhile is gone once it resolves: the journal is replayed over all pages.
import type { QueryClient } from "@tanstack/react-query";
import type { ItemFilter } from "@/lib/api/filter";
import type { Item, Page } from "@/lib/api/types";
import { patchItemPages } from "./item-lists";
import { type ItemPage, type Pages, placeOf } from "./item-pages";
import { eventsById } from "./item-patch";
import { type Journal, journal as theJournal } from "./journal";
import { knownItems } from "./known-items";

/** A page with what `replayed` needs to know of its fetching. */
export async function markedPage(fetch: () => Promise<Page<Item>>): Promise<ItemPage> {
  const asOf = theJournal.mark();
  const page = await fetch();
  return { ...page, asOf, end: page.next === null ? undefined : placeOf(page.items.at(-1)) };
}

/** All pages with everything that happened since the oldest was asked for. */
function replayed(cache: QueryClient, data: Pages, filter: ItemFilter, journal: Journal): Pages {
  const [first] = data.pages;
  if (!first) return data;
  const marks = data.pages.map((page) => page.asOf ?? 0);
  const latest = Math.max(...marks);
  const patch = (pages: Pages, from: number, until?: number) => {
    const events = journal.since(from, until);
    return patchItemPages(pages, filter, events, knownItems(cache, new Set(eventsById(events).keys())));
  };
  // The page asked for last has a total that counts all that was before it.
  const before = patch(data, Math.min(...marks), latest);
  return patch(withTotal(before, data.pages[marks.indexOf(latest)]?.total), latest);
}

function withTotal(data: Pages, total: number | undefined): Pages {
  const [first, ...rest] = data.pages;
  if (!first || total === undefined || first.total === total) return data;
  return { ...data, pages: [{ ...first, total }, ...rest] };
}

/** Replays the journal over each list whenever a fetch of it has resolved, until stopped. */
export function keepListsCaughtUp(cache: QueryClient, journal: Journal = theJournal): () => void {
  return cache.getQueryCache().subscribe((event) => {
    if (event.type !== "updated" || event.action.type !== "success" || event.action.manual) return;
    const [subject, kind, filter] = event.query.queryKey;
    const data = event.query.state.data as Pages | undefined;
    if (subject !== "items" || kind !== "list" || !data) return;
    const next = replayed(cache, data, filter as ItemFilter, journal);
    if (next !== data) cache.setQueryData<Pages>(event.query.queryKey, next);
  });
}
