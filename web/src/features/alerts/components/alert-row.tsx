"use client";
import Link from "next/link";
import { useState } from "react";
import { Age } from "@/components/domain/age";
import { HazardLabel } from "@/components/domain/hazard-icon";
import { SeverityMark } from "@/components/domain/severity-mark";
import { Badge } from "@/components/ui/badge";
import type { Alert } from "@/lib/api/types";
import { cx } from "@/lib/cx";
import { dateTime } from "@/lib/time";
import { dashboardLink } from "@/lib/use-filter";
import { alerts as words } from "@/messages/alerts";
import { alertStatusName, en } from "@/messages/en";
import { ALERTS } from "../api/alerts";
import { AlertChange } from "./alert-change";
import { WhyDialog } from "./why-dialog";

export function AlertRow({ alert, chosen }: { alert: Alert; chosen: boolean }) {
  const [asksWhy, setAsksWhy] = useState(false);
  return (
    <li
      data-alert={alert.id}
      className={cx("flex flex-col gap-1.5 border-line border-b px-4 py-3.5", chosen && "bg-accent-soft/60")}
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-ink-2 text-xs">
        <SeverityMark severity={alert.severity} />
        <HazardLabel hazard={alert.hazard} />
        <span>{alert.area}</span>
        <Badge tone={alert.status === "exercise" ? "accent" : "plain"}>{alertStatusName[alert.status]}</Badge>
        <AlertChange alert={alert} />
        {alert.revision > 1 && (
          <span className="tabular text-ink-3">
            {en.item.revision} {alert.revision}
          </span>
        )}
        <Age at={alert.effective} className="tabular ml-auto text-ink-3" />
      </div>
      <p className="font-semibold text-[13px]">{alert.title}</p>
      <p className="max-w-prose whitespace-pre-line break-words text-[13px] text-ink-2">{alert.message}</p>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1 text-ink-3 text-xs">
        <span suppressHydrationWarning>
          {en.alerts.expires} {dateTime(alert.expires)}
        </span>
        <span>
          {en.alerts.rule} {alert.rule_id}
        </span>
        <span className="ml-auto flex flex-wrap items-center gap-x-4 gap-y-1">
          <button
            type="button"
            aria-label={words.whyOf(alert.title)}
            className="rounded font-medium text-accent hover:underline"
            onClick={() => setAsksWhy(true)}
          >
            {words.why}
          </button>
          <Link
            href={dashboardLink({ incident: alert.incident_id })}
            className="rounded font-medium text-accent hover:underline"
          >
            {en.alerts.see}
          </Link>
          <Link
            href={`${ALERTS}?id=${alert.id}`}
            scroll={false}
            aria-label={words.detailsOf(alert.title)}
            aria-current={chosen ? "true" : undefined}
            className="rounded font-medium text-accent hover:underline"
          >
            {words.details}
          </Link>
        </span>
      </div>
      {asksWhy && <WhyDialog alert={alert} onClose={() => setAsksWhy(false)} />}
    </li>
  );
}
