"use client";
import { useQuery } from "@tanstack/react-query";
import { CircleCheck, TriangleAlert } from "lucide-react";
import Link from "next/link";
import type { ReactNode } from "react";
import { Age } from "@/components/domain/age";
import { buttonClass } from "@/components/ui/button";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Failed } from "@/components/ui/states";
import type { LogView } from "@/lib/api/log-types";
import { cx } from "@/lib/cx";
import { duration } from "@/lib/time";
import { log } from "@/messages/log";
import { auditQuery, logQuery } from "../api/log";
import { placeQuery } from "../hooks/use-log-place";
import { IndexPanel } from "./index-panel";

/** A record that waits longer in the outbox, seconds, is a matter to look at. */
const LONG = 5;

/** What waits and why, the outbox, the search index, and what operators did. */
export function HealthView() {
  const query = useQuery(logQuery());
  if (query.isPending) return <SkeletonRows rows={6} rowClass="h-12" />;
  if (!query.data) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <div className="flex min-w-0 flex-col gap-4">
        <Troubles view={query.data} />
        <Outbox outbox={query.data.outbox} />
        <IndexPanel />
      </div>
      <AuditPanel />
    </div>
  );
}

function Troubles({ view }: { view: LogView }) {
  return (
    <Panel id="troubles" title={log.waits} note={log.waitsNote(view.node)}>
      {view.troubles.length === 0 && <Finding well text={log.waitsNone} />}
      <ul className="[&>li:last-child]:border-b-0">
        {view.troubles.map((trouble) => (
          <li key={trouble.name} className="border-line border-b px-4 py-3 text-[13px]">
            <p className="flex flex-wrap items-center gap-x-2 font-medium">
              <TriangleAlert aria-hidden="true" className="size-3.5 text-high" />
              {trouble.name}
              <span className="tabular font-normal text-ink-3 text-xs">{log.failures(trouble.failures)}</span>
            </p>
            <p className="mt-0.5 break-words text-ink-2 text-xs">{trouble.reason}</p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Outbox({ outbox: { records, spooled, stranded, seconds } }: { outbox: LogView["outbox"] }) {
  const waits = log.outboxWaits(log.records(records), duration(seconds));
  return (
    <Panel id="outbox" title={log.outbox} bodyClass="divide-y divide-line">
      <Finding well={seconds < LONG} text={records === 0 ? log.outboxEmpty : waits} />
      <Finding well={spooled === 0} text={log.spooled(spooled)} hint={log.spooledText} />
      <Finding well={stranded === 0} text={log.strandedCount(stranded)} hint={log.strandedCountText}>
        {stranded > 0 && (
          <Link
            href={`/log${placeQuery({ view: "letters" })}`}
            className={buttonClass("plain", "small", "ml-auto")}
          >
            {log.stranded}
          </Link>
        )}
      </Finding>
    </Panel>
  );
}

/** How something is: quiet where it is well, marked where somebody should look. */
function Finding({
  well,
  text,
  hint,
  children,
}: {
  well: boolean;
  text: string;
  /** What it is about. */
  hint?: string;
  /** At the right end. */
  children?: ReactNode;
}) {
  return (
    <div
      className={cx(
        "tabular flex items-center gap-2 px-4 py-3 text-[13px]",
        well ? "text-ink-2" : "text-high",
      )}
    >
      {well ? (
        <CircleCheck aria-hidden="true" className="size-3.5 shrink-0 text-low" />
      ) : (
        <TriangleAlert aria-hidden="true" className="size-3.5 shrink-0" />
      )}
      <p className="min-w-0">
        {text}
        {hint && <span className="block text-ink-3 text-xs">{hint}</span>}
      </p>
      {children}
    </div>
  );
}

function AuditPanel() {
  const query = useQuery(auditQuery());
  return (
    <Panel id="audit" title={log.audit}>
      {query.isPending && <SkeletonRows rows={4} rowClass="h-12" />}
      {query.isError && !query.data && <Failed error={query.error} onRetry={() => void query.refetch()} />}
      {query.data?.items.length === 0 && <p className="px-4 py-3 text-[13px] text-ink-3">{log.auditNone}</p>}
      <ul className="[&>li:last-child]:border-b-0">
        {query.data?.items.map((entry) => (
          <li key={entry.id} className="border-line border-b px-4 py-2.5 text-xs">
            <p className="flex gap-2">
              <span className="font-medium">{entry.action}</span>
              <span className="min-w-0 truncate text-ink-2">{entry.subject}</span>
              <Age at={entry.at} className="tabular ml-auto shrink-0 text-ink-3" />
            </p>
            <p className="truncate text-ink-3">
              {entry.actor === "operator" ? log.operator : (entry.actor_name ?? entry.actor)}
              {typeof entry.detail.reason === "string" && `: ${entry.detail.reason}`}
            </p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
