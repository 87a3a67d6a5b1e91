"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Age } from "@/components/domain/age";
import { Button } from "@/components/ui/button";
import { Panel } from "@/components/ui/panel";
import { Failed } from "@/components/ui/states";
import type { StrandedRecord } from "@/lib/api/log-types";
import { cx } from "@/lib/cx";
import { useMedia } from "@/lib/use-media";
import { en } from "@/messages/en";
import { log } from "@/messages/log";
import { strandedQuery } from "../api/log";
import { DropDialog, SendDialog } from "./stranded-dialogs";

interface Question {
  action: "send" | "drop";
  record: StrandedRecord;
}

type Ask = (question: Question) => void;

/** Records that the log refuses, and what can be done about them; nothing where there are none, nor until that is known. */
export function StrandedPanel() {
  const [question, setQuestion] = useState<Question | null>(null);
  const wide = useMedia("(min-width: 768px)");
  const query = useQuery(strandedQuery());
  const { items: records = [], total = 0 } = query.data ?? {};
  const failed = query.isError && !query.data;
  const close = () => setQuestion(null);
  return (
    <>
      {(failed || records.length > 0) && (
        <Panel
          id="stranded"
          title={log.stranded}
          note={query.data && log.records(total)}
          className="mb-4"
          bodyClass="max-h-96 overflow-y-auto"
        >
          {failed && <Failed error={query.error} onRetry={() => void query.refetch()} />}
          {records.length > 0 && (
            <>
              <p className="px-3.5 py-2 text-ink-2 text-xs">{log.strandedText}</p>
              {wide ? (
                <StrandedTable records={records} ask={setQuestion} />
              ) : (
                <ul>
                  {records.map((record) => (
                    <StrandedCard key={record.seq} record={record} ask={setQuestion} />
                  ))}
                </ul>
              )}
              {total > records.length && (
                <p className="tabular border-line border-t px-3.5 py-2 text-ink-3 text-xs">
                  {log.atLeast(total - records.length)}
                </p>
              )}
            </>
          )}
        </Panel>
      )}
      {question?.action === "send" && <SendDialog record={question.record} onClose={close} />}
      {question?.action === "drop" && <DropDialog record={question.record} onClose={close} />}
    </>
  );
}

function StrandedTable({ records, ask }: { records: StrandedRecord[]; ask: Ask }) {
  return (
    <table className="tabular w-full text-left text-xs">
      <thead className="text-ink-3">
        <tr>
          {[log.seq, log.topic, log.key, log.reason, log.refused].map((name) => (
            <th key={name} scope="col" className="px-3.5 py-2 font-medium">
              {name}
            </th>
          ))}
          <th scope="col">
            <span className="sr-only">{log.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {records.map((record) => (
          <tr key={record.seq} data-stranded={record.seq} className="border-line border-t">
            <th scope="row" className="px-3.5 py-1.5 font-medium">
              {en.count(record.seq)}
            </th>
            <td className="whitespace-nowrap px-3.5 py-1.5">{record.topic}</td>
            <td className="min-w-24 max-w-48 wrap-anywhere px-3.5 py-1.5">{record.key}</td>
            <td className="max-w-md wrap-anywhere px-3.5 py-1.5">{record.reason}</td>
            <td className="whitespace-nowrap px-3.5 py-1.5">
              <Age at={record.stranded_at} className="text-ink-3" />
            </td>
            <td className="px-3.5 py-1.5">
              <StrandedActions record={record} ask={ask} className="justify-end" />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function StrandedCard({ record, ask }: { record: StrandedRecord; ask: Ask }) {
  return (
    <li data-stranded={record.seq} className="border-line border-t px-3.5 py-3">
      <p className="flex items-center gap-2 text-xs">
        <span className="tabular min-w-0 truncate font-semibold text-[13px]">
          {log.strandedTitle(record.seq)}
        </span>
        <Age at={record.stranded_at} className="tabular ml-auto shrink-0 text-ink-3" />
      </p>
      <p className="mt-1 break-words text-[13px] text-ink-2">{record.reason}</p>
      <p className="tabular mt-1 truncate text-ink-3 text-xs">
        {record.topic}
        {record.key && ` · ${record.key}`}
      </p>
      <StrandedActions record={record} ask={ask} className="mt-2" />
    </li>
  );
}

function StrandedActions({
  record,
  ask,
  className,
}: {
  record: StrandedRecord;
  ask: Ask;
  className: string;
}) {
  const title = log.strandedTitle(record.seq);
  return (
    <div className={cx("flex gap-2", className)}>
      <Button
        size="small"
        aria-label={`${log.sendAgain}: ${title}`}
        onClick={() => ask({ action: "send", record })}
      >
        {log.sendAgain}
      </Button>
      <Button
        size="small"
        aria-label={`${log.dropAsk}: ${title}`}
        onClick={() => ask({ action: "drop", record })}
      >
        {log.dropAsk}
      </Button>
    </div>
  );
}
