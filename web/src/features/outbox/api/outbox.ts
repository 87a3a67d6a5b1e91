import { queryOptions } from "@tanstack/react-query";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import { CHANNELS, type OutboxMessage } from "@/lib/api/notification-types";
import type { Channel, Page } from "@/lib/api/types";

const REFRESH_MS = 10_000;
export const OUTBOX = "/outbox";

/** The newest messages of every channel. */
export const outboxQuery = () =>
  queryOptions({
    queryKey: keys.outbox,
    queryFn: ({ signal }) => api<Page<OutboxMessage>>("/api/outbox?limit=200", { signal }),
    refetchInterval: REFRESH_MS,
  });

/** Which channels the messages went by, with how many each, in the channels' order. */
export function channelCounts(messages: readonly OutboxMessage[]): [Channel, number][] {
  return CHANNELS.map((channel): [Channel, number] => [
    channel,
    messages.filter((message) => message.channel === channel).length,
  ]).filter(([, count]) => count > 0);
}
