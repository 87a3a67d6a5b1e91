"use client";
import { X } from "lucide-react";
import Link from "next/link";
import { useEffect, useState } from "react";
import { SeverityShape } from "@/components/domain/severity-mark";
import { IconButton } from "@/components/ui/button";
import type { Alert } from "@/lib/api/types";
import { cx } from "@/lib/cx";
import { dashboardLink } from "@/lib/use-filter";
import { useMedia } from "@/lib/use-media";
import { en, severityName } from "@/messages/en";
import { useAlertToasts } from "../hooks/use-alert-toasts";

const EDGE: Record<Alert["severity"], string> = {
  critical: "border-l-mark-critical",
  high: "border-l-mark-high",
  medium: "border-l-mark-medium",
  low: "border-l-mark-low",
};
/** Lesser alerts go by themselves; critical and high ones wait for a person. */
const STAYS_MS = 15_000;

/** The newest alerts, in a corner; read out at once when they are critical or high. */
export function AlertToasts() {
  const [all, dismiss] = useAlertToasts();
  const wide = useMedia("(min-width: 640px)");
  const toasts = wide ? all : all.slice(0, 1);
  const urgent = toasts.filter((toast) => isUrgent(toast));
  const calm = toasts.filter((toast) => !isUrgent(toast));
  return (
    <section
      aria-label={en.alerts.region}
      className="pointer-events-none fixed inset-x-3 bottom-3 z-40 flex flex-col gap-2 sm:left-auto sm:w-96"
    >
      <div aria-live="assertive" className="contents">
        {urgent.map((toast) => (
          <Toast key={toast.id} alert={toast} onDismiss={dismiss} />
        ))}
      </div>
      <div aria-live="polite" className="contents">
        {calm.map((toast) => (
          <Toast key={toast.id} alert={toast} onDismiss={dismiss} />
        ))}
      </div>
    </section>
  );
}

function isUrgent(alert: Alert): boolean {
  return alert.severity === "critical" || alert.severity === "high";
}

function Toast({ alert, onDismiss }: { alert: Alert; onDismiss: (id: string) => void }) {
  const [held, setHeld] = useState(false);
  const stays = held || isUrgent(alert);
  useEffect(() => {
    if (stays) return;
    const timer = setTimeout(() => onDismiss(alert.id), STAYS_MS);
    return () => clearTimeout(timer);
  }, [stays, alert.id, onDismiss]);
  const name = severityName[alert.severity];
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: hovering only holds the time-out
    <div
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      className={cx(
        "pointer-events-auto rounded-lg border border-line border-l-4 bg-panel p-3 shadow-pop",
        EDGE[alert.severity],
      )}
    >
      <div className="flex items-start gap-2">
        <SeverityShape severity={alert.severity} className="mt-0.5 size-3.5" />
        <div className="min-w-0 flex-1">
          <p className="text-ink-3 text-xs">
            {alert.revision > 1 ? en.alerts.updated(name, alert.revision) : en.alerts.raised(name)}
          </p>
          <p className="mt-0.5 line-clamp-2 font-semibold text-[13px]">{alert.title}</p>
          <Link
            href={dashboardLink({ incident: alert.incident_id })}
            onClick={() => onDismiss(alert.id)}
            className="mt-1 inline-block rounded font-medium text-accent text-xs hover:underline"
          >
            {en.alerts.see}
          </Link>
        </div>
        <IconButton
          label={en.alerts.dismiss}
          onClick={() => onDismiss(alert.id)}
          size="smallSquare"
          className="-mt-1 -mr-1"
        >
          <X aria-hidden="true" className="size-3.5" />
        </IconButton>
      </div>
    </div>
  );
}
