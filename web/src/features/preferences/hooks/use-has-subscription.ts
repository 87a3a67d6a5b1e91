"use client";
import { useQueries, useQuery } from "@tanstack/react-query";
import { keptAt } from "@/lib/api/kept";
import type { Team } from "@/lib/api/rule-types";
import { roleSubscriptions, subscriptions, teamSubscriptions } from "@/lib/subscriptions";
import { useMe } from "@/lib/use-me";

const teams = keptAt<Team>("/api/teams");

/** Whether any subscription counts for the person: their own, their role's or a team's. Undefined while that is not known. */
export function useHasSubscription(isWanted: boolean): boolean | undefined {
  const me = useMe().data;
  const own = useQuery({ ...subscriptions.all(), enabled: isWanted });
  const role = useQuery({
    ...roleSubscriptions(me?.role ?? "viewer").all(),
    enabled: isWanted && me !== undefined,
  });
  const all = useQuery({ ...teams.all(), enabled: isWanted });
  const mine = me ? (all.data?.items ?? []).filter(({ members }) => members.includes(me.id)) : [];
  const theirs = useQueries({
    queries: mine.map(({ id }) => ({ ...teamSubscriptions(id).all(), enabled: isWanted })),
  });
  const lists = [own, role, ...theirs];
  if (lists.some(({ data }) => data && data.items.length > 0)) return true;
  return all.isSuccess && lists.every(({ isSuccess }) => isSuccess) ? false : undefined;
}
