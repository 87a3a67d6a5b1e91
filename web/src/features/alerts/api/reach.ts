// What an alert's deliveries come to.
import { CHANNELS, type ReachCount } from "@/lib/api/notification-types";
import type { Channel, DeliveryStatus } from "@/lib/api/types";

/** From what is still to come to what a person has confirmed; what went nowhere last. */
const ORDER: readonly DeliveryStatus[] = [
  "queued",
  "deferred",
  "sending",
  "sent",
  "delivered",
  "read",
  "acked",
  "failed",
  "expired",
  "suppressed",
  "canceled",
];

export interface ReachTable {
  /** Those that some delivery has. */
  statuses: DeliveryStatus[];
  rows: { channel: Channel; counts: number[]; total: number }[];
}

/** A revision's deliveries by channel and status, whatever their priority. */
export function reachTable(counts: readonly ReachCount[], revision: number): ReachTable {
  const own = counts.filter((count) => count.revision === revision);
  const statuses = ORDER.filter((status) => own.some((count) => count.status === status));
  const sum = (channel: Channel, status?: DeliveryStatus) =>
    own
      .filter((count) => count.channel === channel && (status === undefined || count.status === status))
      .reduce((total, { count }) => total + count, 0);
  const rows = CHANNELS.filter((channel) => own.some((count) => count.channel === channel)).map(
    (channel) => ({
      channel,
      counts: statuses.map((status) => sum(channel, status)),
      total: sum(channel),
    }),
  );
  return { statuses, rows };
}
