import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { filterQuery, type ItemFilter } from "@/lib/api/filter";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import type { Facets, Grid, Item, Page } from "@/lib/api/types";
import { CELL_DEGREES } from "@/lib/grid";
import { markedPage } from "@/lib/realtime/catch-up";
import type { ItemPage } from "@/lib/realtime/item-pages";

const PAGE_SIZE = 100;
/** Counts are patched live; asking again now and then mends what live patching cannot know. */
const RECOUNT_MS = 30_000;
const HOUR_MS = 3_600_000;

export const itemListQuery = (filter: ItemFilter) =>
  infiniteQueryOptions({
    queryKey: keys.itemList(filter),
    initialPageParam: null as string | null,
    getNextPageParam: (page: ItemPage) => page.next,
    queryFn: ({ pageParam, signal }) => {
      const path = `/api/items${filterQuery(filter, { limit: PAGE_SIZE, cursor: pageParam ?? undefined })}`;
      return markedPage(() => api<Page<Item>>(path, { signal }));
    },
  });

export const facetsQuery = (filter: ItemFilter) =>
  queryOptions({
    queryKey: keys.itemFacets(filter),
    queryFn: ({ signal }) => api<Facets>(`/api/items/facets${filterQuery(filter)}`, { signal }),
    refetchInterval: RECOUNT_MS,
  });

export const gridQuery = (filter: ItemFilter) =>
  queryOptions({
    queryKey: keys.itemGrid(filter),
    queryFn: ({ signal }) =>
      api<Grid>(`/api/items/grid${filterQuery(filter, { cell: CELL_DEGREES })}`, { signal }),
    refetchInterval: RECOUNT_MS,
  });

/** How many items match; `withinHour` asks only for those said in the last hour. */
export const countQuery = (name: string, filter: ItemFilter, withinHour = false) =>
  queryOptions({
    queryKey: keys.itemCount(name, filter),
    queryFn: async ({ signal }) => {
      const since = withinHour ? new Date(Date.now() - HOUR_MS).toISOString() : undefined;
      const page = await api<Page<Item>>(`/api/items${filterQuery(filter, { limit: 1, since })}`, { signal });
      return page.total;
    },
    refetchInterval: RECOUNT_MS,
  });
