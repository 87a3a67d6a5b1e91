import type { QueryClient } from "@tanstack/react-query";
import type { ItemFilter } from "@/lib/api/filter";
import { keys } from "@/lib/api/keys";
import type { Unsure } from "./changes";

export const REFRESH_EVERY_MS = 5_000;

export interface Refresher {
  /** Something changed; what is unsure is fetched again, together with what else comes soon. */
  note: (unsure: Unsure) => void;
  stop: () => void;
}

/**
 * Fetches again, not too often, what only the server can tell: answers to search words, counts of items that changed
 * from something unknown, and incidents joined by items unknown.
 */
export function refresher(cache: QueryClient): Refresher {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let counts = false;
  let incidents = new Set<string>();
  const run = () => {
    const asked = { counts, incidents };
    timer = undefined;
    counts = false;
    incidents = new Set();
    void cache.invalidateQueries({
      queryKey: keys.items,
      predicate: ({ queryKey: [, kind, subject] }) => {
        if (typeof subject !== "object" || subject === null) return false;
        const filter = subject as ItemFilter;
        if (filter.q !== undefined) return true;
        if (filter.incident !== undefined && asked.incidents.has(filter.incident)) return true;
        return asked.counts && kind !== "list";
      },
    });
  };
  return {
    note: (unsure) => {
      counts ||= unsure.counts;
      for (const id of unsure.incidents) incidents.add(id);
      timer ??= setTimeout(run, REFRESH_EVERY_MS);
    },
    stop: () => clearTimeout(timer),
  };
}
