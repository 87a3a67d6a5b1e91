"use client";
import type { ReactNode } from "react";
import { SkeletonRows } from "./skeleton";
import { Empty, Failed } from "./states";

interface QueryListProps<T> {
  query: {
    data?: { items: T[] };
    isPending: boolean;
    isError: boolean;
    error: unknown;
    refetch: () => unknown;
  };
  empty: { title: string; text: string };
  rowClass?: string;
  /** One `<li>` for each thing. */
  children: (thing: T) => ReactNode;
}

/** A list in a box, in each of its states: on its way, failed, empty, or there. */
export function QueryList<T>({ query, empty, rowClass = "h-[72px]", children }: QueryListProps<T>) {
  return (
    <div className="overflow-hidden rounded-lg border border-line bg-panel shadow-panel [&>ul>li:last-child]:border-b-0">
      {query.isPending && <SkeletonRows rows={6} rowClass={rowClass} />}
      {query.isError && !query.data && <Failed error={query.error} onRetry={() => void query.refetch()} />}
      {query.data?.items.length === 0 && <Empty {...empty} />}
      {query.data && query.data.items.length > 0 && <ul>{query.data.items.map(children)}</ul>}
    </div>
  );
}
