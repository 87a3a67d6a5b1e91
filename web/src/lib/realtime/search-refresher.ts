import type { QueryClient } from "@tanstack/react-query";
import type { ItemFilter } from "@/lib/api/filter";
import { keys } from "@/lib/api/keys";

const REFRESH_EVERY_MS = 5_000;

/** Only the server can tell whether a new item matches a search text: such answers are fetched again, not too often. */
export function searchRefresher(cache: QueryClient): { refresh: () => void; stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const run = () => {
    timer = undefined;
    void cache.invalidateQueries({
      queryKey: keys.items,
      predicate: ({ queryKey }) => (queryKey[2] as ItemFilter | undefined)?.q !== undefined,
    });
  };
  return {
    refresh: () => {
      timer ??= setTimeout(run, REFRESH_EVERY_MS);
    },
    stop: () => clearTimeout(timer),
  };
}
