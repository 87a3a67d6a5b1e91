import { queryOptions } from "@tanstack/react-query";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import { CHANNELS, type ProviderHealth, type Providers } from "@/lib/api/notification-types";
import type { Channel } from "@/lib/api/types";

/** How providers do is asked again so often while it is looked at. */
const REFRESH_MS = 30_000;

/** How the providers do that the configuration names. */
export const providersQuery = () =>
  queryOptions({
    queryKey: keys.providers,
    queryFn: ({ signal }) => api<Providers>("/api/notifications/providers", { signal }),
    refetchInterval: REFRESH_MS,
  });

/** Who carries what leaves the app, in the order in which they are tried; nobody where it ends in the outbox. */
export function carried(
  items: readonly ProviderHealth[],
): { channel: Channel; providers: ProviderHealth[] }[] {
  return CHANNELS.filter((channel) => channel !== "inbox").map((channel) => ({
    channel,
    providers: items.filter((one) => one.channel === channel),
  }));
}
