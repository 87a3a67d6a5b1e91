"use client";
import { useQuery } from "@tanstack/react-query";
import { PageFrame } from "@/components/ui/page-frame";
import { QueryList } from "@/components/ui/query-list";
import { sourcesQuery } from "@/lib/api/sources";
import { en } from "@/messages/en";
import { SourceRow } from "./source-row";

const REFRESH_MS = 10_000;

/** Where items come from, and how each source is doing. */
export function SourcesPage() {
  const query = useQuery({ ...sourcesQuery(), refetchInterval: REFRESH_MS });
  return (
    <PageFrame title={en.sources.title}>
      <QueryList query={query} empty={{ title: en.sources.emptyTitle, text: en.sources.emptyText }}>
        {(source) => <SourceRow key={source.name} source={source} />}
      </QueryList>
    </PageFrame>
  );
}
