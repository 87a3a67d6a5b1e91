import { queryOptions } from "@tanstack/react-query";
import { api } from "./http";
import { keys } from "./keys";

/** A colleague. */
export interface Person {
  id: string;
  name: string;
}

/** Most letters that the server looks for. */
export const MAX_LETTERS = 100;

/** Colleagues, a word of whose name begins with `letters`, by name; of many the first. For analysts. */
export const peopleQuery = (letters: string) =>
  queryOptions({
    queryKey: keys.people(letters),
    queryFn: ({ signal }) => api<Person[]>(`/api/people?q=${encodeURIComponent(letters)}`, { signal }),
    staleTime: 60_000,
  });

/** Whether the server would find the name by the letters. */
export const isNamed = (name: string, letters: string) =>
  ` ${name}`.toLowerCase().includes(` ${letters.trim().toLowerCase()}`);
