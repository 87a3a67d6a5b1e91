"use client";
import { SetUpView } from "@/components/set-up/set-up-view";
import { subscriptionKind } from "@/components/set-up/subscription";
import { subscriptions } from "@/lib/subscriptions";
import { prefs } from "@/messages/notify";

const SUBSCRIPTION = subscriptionKind(subscriptions, "viewer", {
  list: prefs.subscriptions,
  text: prefs.subscriptionsText,
  add: prefs.addSubscription,
  edit: prefs.editSubscription,
  none: prefs.noSubscriptions,
  noneText: prefs.noSubscriptionsText,
  deleteText: prefs.deleteText,
});

/** What the person wants alerts of. */
export function SubscriptionsView() {
  return <SetUpView kind={SUBSCRIPTION} />;
}
