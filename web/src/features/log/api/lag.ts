// What the figures of a topic come to.
import type { Behind, TopicView } from "@/lib/api/log-types";

/** How far one consumer is behind in all partitions of a topic. */
export interface ConsumerLag extends Behind {
  consumer: string;
}

/** Each consumer's records and retries in sum, its oldest age, and the first reason why it is paused. */
export function consumerLags(topic: TopicView): ConsumerLag[] {
  const lags = new Map<string, ConsumerLag>();
  for (const partition of topic.partitions) {
    for (const [consumer, behind] of Object.entries(partition.behind)) {
      const so = lags.get(consumer);
      lags.set(consumer, {
        consumer,
        records: (so?.records ?? 0) + behind.records,
        seconds: older(so?.seconds ?? null, behind.seconds),
        delayed: (so?.delayed ?? 0) + behind.delayed,
        retries: (so?.retries ?? 0) + behind.retries,
        paused: so?.paused ?? behind.paused,
      });
    }
  }
  return [...lags.values()].sort((a, b) => (a.consumer < b.consumer ? -1 : 1));
}

function older(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
}

/** Places in which some consumer waits instead of working. */
export function pausedPlaces(topic: TopicView): number {
  const places = topic.partitions.flatMap((partition) => Object.values(partition.behind));
  return places.filter(({ paused }) => paused !== null).length;
}

/** Records that a topic holds now. */
export function held(topic: TopicView): number {
  return topic.partitions.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** A size in one unit: `312 B`, `1.5 KB`, `10 MB`. */
export function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const [value, unit] = bytes < 1_000_000 ? [bytes / 1_000, "KB"] : [bytes / 1_000_000, "MB"];
  return `${value.toFixed(value < 10 ? 1 : 0).replace(/\.0$/, "")} ${unit}`;
}
