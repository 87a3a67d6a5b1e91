"use client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { isNamed, type Person, peopleQuery } from "./api/people";
import { useSettled } from "./use-settled";

/** They are asked for when nobody has typed for so long. */
const SETTLE_MS = 150;

export interface Found {
  people: Person[];
  /** Whether these are all: the server has answered for just these letters. */
  isSure: boolean;
  error: Error | null;
}

/** Colleagues by the letters that are typed; null while nobody is looked for. */
export function usePeopleNamed(letters: string | null): Found {
  const wanted = letters?.trim() ?? null;
  const settled = useSettled(wanted, SETTLE_MS);
  const { data, isSuccess, isPlaceholderData, error } = useQuery({
    ...peopleQuery(settled ?? ""),
    enabled: wanted !== null && settled !== null,
    placeholderData: keepPreviousData,
  });
  if (wanted === null) return { people: [], isSure: false, error: null };
  return {
    // What was found for fewer letters must not be chosen by mistake.
    people: (data ?? []).filter(({ name }) => isNamed(name, wanted)),
    isSure: isSuccess && !isPlaceholderData && settled === wanted,
    error,
  };
}
