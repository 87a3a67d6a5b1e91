"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { alertsQuery } from "@/lib/api/alerts";
import type { TemplateName } from "@/lib/api/template-types";
import type { Alert } from "@/lib/api/types";
import { isOfAlert } from "../api/templates";

/** Alerts to choose from. */
const MOST = 20;

export interface Subject {
  /** The alert whose data a preview has; null for a sample's. */
  alert: string | null;
  /** Those that can be chosen. */
  alerts: Alert[];
  choose: (alert: string | null) => void;
}

/** Whose data a preview has: those of the newest alert where there is one and the template is about alerts. */
export function useSubject(name: TemplateName): Subject {
  const query = useQuery({ ...alertsQuery(), enabled: isOfAlert(name) });
  const [chosen, choose] = useState<string | null | undefined>(undefined);
  const [first, setFirst] = useState<string | null>(null);
  const alerts = isOfAlert(name) ? (query.data?.items ?? []).slice(0, MOST) : [];
  // Kept, so that what one looks at does not change with each alert that comes.
  const newest = alerts[0]?.id;
  if (first === null && newest !== undefined) setFirst(newest);
  const isThere = chosen === null || alerts.some(({ id }) => id === chosen);
  const alert = chosen !== undefined && isThere ? chosen : first;
  return { alert: alerts.some(({ id }) => id === alert) ? alert : null, alerts, choose };
}
