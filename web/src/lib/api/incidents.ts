import { queryOptions } from "@tanstack/react-query";
import { api } from "./http";
import { keys } from "./keys";
import { queryString } from "./query-string";
import type { Incident, IncidentStatus, Page } from "./types";

/** Incidents, last seen first; every status for `""`. */
export const incidentsQuery = (status: IncidentStatus | "") =>
  queryOptions({
    queryKey: keys.incidentList(status),
    queryFn: ({ signal }) =>
      api<Page<Incident>>(`/api/incidents${queryString({ status, limit: 100 })}`, { signal }),
  });

export const incidentQuery = (id: string) =>
  queryOptions({
    queryKey: keys.incident(id),
    queryFn: ({ signal }) => api<Incident>(`/api/incidents/${encodeURIComponent(id)}`, { signal }),
  });
