"use client";
import { queryOptions, useQueries, useQuery } from "@tanstack/react-query";
import { api } from "./api/http";
import { keys } from "./api/keys";
import { peopleQuery } from "./api/people";
import { queryString } from "./api/query-string";
import type { Activity, Page } from "./api/types";
import { isAtLeast } from "./role";
import { useMe } from "./use-me";

/** Letters of an account's id that tell people apart. */
const SHORT_ID = 8;

/** What colleagues call a person: the last thing that they did says it. Null for who has done nothing yet. */
const nameQuery = (user: string) =>
  queryOptions({
    queryKey: keys.person(user),
    queryFn: async ({ signal }) => {
      const path = `/api/collaboration/activity${queryString({ user, limit: 1 })}`;
      const page = await api<Page<Activity>>(path, { signal });
      return page.items[0]?.name ?? null;
    },
    staleTime: 10 * 60_000,
  });

/** Names of accounts; the beginning of the id where none is known. */
export function usePeople(ids: readonly string[]): (id: string) => string {
  const me = useMe().data;
  const others = [...new Set(ids)].filter((id) => id !== me?.id);
  // At a small desk these are all, also who has done nothing yet.
  const first = useQuery({
    ...peopleQuery(""),
    enabled: others.length > 0 && isAtLeast(me?.role, "analyst"),
  });
  const names = new Map<string, string | null | undefined>(first.data?.map(({ id, name }) => [id, name]));
  const asked = first.isLoading ? [] : others.filter((id) => !names.has(id));
  const found = useQueries({ queries: asked.map(nameQuery) });
  for (const [at, id] of asked.entries()) names.set(id, found[at]?.data);
  return (id) => (id === me?.id ? me.name : (names.get(id) ?? id.slice(0, SHORT_ID)));
}
