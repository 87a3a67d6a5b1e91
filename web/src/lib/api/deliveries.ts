import { queryOptions } from "@tanstack/react-query";
import { api } from "./http";
import { keys } from "./keys";
import type { DeliveryHistory } from "./notification-types";

/** One delivery with each try, what its provider told, and where it came from. */
export const deliveryQuery = (id: string) =>
  queryOptions({
    queryKey: keys.delivery(id),
    queryFn: ({ signal }) =>
      api<DeliveryHistory>(`/api/notifications/deliveries/${encodeURIComponent(id)}`, { signal }),
    staleTime: 0,
  });
