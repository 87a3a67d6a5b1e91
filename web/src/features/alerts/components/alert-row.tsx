import Link from "next/link";
import { Age } from "@/components/domain/age";
import { HazardLabel } from "@/components/domain/hazard-icon";
import { SeverityMark } from "@/components/domain/severity-mark";
import { Badge } from "@/components/ui/badge";
import type { Alert } from "@/lib/api/types";
import { dateTime } from "@/lib/time";
import { dashboardLink } from "@/lib/use-filter";
import { alertStatusName, en } from "@/messages/en";

export function AlertRow({ alert }: { alert: Alert }) {
  return (
    <li className="flex flex-col gap-1.5 border-line border-b px-4 py-3.5">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-ink-2 text-xs">
        <SeverityMark severity={alert.severity} />
        <HazardLabel hazard={alert.hazard} />
        <span>{alert.area}</span>
        <Badge tone={alert.status === "exercise" ? "accent" : "plain"}>{alertStatusName[alert.status]}</Badge>
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
        <Link
          href={dashboardLink({ incident: alert.incident_id })}
          className="ml-auto rounded font-medium text-accent hover:underline"
        >
          {en.alerts.see}
        </Link>
      </div>
    </li>
  );
}
