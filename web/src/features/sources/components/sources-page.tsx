"use client";
import { useQuery } from "@tanstack/react-query";
import { PageFrame } from "@/components/ui/page-frame";
import { QueryList } from "@/components/ui/query-list";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import type { Page, SourceStatus } from "@/lib/api/types";
import { en } from "@/messages/en";
import { SourceRow } from "./source-row";

const REFRESH_MS = 10_000;

/** Where items come from, and how each source is doing. */
export function SourcesPage() {
  const query = useQuery({
    queryKey: keys.sources,
    queryFn: ({ signal }) => api<Page<SourceStatus>>("/api/sources", { signal }),
    refetchInterval: REFRESH_MS,
  });
  return (
    <PageFrame title={en.sources.title}>
      <QueryList query={query} empty={{ title: en.sources.emptyTitle, text: en.sources.emptyText }}>
        {(source) => <SourceRow key={source.name} source={source} />}
      </QueryList>
    </PageFrame>
  );
}
