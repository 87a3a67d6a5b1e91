import type { ItemFilter } from "./filter";

/** Where each answer lives in the query cache; live events patch it there. */
export const keys = {
  me: ["me"] as const,
  about: ["about"] as const,
  items: ["items"] as const,
  itemList: (filter: ItemFilter) => ["items", "list", filter] as const,
  itemCount: (name: string, filter: ItemFilter) => ["items", "count", filter, name] as const,
  itemFacets: (filter: ItemFilter) => ["items", "facets", filter] as const,
  itemGrid: (filter: ItemFilter) => ["items", "grid", filter] as const,
  item: (id: string) => ["items", "detail", id] as const,
  incidents: ["incidents"] as const,
  incidentList: (status: string) => ["incidents", "list", status] as const,
  incident: (id: string) => ["incidents", "detail", id] as const,
  alerts: ["alerts"] as const,
  notifications: ["notifications"] as const,
  notificationList: (unreadOnly: boolean) => ["notifications", "list", unreadOnly] as const,
  preferences: ["preferences"] as const,
  outbox: ["outbox"] as const,
  sources: ["sources"] as const,
  log: ["log", "topics"] as const,
  logGroups: ["log", "groups"] as const,
  logRecords: (topic: string) => ["log", "records", topic] as const,
  letters: ["letters"] as const,
  letterCounts: ["letters", "counts"] as const,
  letterList: (filter: object) => ["letters", "list", filter] as const,
  letter: (offset: number) => ["letters", "detail", offset] as const,
  searchIndex: ["search-index"] as const,
  audit: ["audit"] as const,
  presence: (room: string) => ["presence", room] as const,
  /** Times (ms) of the items that came live within the last minute. */
  arrivals: ["arrivals"] as const,
};
