import { queryOptions } from "@tanstack/react-query";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import type { Preferences } from "@/lib/api/notification-types";

const PATH = "/api/notifications/preferences";

export const preferencesQuery = () =>
  queryOptions({
    queryKey: keys.preferences,
    queryFn: ({ signal }) => api<Preferences>(PATH, { signal }),
  });

export const savePreferences = (body: Preferences) => api<Preferences>(PATH, { method: "PUT", body });
