import { queryOptions } from "@tanstack/react-query";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import type { DeliveryHistory } from "@/lib/api/notification-types";

export function markRead(id: string): Promise<void> {
  return api<void>(`/api/notifications/${encodeURIComponent(id)}/read`, { method: "POST" });
}

export function markAllRead(): Promise<void> {
  return api<void>("/api/notifications/read-all", { method: "POST" });
}

/** One delivery with each try, what its provider told, and where it came from. */
export const deliveryQuery = (id: string) =>
  queryOptions({
    queryKey: keys.delivery(id),
    queryFn: ({ signal }) =>
      api<DeliveryHistory>(`/api/notifications/deliveries/${encodeURIComponent(id)}`, { signal }),
    staleTime: 0,
  });
