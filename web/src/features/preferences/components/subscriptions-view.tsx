"use client";
import { useId } from "react";
import { MatchFields } from "@/components/domain/match-fields";
import { MatchPhrases } from "@/components/domain/match-phrases";
import type { FieldsProps, Kind } from "@/components/set-up/kind";
import { SetUpView } from "@/components/set-up/set-up-view";
import { Field } from "@/components/ui/field";
import type { Subscription } from "@/lib/api/notification-types";
import { matchProblems } from "@/lib/match";
import { prefs } from "@/messages/notify";
import { draftOf, type SubscriptionDraft, subscriptionOf, subscriptions } from "../api/subscriptions";

const SUBSCRIPTION: Kind<Subscription, SubscriptionDraft> = {
  api: subscriptions,
  editor: "viewer",
  words: {
    list: prefs.subscriptions,
    text: prefs.subscriptionsText,
    add: prefs.addSubscription,
    edit: prefs.editSubscription,
    none: prefs.noSubscriptions,
    noneText: prefs.noSubscriptionsText,
    deleteText: prefs.deleteText,
  },
  nameOf: ({ name }) => name || prefs.unnamed,
  draftOf,
  bodyOf: subscriptionOf,
  problemsOf: ({ match }) => matchProblems(match),
  Fields,
  Summary: ({ it }) => <MatchPhrases match={it.match} />,
};

/** What the person wants alerts of. */
export function SubscriptionsView() {
  return <SetUpView kind={SUBSCRIPTION} />;
}

function Fields({ draft, onChange, problems }: FieldsProps<SubscriptionDraft>) {
  const id = useId();
  return (
    <>
      <Field
        id={id}
        label={prefs.label}
        hint={prefs.nameHint}
        problem={problems.name}
        maxLength={100}
        value={draft.name}
        onChange={({ target }) => onChange({ name: target.value })}
      />
      <MatchFields
        draft={draft.match}
        onChange={(part) => onChange({ match: { ...draft.match, ...part } })}
        problems={problems}
      />
    </>
  );
}
