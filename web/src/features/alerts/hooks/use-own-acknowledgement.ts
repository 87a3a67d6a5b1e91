"use client";
import { useQuery } from "@tanstack/react-query";
import type { Acknowledgement } from "@/lib/api/notification-types";
import type { User } from "@/lib/api/types";
import { isAtLeast } from "@/lib/role";
import { useNow } from "@/lib/time";
import { standingOf } from "../api/acknowledgement";
import { reachQuery } from "../api/alerts";

/** Whether the person has acknowledged an alert: as the server has it for those who may read it, else what `said` here just now. */
export function useOwnAcknowledgement(
  alert: string,
  me: User,
  said: Acknowledgement | null,
): Acknowledgement | null {
  const kept = useQuery({ ...reachQuery(alert), enabled: isAtLeast(me.role, "analyst") }).data;
  return standingOf([...(kept?.acknowledged ?? []), ...(said ? [said] : [])], me.id, useNow());
}
