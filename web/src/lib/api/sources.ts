import { queryOptions } from "@tanstack/react-query";
import { api } from "./http";
import { keys } from "./keys";
import type { Page, SourceStatus } from "./types";

export const sourcesQuery = () =>
  queryOptions({
    queryKey: keys.sources,
    queryFn: ({ signal }) => api<Page<SourceStatus>>("/api/sources", { signal }),
  });
