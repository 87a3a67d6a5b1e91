"use client";
import { useId } from "react";
import { MatchFields } from "@/components/domain/match-fields";
import { MatchPhrases } from "@/components/domain/match-phrases";
import { Field } from "@/components/ui/field";
import type { Kept, KeptApi } from "@/lib/api/kept";
import type { Subscription } from "@/lib/api/notification-types";
import type { Role } from "@/lib/api/types";
import { matchProblems } from "@/lib/match";
import { draftOf, type SubscriptionDraft, subscriptionOf } from "@/lib/subscriptions";
import { prefs } from "@/messages/notify";
import type { FieldsProps, Kind, KindWords } from "./kind";

/** Subscriptions of one owner: a person, a team or a role. */
export const subscriptionKind = (
  api: KeptApi<Subscription>,
  editor: Role,
  words: KindWords,
): Kind<Subscription, SubscriptionDraft> => ({
  api,
  editor,
  words,
  nameOf: ({ name }) => name || prefs.unnamed,
  draftOf,
  bodyOf: subscriptionOf,
  problemsOf: ({ match }) => matchProblems(match),
  Fields,
  Summary,
});

function Summary({ it }: { it: Kept<Subscription> }) {
  return <MatchPhrases match={it.match} />;
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
