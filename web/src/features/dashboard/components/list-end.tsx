"use client";
import { useQueryClient } from "@tanstack/react-query";
import { Button } from "@/components/ui/button";
import { keys } from "@/lib/api/keys";
import { en } from "@/messages/en";

interface ListEndProps {
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown };
  shown: number;
  total: number;
}

/** Below the last row: older items, or the word that there are none. */
export function ListEnd({ query, shown, total }: ListEndProps) {
  const cache = useQueryClient();
  if (query.hasNextPage) {
    return (
      <div className="p-3 text-center">
        <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {query.isFetchingNextPage ? en.list.loadingOlder : en.list.older}
        </Button>
      </div>
    );
  }
  if (shown < total) {
    // A burst has pushed older items out of memory.
    return (
      <div className="p-3 text-center">
        <Button onClick={() => void cache.resetQueries({ queryKey: [...keys.items, "list"] })}>
          {en.list.reload}
        </Button>
      </div>
    );
  }
  return <p className="p-3 text-center text-ink-3 text-xs">{en.list.end}</p>;
}
