"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import type { Kept, KeptApi } from "./api/kept";
import { ApiError } from "./api/problem";

/** Makes a thing, or replaces the one that is given; says whether somebody else was first, and gets what is there now. */
export function useSaveKept<T extends object>(
  of: KeptApi<T>,
  kept: Kept<T> | undefined,
  onSaved: (saved: Kept<T>) => void,
) {
  const cache = useQueryClient();
  /** Of what is sent now: sent again, it is made once. */
  const once = useRef<string | null>(null);
  const save = useMutation({
    mutationFn: (body: T) => {
      once.current ??= newKey();
      return kept ? of.replace(kept, body) : of.make(body, once.current);
    },
    onSuccess: onSaved,
    onSettled: () => cache.invalidateQueries({ queryKey: of.key }),
  });
  return {
    save,
    /** Changed or deleted since it was read. */
    isConflict: kept !== undefined && isAnswer(save.error, 412, 404),
    /** What is sent next is another thing. */
    changed: () => {
      once.current = null;
    },
    /** The thing as it is now; none where it was deleted. */
    newest: async () => {
      const all = await cache.fetchQuery({ ...of.all(), staleTime: 0 });
      return all.items.find(({ id }) => id === kept?.id);
    },
  };
}

export function isAnswer(error: unknown, ...statuses: number[]): boolean {
  return error instanceof ApiError && statuses.includes(error.status);
}

/** Browsers make UUIDs on secure pages only. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");
}
