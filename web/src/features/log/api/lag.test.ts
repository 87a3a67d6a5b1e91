import { expect, it } from "vitest";
import type { Behind, PartitionView, TopicView } from "@/lib/api/log-types";
import { duration } from "@/lib/time";
import { consumerLags, held, pausedPlaces, size } from "./lag";

const behind = (records: number, seconds: number | null, paused: string | null = null): Behind => ({
  records,
  seconds,
  delayed: records === 0 ? 0 : 1,
  retries: records,
  paused,
});

const partition = (number: number, of: Record<string, Behind>): PartitionView => ({
  partition: number,
  start: 10,
  end: 15,
  consumers: {},
  behind: of,
});

const topic = (...partitions: PartitionView[]): TopicView => ({
  name: "raw-items",
  retention_ms: 1,
  max_message_bytes: 1,
  partitions,
  lag: {},
  dead_letters: 0,
  rebalances: {},
  unknown: [],
});

it("adds a consumer's partitions up, and keeps its oldest age and its reason to wait", () => {
  const view = topic(
    partition(0, { b: behind(2, 4), a: behind(0, null) }),
    partition(1, { b: behind(3, 9, "the store is away"), a: behind(0, null) }),
    partition(2, { b: behind(0, 0), a: behind(0, 0) }),
  );
  expect(consumerLags(view)).toEqual([
    { consumer: "a", records: 0, seconds: 0, delayed: 0, retries: 0, paused: null },
    { consumer: "b", records: 5, seconds: 9, delayed: 2, retries: 5, paused: "the store is away" },
  ]);
  expect(held(view)).toBe(15);
  expect(pausedPlaces(view)).toBe(1);
  expect(consumerLags(topic())).toEqual([]);
});

it("says times and sizes in one unit", () => {
  const times = [0, 0.04, 0.44, 3, 9.96, 59, 119, 121, 7_300, 604_800];
  expect(times.map(duration)).toEqual([
    "0 s",
    "0.1 s",
    "0.4 s",
    "3 s",
    "10 s",
    "59 s",
    "119 s",
    "2 min",
    "2 h",
    "7 d",
  ]);
  expect([0, 999, 1_500, 12_345, 10_485_760].map(size)).toEqual(["0 B", "999 B", "1.5 KB", "12 KB", "10 MB"]);
});
