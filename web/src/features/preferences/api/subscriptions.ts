import { keptAt } from "@/lib/api/kept";
import type { Subscription } from "@/lib/api/notification-types";
import { type MatchDraft, matchDraftOf, matchOf } from "@/lib/match";

export const subscriptions = keptAt<Subscription>("/api/subscriptions");

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
