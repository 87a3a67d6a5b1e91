import { queryOptions } from "@tanstack/react-query";
import { api } from "./http";
import { keys } from "./keys";
import type { Alert, Page } from "./types";

/** The newest revision of every alert, newest first. */
export const alertsQuery = () =>
  queryOptions({
    queryKey: keys.alerts,
    queryFn: ({ signal }) => api<Page<Alert>>("/api/alerts?limit=100", { signal }),
  });
