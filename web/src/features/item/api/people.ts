import { queryOptions } from "@tanstack/react-query";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import type { Person } from "./mentions";

/** Colleagues, a word of whose name begins with `letters`. */
export const peopleQuery = (letters: string) =>
  queryOptions({
    queryKey: keys.people(letters),
    queryFn: ({ signal }) => api<Person[]>(`/api/people?q=${encodeURIComponent(letters)}`, { signal }),
    staleTime: 60_000,
  });
