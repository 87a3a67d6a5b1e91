"use client";
import { useQuery } from "@tanstack/react-query";
import { Pause, Play } from "lucide-react";
import { useState } from "react";
import { Age } from "@/components/domain/age";
import { Button } from "@/components/ui/button";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failed } from "@/components/ui/states";
import type { RecordView } from "@/lib/api/log-types";
import { log } from "@/messages/log";
import { recordsQuery } from "../api/log";
import { HeaderList } from "./header-list";
import { ValueText } from "./value-text";

/** Rows shown; more are a matter for the command line. */
const ROWS = 30;

/** The newest records of a topic, decoded; they hold still while paused. */
export function RecordTail({ topic }: { topic: string }) {
  const [paused, setPaused] = useState(false);
  const query = useQuery(recordsQuery(topic, paused));
  const records = [...(query.data?.items ?? [])].sort(newestFirst).slice(0, ROWS);
  return (
    <Panel
      id="records"
      title={log.lastRecords}
      note={paused ? log.pausedHint : undefined}
      actions={
        <Button size="small" aria-pressed={paused} onClick={() => setPaused((was) => !was)}>
          {paused ? (
            <Play aria-hidden="true" className="size-3.5" />
          ) : (
            <Pause aria-hidden="true" className="size-3.5" />
          )}
          {paused ? log.resume : log.pause}
        </Button>
      }
    >
      {query.isPending && <SkeletonRows rows={5} rowClass="h-11" />}
      {query.isError && !query.data && <Failed error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && records.length === 0 && <Empty title={log.noRecords} text={log.noRecordsText} />}
      <ul className="[&>li:last-child]:border-b-0">
        {records.map((record) => (
          <RecordRow key={`${record.partition}/${record.offset}`} record={record} />
        ))}
      </ul>
    </Panel>
  );
}

function newestFirst(a: RecordView, b: RecordView): number {
  return Date.parse(b.timestamp) - Date.parse(a.timestamp) || b.offset - a.offset;
}

function RecordRow({ record }: { record: RecordView }) {
  const [open, setOpen] = useState(false);
  const headers = Object.entries(record.headers).map(([name, value]) => ({ name, value }));
  return (
    <li className="border-line border-b">
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary className="flex min-h-10 flex-wrap items-center gap-x-3 gap-y-0.5 px-3.5 py-1.5 text-xs hover:bg-hover">
          <span className="tabular w-16 shrink-0 text-ink-3">
            {log.place(record.partition, record.offset)}
          </span>
          <span className="min-w-0 flex-1 truncate font-medium">{record.headers.ce_type ?? record.key}</span>
          <Age at={record.timestamp} className="tabular shrink-0 text-ink-3" />
        </summary>
        {open && (
          <div className="flex flex-col gap-3 bg-raised px-3.5 py-3">
            <HeaderList title={log.key} headers={[{ name: log.key, value: record.key }]} />
            <HeaderList title={log.headers} headers={headers} />
            <ValueText value={record} />
          </div>
        )}
      </details>
    </li>
  );
}
