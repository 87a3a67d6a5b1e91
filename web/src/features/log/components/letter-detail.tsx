"use client";
import { useQuery } from "@tanstack/react-query";
import { Age } from "@/components/domain/age";
import { Fact, Facts } from "@/components/ui/facts";
import { Panel } from "@/components/ui/panel";
import { Part } from "@/components/ui/part";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Failed } from "@/components/ui/states";
import type { LetterDetail } from "@/lib/api/log-types";
import { dateTime } from "@/lib/time";
import { letterStatusName, log } from "@/messages/log";
import { size } from "../api/lag";
import { letterQuery } from "../api/log";
import { HeaderList } from "./header-list";
import { LetterActions } from "./letter-actions";
import { StatusBadge } from "./status-badge";
import { ValueText } from "./value-text";

/** One dead letter: why it died, what it holds, and what can be done about it. */
export function LetterDetailPanel({ offset }: { offset: number }) {
  const query = useQuery(letterQuery(offset));
  return (
    <Panel
      id="letter"
      title={log.letterTitle(offset)}
      actions={query.data && <StatusBadge status={query.data.letter.status} />}
      bodyClass="lg:max-h-[calc(100dvh-12rem)] lg:overflow-y-auto"
    >
      {query.isPending && <SkeletonRows rows={5} rowClass="h-12" />}
      {query.isError && !query.data && <Failed error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <Body detail={query.data} />}
    </Panel>
  );
}

function Body({ detail }: { detail: LetterDetail }) {
  const { letter, record } = detail;
  const who =
    letter.decided_by === "operator" ? log.operator : (detail.decided_by_name ?? letter.decided_by ?? "");
  return (
    <div className="flex flex-col gap-4 p-4">
      <p className="break-words rounded-md bg-high-soft px-3 py-2 text-[13px] text-high">
        <span className="font-semibold">{letter.error_class}</span>
        {letter.message && `: ${letter.message}`}
      </p>
      {letter.decided_at && (
        <p className="text-ink-2 text-xs">
          {log.decided(letterStatusName[letter.status], who)}, {dateTime(letter.decided_at)}
        </p>
      )}
      <LetterActions detail={detail} />
      <Facts>
        <Fact name={log.from}>
          {letter.topic === null
            ? log.foreign
            : log.fromPlace(letter.topic, letter.partition, letter.origin_offset)}
        </Fact>
        {letter.consumer && <Fact name={log.consumer}>{letter.consumer}</Fact>}
        <Fact name={log.event}>{letter.event_id}</Fact>
        <Fact name={log.key}>{record?.key_base64 ?? letter.key}</Fact>
        <Fact name={log.tried}>{log.times(letter.attempts)}</Fact>
        <Fact name={log.replays}>{log.times(letter.redrive_count)}</Fact>
        <Fact name={log.firstFailed}>{dateTime(letter.first_failed_at)}</Fact>
        <Fact name={log.lastFailed}>
          {dateTime(letter.last_failed_at)} (<Age at={letter.last_failed_at} />)
        </Fact>
        <Fact name={log.size}>{size(letter.size_bytes)}</Fact>
      </Facts>
      {record === null && <p className="text-high text-xs">{log.gone}</p>}
      {record && (
        <>
          <Part title={log.value}>
            <ValueText value={record} />
          </Part>
          {record.headers.length > 0 && (
            <Part title={log.headers}>
              <HeaderList title={log.headers} headers={record.headers} />
            </Part>
          )}
        </>
      )}
    </div>
  );
}
