import { keptAt } from "@/lib/api/kept";
import type { Subscription } from "@/lib/api/notification-types";
import type { Role } from "@/lib/api/types";
import { type MatchDraft, matchDraftOf, matchOf } from "@/lib/match";

/** One's own, and those that people share. */
export const subscriptions = keptAt<Subscription>("/api/subscriptions");
export const teamSubscriptions = (team: string) =>
  keptAt<Subscription>(`/api/teams/${encodeURIComponent(team)}/subscriptions`);
export const roleSubscriptions = (role: Role) => keptAt<Subscription>(`/api/roles/${role}/subscriptions`);

export interface SubscriptionDraft {
  name: string;
  match: MatchDraft;
}

export function draftOf(it?: Subscription): SubscriptionDraft {
  return { name: it?.name ?? "", match: matchDraftOf(it?.match) };
}

export function subscriptionOf({ name, match }: SubscriptionDraft): Subscription {
  return { name: name.trim(), match: matchOf(match) };
}
