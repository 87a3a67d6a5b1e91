"use client";
import { useQuery } from "@tanstack/react-query";
import type { Acknowledgement } from "@/lib/api/notification-types";
import type { User } from "@/lib/api/types";
import { isAtLeast } from "@/lib/role";
import { useNow } from "@/lib/time";
import { standingOf } from "../api/acknowledgement";
import { reachQuery } from "../api/alerts";

/** Whether the person has acknowledged an alert: as the server has it, or as it was `said` here just now. */
export function useOwnAcknowledgement(
  alert: string,
  me: User,
  /** Who has, where the alert itself says so; else analysts read it of whom the alert reached. */
  all: Acknowledgement[] | undefined,
  said: Acknowledgement | null,
): Acknowledgement | null {
  const reach = useQuery({ ...reachQuery(alert), enabled: !all && isAtLeast(me.role, "analyst") }).data;
  return standingOf([...(all ?? reach?.acknowledged ?? []), ...(said ? [said] : [])], me.id, useNow());
}
