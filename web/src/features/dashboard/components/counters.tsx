"use client";
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import type { ReactNode } from "react";
import { Skeleton } from "@/components/ui/skeleton";
import { alertsQuery } from "@/lib/api/alerts";
import { incidentsQuery } from "@/lib/api/incidents";
import { keys } from "@/lib/api/keys";
import type { Page } from "@/lib/api/types";
import { cx } from "@/lib/cx";
import { age, useNow } from "@/lib/time";
import { dashboardLink } from "@/lib/use-filter";
import { en } from "@/messages/en";
import { countQuery } from "../api/items";

/** Risk is high above 0.7; the API's lower bound is inclusive. */
const HIGH_RISK = 0.7001;
const MINUTE_MS = 60_000;

/** The figures of the whole picture, whatever the filters. */
export function Counters() {
  const now = useNow();
  const all = useQuery(countQuery("all", {}));
  const unseen = useQuery(countQuery("all", { status: ["new"] }));
  const hour = useQuery(countQuery("hour", {}, true));
  const risky = useQuery(countQuery("all", { min_risk: HIGH_RISK }));
  const incidents = useQuery(incidentsQuery("open"));
  const alerts = useQuery(alertsQuery());
  const arrivals = useQuery<number[]>({
    queryKey: keys.arrivals,
    queryFn: () => [],
    enabled: false,
    initialData: [],
  });
  const rate = arrivals.data.filter((time) => now - time < MINUTE_MS).length;
  return (
    <ul aria-label={en.counters.label} className="grid grid-cols-6 gap-2 sm:grid-cols-5 lg:gap-3">
      <Counter
        name={en.counters.items}
        value={all.data}
        href={dashboardLink()}
        note={unseen.data === undefined ? "" : en.counters.inHand(atMost(unseen.data, all.data))}
      />
      <Counter
        name={en.counters.lastHour}
        value={hour.data === undefined ? undefined : atMost(hour.data, all.data)}
        note={en.counters.rate(rate)}
      />
      <Counter
        name={en.counters.highRisk}
        value={risky.data}
        href={dashboardLink({ min_risk: HIGH_RISK })}
        note={en.counters.highRiskHint}
        urgent
      />
      <Counter
        name={en.counters.incidents}
        value={incidents.data?.total}
        href="/incidents"
        note={lastTime(incidents.data, (incident) => incident.last_seen, now)}
      />
      <Counter
        name={en.counters.alerts}
        value={alerts.data?.total}
        href="/alerts"
        note={lastTime(alerts.data, (alert) => alert.effective, now)}
      />
    </ul>
  );
}

/** Counts are taken at slightly different moments; a part is never shown larger than the whole. */
function atMost(part: number, whole: number | undefined): number {
  return whole === undefined ? part : Math.min(part, whole);
}

/** How long ago the newest was; nothing while it is not known. */
function lastTime<T>(page: Page<T> | undefined, at: (thing: T) => string, now: number): string {
  if (!page) return "";
  const newest = page.items[0];
  return newest ? en.counters.latest(age(at(newest), now)) : en.counters.none;
}

interface CounterProps {
  name: string;
  value: number | undefined;
  note: ReactNode;
  href?: string;
  urgent?: boolean;
}

function Counter({ name, value, note, href, urgent = false }: CounterProps) {
  const body = (
    <>
      <span className="text-ink-2 text-xs">{name}</span>
      {value === undefined ? (
        <Skeleton className="my-1 h-5 w-14" />
      ) : (
        <span
          className={cx(
            "tabular font-semibold text-xl leading-7 tracking-tight",
            urgent && value > 0 && "text-critical",
          )}
        >
          {en.count(value)}
        </span>
      )}
      <span className="tabular min-h-4 truncate text-2xs text-ink-3 max-sm:hidden">{note}</span>
    </>
  );
  const look = "flex h-full flex-col rounded-lg border border-line bg-panel px-3.5 py-2 shadow-panel";
  return (
    <li className="min-w-0 max-sm:col-span-2 max-sm:nth-4:col-span-3 max-sm:nth-5:col-span-3">
      {href ? (
        <Link href={href} className={cx(look, "hover:border-line-strong")}>
          {body}
        </Link>
      ) : (
        <div className={look}>{body}</div>
      )}
    </li>
  );
}
