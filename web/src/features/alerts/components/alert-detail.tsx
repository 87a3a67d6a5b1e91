"use client";
import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import Link from "next/link";
import { HazardLabel } from "@/components/domain/hazard-icon";
import { SeverityMark } from "@/components/domain/severity-mark";
import { buttonClass } from "@/components/ui/button";
import { Fact, Facts } from "@/components/ui/facts";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Failed } from "@/components/ui/states";
import type { AlertHistory } from "@/lib/api/notification-types";
import type { Alert } from "@/lib/api/types";
import { useRoom } from "@/lib/realtime/provider";
import { isAtLeast } from "@/lib/role";
import { dateTime } from "@/lib/time";
import { useMe } from "@/lib/use-me";
import { alerts as words } from "@/messages/alerts";
import { en } from "@/messages/en";
import { ALERTS, historyQuery } from "../api/alerts";
import { Acknowledgers } from "./acknowledgers";
import { AlertActions } from "./alert-actions";
import { AlertChange } from "./alert-change";
import { Escalations } from "./escalations";
import { ReachPanel } from "./reach-panel";

/** One alert: what it says, what became of it, what can be done about it, who sees to it, and whom it reached. */
export function AlertDetail({ id, newest }: { id: string; newest: Alert | undefined }) {
  const me = useMe().data;
  const query = useQuery(historyQuery(id, newest?.revision ?? 0));
  const history = query.data;
  const alert = newest ?? history;
  const isAnalyst = isAtLeast(me?.role, "analyst");
  const acknowledged = history?.acknowledged ?? [];
  useRoom("alerts");
  return (
    <div className="flex flex-col gap-4">
      <Panel
        id="alert"
        title={words.alert}
        note={alert && <SeverityMark severity={alert.severity} />}
        actions={
          <Link
            href={ALERTS}
            scroll={false}
            aria-label={en.close}
            title={en.close}
            className={buttonClass("quiet", "square", "max-lg:hidden")}
          >
            <X aria-hidden="true" className="size-4" />
          </Link>
        }
        bodyClass="flex flex-col gap-4 p-4"
      >
        {!alert && query.isPending && <SkeletonRows rows={5} rowClass="h-12" />}
        {!alert && query.isError && <Failed error={query.error} onRetry={() => void query.refetch()} />}
        {alert && (
          <>
            <Body alert={alert} />
            {me && <AlertActions alert={alert} me={me} acknowledged={acknowledged} />}
            {history && <Acknowledgers all={acknowledged} />}
            {isAnalyst && <Escalations id={id} />}
            {history && history.revisions.length > 1 && <Revisions history={history} />}
          </>
        )}
      </Panel>
      {alert && isAnalyst && <ReachPanel id={id} />}
    </div>
  );
}

function Body({ alert }: { alert: Alert }) {
  return (
    <>
      <div>
        <p className="mb-1.5 flex flex-wrap items-center gap-1.5 empty:hidden">
          <AlertChange alert={alert} />
        </p>
        <h3 className="break-words font-semibold">{alert.title}</h3>
        <p className="mt-1.5 whitespace-pre-line break-words text-[13px] text-ink-2">{alert.message}</p>
      </div>
      <Facts>
        <Fact name={en.item.hazard}>
          <HazardLabel hazard={alert.hazard} />
        </Fact>
        <Fact name={words.area}>{alert.area}</Fact>
        <Fact name={en.item.revision}>{alert.revision}</Fact>
        <Fact name={words.raised}>{dateTime(alert.effective)}</Fact>
        <Fact name={en.alerts.expires}>{dateTime(alert.expires)}</Fact>
        <Fact name={en.alerts.rule}>{alert.rule_id}</Fact>
        {alert.approved_by && <Fact name={words.approvedBy}>{alert.approved_by}</Fact>}
        {alert.data.sources && alert.data.sources.length > 0 && (
          <Fact name={words.sources}>{alert.data.sources.join(", ")}</Fact>
        )}
      </Facts>
    </>
  );
}

/** Newest first. */
function Revisions({ history: { revisions } }: { history: AlertHistory }) {
  return (
    <details className="text-xs">
      <summary className="w-fit rounded text-accent hover:underline">
        {words.revisions(revisions.length)}
      </summary>
      <ol className="mt-2 flex flex-col gap-2 rounded-md bg-raised p-3">
        {revisions.toReversed().map(({ revision, type, severity, effective, title, data }) => (
          <li key={revision} className="flex flex-col gap-0.5">
            <span className="flex flex-wrap items-center gap-x-2">
              <span className="tabular font-semibold">{revision}</span>
              <span>{words.types[type] ?? type}</span>
              <SeverityMark severity={severity} />
              <time dateTime={effective} className="tabular ml-auto text-ink-3">
                {dateTime(effective)}
              </time>
            </span>
            <span className="break-words text-ink-2">{title}</span>
            {data.why && <span className="break-words text-ink-3">{data.why}</span>}
          </li>
        ))}
      </ol>
    </details>
  );
}
