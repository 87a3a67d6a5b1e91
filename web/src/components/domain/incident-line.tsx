"use client";
import Link from "next/link";
import { memo } from "react";
import type { Incident } from "@/lib/api/types";
import { cx } from "@/lib/cx";
import { en } from "@/messages/en";
import { Age } from "./age";
import { HazardLabel } from "./hazard-icon";
import { SeverityMark } from "./severity-mark";

/** An incident in two lines: severity and title; hazard, size and when it was last seen. */
export const IncidentLine = memo(function IncidentLine({
  incident,
  href,
  chosen = false,
  compact = false,
}: {
  incident: Incident;
  href: string;
  chosen?: boolean;
  /** In a narrow place: the columns do not line up with other lines. */
  compact?: boolean;
}) {
  const column = compact ? "shrink-0" : "w-[7.25rem] shrink-0";
  return (
    <Link
      href={href}
      prefetch={false}
      aria-current={chosen || undefined}
      className={cx(
        "flex min-h-[58px] flex-col justify-center gap-1 border-line border-b px-3.5 py-2 -outline-offset-2 hover:bg-hover",
        chosen && "bg-accent-soft",
      )}
    >
      <span className="flex items-center gap-3">
        <SeverityMark severity={incident.severity} className={column} />
        <span className="min-w-0 flex-1 truncate font-medium text-[13px]">{incident.title}</span>
        <Age at={incident.last_seen} className="tabular shrink-0 text-ink-3 text-xs" />
      </span>
      <span className="flex min-w-0 items-center gap-3 text-ink-2 text-xs">
        <HazardLabel hazard={incident.hazard} className={column} />
        <span className="min-w-0 truncate">{incident.area}</span>
        <span className="tabular ml-auto shrink-0 text-ink-3">
          {en.items(incident.item_count)} · {en.sourcesCount(incident.source_count)}
        </span>
      </span>
    </Link>
  );
});
