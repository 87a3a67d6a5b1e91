import { queryOptions } from "@tanstack/react-query";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import type { Preferences } from "@/lib/api/types";

const PREFERENCES = "/api/notifications/preferences";

export const preferencesQuery = () =>
  queryOptions({
    queryKey: keys.preferences,
    queryFn: ({ signal }) => api<Preferences>(PREFERENCES, { signal }),
  });

export function savePreferences(body: Preferences): Promise<Preferences> {
  return api<Preferences>(PREFERENCES, { method: "PUT", body });
}

export function markRead(id: string): Promise<void> {
  return api<void>(`/api/notifications/${encodeURIComponent(id)}/read`, { method: "POST" });
}

export function markAllRead(): Promise<void> {
  return api<void>("/api/notifications/read-all", { method: "POST" });
}
