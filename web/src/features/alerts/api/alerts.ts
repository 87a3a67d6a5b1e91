import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import type {
  Acknowledgement,
  AlertCorrection,
  AlertHistory,
  Escalation,
  Reach,
  Why,
} from "@/lib/api/notification-types";
import { queryString } from "@/lib/api/query-string";
import type { Alert, Page } from "@/lib/api/types";

export const ALERTS = "/alerts";
/** How far messages got is asked again so often while it is looked at. */
const REFRESH_MS = 5_000;

const one = (id: string) => `/api/alerts/${encodeURIComponent(id)}`;

/** An alert with every revision; asked again when the list has a newer one. */
export const historyQuery = (id: string, revision: number) =>
  queryOptions({
    queryKey: keys.alertHistory(id, revision),
    queryFn: ({ signal }) => api<AlertHistory>(one(id), { signal }),
    placeholderData: keepPreviousData,
  });

export const reachQuery = (id: string) =>
  queryOptions({
    queryKey: keys.alertReach(id),
    queryFn: ({ signal }) => api<Reach>(`${one(id)}/reach`, { signal }),
    refetchInterval: REFRESH_MS,
  });

/** How its escalations stand. */
export const escalationsQuery = (id: string) =>
  queryOptions({
    queryKey: keys.alertEscalations(id),
    queryFn: ({ signal }) => api<Page<Escalation>>(`${one(id)}/escalations`, { signal }),
    refetchInterval: REFRESH_MS,
  });

/** Why oneself was, or was not, told of a revision. */
export const whyQuery = (alert: string, revision: number) =>
  queryOptions({
    queryKey: keys.alertWhy(alert, revision),
    queryFn: ({ signal }) =>
      api<Why>(`/api/notifications/why${queryString({ alert, revision })}`, { signal }),
    staleTime: 0,
  });

/** The revision that was read, so that nobody agrees to other words than they saw. */
export const approveAlert = (id: string, revision: number) =>
  api<Alert>(`${one(id)}/approve`, { method: "POST", headers: { "if-match": `"${revision}"` } });

export const correctAlert = (id: string, body: AlertCorrection) =>
  api<Alert>(`${one(id)}/correct`, { method: "POST", body });

export const cancelAlert = (id: string, reason: string) =>
  api<Alert>(`${one(id)}/cancel`, { method: "POST", body: { reason } });

/** For good where no minutes are given. */
export const acknowledgeAlert = (id: string, minutes: number | null) =>
  api<Acknowledgement>(`${one(id)}/acknowledge`, {
    method: "POST",
    body: minutes === null ? {} : { expires_minutes: minutes },
  });
