import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import type {
  AuditEntry,
  GroupView,
  IndexView,
  Letter,
  LetterConditions,
  LetterCount,
  LetterDetail,
  LogView,
  RecordView,
  StrandedRecord,
} from "@/lib/api/log-types";
import { queryString } from "@/lib/api/query-string";
import type { Page } from "@/lib/api/types";

/** What an operator looks at is fetched again so often while the page is visible. */
const REFRESH_MS = 2_000;
/** Newest records of each partition. */
const RECORDS = 10;

/** Which letters are listed; `status` words separated by commas. */
export type LetterFilter = LetterConditions & { status?: string };

export const logQuery = () =>
  queryOptions({
    queryKey: keys.log,
    queryFn: ({ signal }) => api<LogView>("/api/topics", { signal }),
    refetchInterval: REFRESH_MS,
  });

export const groupsQuery = () =>
  queryOptions({
    queryKey: keys.logGroups,
    queryFn: ({ signal }) => api<Page<GroupView>>("/api/topics/groups", { signal }),
    refetchInterval: REFRESH_MS,
  });

export const recordsQuery = (topic: string, paused: boolean) =>
  queryOptions({
    queryKey: keys.logRecords(topic),
    queryFn: ({ signal }) =>
      api<Page<RecordView>>(`/api/topics/${encodeURIComponent(topic)}/records?limit=${RECORDS}`, { signal }),
    refetchInterval: paused ? false : REFRESH_MS,
  });

export const lettersQuery = (filter: LetterFilter) =>
  infiniteQueryOptions({
    queryKey: keys.letterList(filter),
    queryFn: ({ signal, pageParam }) =>
      api<Page<Letter>>(`/api/dlq${queryString({ ...filter, cursor: pageParam, limit: 50 })}`, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: REFRESH_MS,
  });

export const letterCountsQuery = () =>
  queryOptions({
    queryKey: keys.letterCounts,
    queryFn: ({ signal }) => api<Page<LetterCount>>("/api/dlq/counts", { signal }),
    refetchInterval: REFRESH_MS,
  });

export const letterQuery = (offset: number) =>
  queryOptions({
    queryKey: keys.letter(offset),
    queryFn: ({ signal }) => api<LetterDetail>(`/api/dlq/${offset}`, { signal }),
  });

export const strandedQuery = () =>
  queryOptions({
    queryKey: keys.stranded,
    queryFn: ({ signal }) => api<Page<StrandedRecord>>("/api/dlq/stranded", { signal }),
    refetchInterval: REFRESH_MS,
  });

export const indexQuery = () =>
  queryOptions({
    queryKey: keys.searchIndex,
    queryFn: ({ signal }) => api<IndexView>("/api/search", { signal }),
    refetchInterval: REFRESH_MS,
  });

export const auditQuery = () =>
  queryOptions({
    queryKey: keys.audit,
    queryFn: ({ signal }) => api<Page<AuditEntry>>("/api/audit?limit=20", { signal }),
    refetchInterval: REFRESH_MS,
  });

export interface Replay {
  value_base64?: string;
  parked_too?: boolean;
}

export const replayLetter = (offset: number, body: Replay) =>
  api<Letter>(`/api/dlq/${offset}/replay`, { method: "POST", body });

export const discardLetter = (offset: number, reason: string) =>
  api<Letter>(`/api/dlq/${offset}/discard`, { method: "POST", body: { reason } });

export const sendStranded = (seq: number) => api<void>(`/api/dlq/stranded/${seq}/send`, { method: "POST" });

export const dropStranded = (seq: number, reason: string) =>
  api<void>(`/api/dlq/stranded/${seq}/drop`, { method: "POST", body: { reason } });

export const rebuildIndex = () => api<unknown>("/api/search/rebuild", { method: "POST", body: {} });
