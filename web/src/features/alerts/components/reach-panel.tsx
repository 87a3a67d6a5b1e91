"use client";
import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { SelectField } from "@/components/ui/field";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Failed } from "@/components/ui/states";
import type { Fanout, Reach } from "@/lib/api/notification-types";
import { duration } from "@/lib/time";
import { alerts as words } from "@/messages/alerts";
import { reachQuery } from "../api/alerts";
import { reachTable } from "../api/reach";
import { Figure } from "./figure";
import { Promptness } from "./promptness";
import { ReachCounts } from "./reach-counts";

/** Whom an alert reached; for analysts. */
export function ReachPanel({ id }: { id: string }) {
  const query = useQuery(reachQuery(id));
  return (
    <Panel id="reach" title={words.reach} bodyClass="flex flex-col gap-4 p-4">
      {query.isPending && <SkeletonRows rows={4} rowClass="h-10" />}
      {query.isError && !query.data && <Failed error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <Report reach={query.data} />}
    </Panel>
  );
}

function Report({ reach }: { reach: Reach }) {
  const id = useId();
  const { revisions, deliveries } = reach;
  const [chosen, setChosen] = useState<number | null>(null);
  const newest = revisions.at(-1);
  const fanout = revisions.find(({ alert }) => alert.revision === chosen) ?? newest;
  if (!fanout) return <p className="text-[13px] text-ink-3">{words.notBegun}</p>;
  return (
    <>
      {revisions.length > 1 && (
        <SelectField
          id={id}
          label={words.ofRevision}
          value={fanout.alert.revision}
          onChange={({ target }) => setChosen(Number(target.value))}
        >
          {revisions.toReversed().map(({ alert: { revision, type } }) => (
            <option key={revision} value={revision}>
              {words.revision(revision, words.types[type] ?? type)}
            </option>
          ))}
        </SelectField>
      )}
      <Chosen fanout={fanout} />
      <ReachCounts table={reachTable(deliveries, fanout.alert.revision)} />
      <Promptness reach={reach} />
    </>
  );
}

/** How many were looked at, and how many were told. */
function Chosen({ fanout: { considered, told, held, begun_at, done_at } }: { fanout: Fanout }) {
  const seconds = done_at ? (Date.parse(done_at) - Date.parse(begun_at)) / 1000 : null;
  return (
    <div className="flex flex-col gap-2">
      <dl className="grid grid-cols-2 gap-2">
        <Figure name={words.considered} value={considered} />
        <Figure name={words.toldCount} value={told} />
      </dl>
      {held && <p className="rounded-md bg-medium-soft px-3 py-2 text-medium text-xs">{words.held(held)}</p>}
      <p className="text-ink-3 text-xs">
        {seconds === null ? words.stillChoosing : words.chosenIn(duration(Math.max(0, seconds)))}
      </p>
    </div>
  );
}
