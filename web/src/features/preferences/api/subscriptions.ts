import { queryOptions } from "@tanstack/react-query";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import type { NewSubscription, Subscription } from "@/lib/api/notification-types";
import type { Page } from "@/lib/api/types";

const PATH = "/api/subscriptions";
const one = (id: string) => `${PATH}/${encodeURIComponent(id)}`;

export const subscriptionsQuery = () =>
  queryOptions({
    queryKey: keys.subscriptions,
    queryFn: ({ signal }) => api<Page<Subscription>>(PATH, { signal }),
  });

/** Sent again with the same `key`, it is made once. */
export const makeSubscription = (body: NewSubscription, key: string) =>
  api<Subscription>(PATH, { method: "POST", body, headers: { "idempotency-key": key } });

/** Only where it is still as it was read. */
export const replaceSubscription = ({ id, version }: Subscription, body: NewSubscription) =>
  api<Subscription>(one(id), { method: "PUT", body, headers: { "if-match": `"${version}"` } });

export const deleteSubscription = (id: string) => api<void>(one(id), { method: "DELETE" });
