"use client";
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import { keys } from "@/lib/api/keys";
import type { Alert, Page } from "@/lib/api/types";
import { useRealtime } from "@/lib/realtime/provider";
import { severityRank } from "@/lib/severity";

const SHOWN = 3;
/** An alert older than this came late, through a resume: it is in the list, not on top of the screen. */
const TOO_OLD_MS = 10 * 60_000;

/** Alerts that have just come in: new ones, and those whose severity rose. */
export function useAlertToasts(): [Alert[], (id: string) => void] {
  const [toasts, setToasts] = useState<Alert[]>([]);
  const client = useRealtime();
  const cache = useQueryClient();
  useEffect(
    () =>
      client.on("alert", ({ data: alert, at }) => {
        if (Date.now() - Date.parse(at) > TOO_OLD_MS) return;
        const known = cache.getQueryData<Page<Alert>>(keys.alerts)?.items.find((old) => old.id === alert.id);
        setToasts((before) => shown(before, alert, known));
      }),
    [client, cache],
  );
  const dismiss = useCallback(
    (id: string) => setToasts((before) => before.filter((toast) => toast.id !== id)),
    [],
  );
  return [toasts, dismiss];
}

function shown(before: Alert[], alert: Alert, known: Alert | undefined): Alert[] {
  const at = before.findIndex((toast) => toast.id === alert.id);
  const old = before[at];
  if (old) return alert.revision > old.revision ? before.with(at, alert) : before;
  const rose = !known || severityRank(alert.severity) > severityRank(known.severity);
  return rose ? [alert, ...before].slice(0, SHOWN) : before;
}
