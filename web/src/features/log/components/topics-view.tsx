"use client";
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { Badge } from "@/components/ui/badge";
import { QueryList } from "@/components/ui/query-list";
import { Split, Unchosen } from "@/components/ui/split";
import type { TopicView } from "@/lib/api/log-types";
import { cx } from "@/lib/cx";
import { duration } from "@/lib/time";
import { log } from "@/messages/log";
import { consumerLags, held, pausedPlaces, size } from "../api/lag";
import { logQuery } from "../api/log";
import { placeQuery, useLogPlace } from "../hooks/use-log-place";
import { LagBadge } from "./lag-badge";
import { PartitionTable } from "./partition-table";
import { RecordTail } from "./record-tail";

/** Topics, and of one its partitions and last records. */
export function TopicsView() {
  const [place] = useLogPlace();
  const query = useQuery(logQuery());
  const topic = query.data?.items.find(({ name }) => name === place.topic);
  return (
    <Split
      chosen={topic !== undefined}
      back={`/log${placeQuery({})}`}
      list={
        <QueryList query={query} empty={{ title: log.noRecords, text: log.noRecordsText }}>
          {(each) => <TopicRow key={each.name} topic={each} chosen={each === topic} />}
        </QueryList>
      }
      detail={
        topic ? (
          <div key={topic.name} className="flex flex-col gap-4">
            <PartitionTable topic={topic} />
            <RecordTail topic={topic.name} />
          </div>
        ) : (
          <Unchosen text={log.choose} />
        )
      }
    />
  );
}

/** What an operator may have to act on, where there is any. */
function TopicTotals({ topic }: { topic: TopicView }) {
  const paused = pausedPlaces(topic);
  if (paused === 0 && topic.dead_letters === 0) return null;
  return (
    <span className="flex flex-wrap justify-end gap-1">
      {paused > 0 && <Badge tone="high">{log.pausedPlaces(paused)}</Badge>}
      {topic.dead_letters > 0 && <Badge tone="medium">{log.letterCount(topic.dead_letters)}</Badge>}
    </span>
  );
}

function TopicRow({ topic, chosen }: { topic: TopicView; chosen: boolean }) {
  const lags = consumerLags(topic);
  return (
    <li className="border-line border-b">
      <Link
        href={`/log${placeQuery({ topic: topic.name })}`}
        scroll={false}
        aria-current={chosen ? "true" : undefined}
        className={cx("block px-4 py-3 transition-colors hover:bg-hover", chosen && "bg-accent-soft")}
      >
        <span className="flex flex-wrap items-baseline gap-x-3 gap-y-0.5">
          <span className="font-semibold text-[13px]">{topic.name}</span>
          <span className="tabular ml-auto text-[13px]">{log.records(held(topic))}</span>
        </span>
        <span className="tabular mt-0.5 block text-ink-3 text-xs">
          {log.partitions(topic.partitions.length)}, {log.kept(duration(topic.retention_ms / 1000))},{" "}
          {log.upTo(size(topic.max_message_bytes))}
        </span>
        <span className="mt-1.5 flex flex-col gap-1">
          {lags.length === 0 && topic.unknown.length === 0 && (
            <span className="text-ink-3 text-xs">{log.noConsumers}</span>
          )}
          {lags.map((lag) => (
            <span key={lag.consumer} className="flex items-center justify-between gap-3 text-xs">
              <span className="min-w-0 truncate text-ink-2">{lag.consumer}</span>
              <LagBadge behind={lag} />
            </span>
          ))}
          <TopicTotals topic={topic} />
          {topic.unknown.map((consumer) => (
            <span key={consumer} className="flex items-center justify-between gap-3 text-xs">
              <span className="min-w-0 truncate text-ink-2">{consumer}</span>
              <Badge tone="medium">{log.placeUnknown}</Badge>
            </span>
          ))}
        </span>
      </Link>
    </li>
  );
}
