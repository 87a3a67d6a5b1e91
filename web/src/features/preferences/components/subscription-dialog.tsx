"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Confirm } from "@/components/ui/confirm";
import { keys } from "@/lib/api/keys";
import type { Subscription } from "@/lib/api/notification-types";
import { ApiError, type FieldProblems, fieldProblems } from "@/lib/api/problem";
import { prefs } from "@/messages/notify";
import {
  draftOf,
  type SubscriptionDraft,
  subscriptionOf,
  subscriptionProblems,
} from "../api/subscription-draft";
import { makeSubscription, replaceSubscription } from "../api/subscriptions";
import { SubscriptionFields } from "./subscription-fields";

/** Adds a subscription, or changes the one that is given. */
export function SubscriptionDialog({
  subscription,
  onClose,
}: {
  subscription?: Subscription;
  onClose: () => void;
}) {
  const cache = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(subscription));
  const [found, setFound] = useState<FieldProblems>({});
  /** Of what is sent now: sent again, it is made once. */
  const key = useRef<string | null>(null);
  const save = useMutation({
    mutationFn: (next: SubscriptionDraft) => {
      key.current ??= newKey();
      const body = subscriptionOf(next);
      return subscription ? replaceSubscription(subscription, body) : makeSubscription(body, key.current);
    },
    onSuccess: onClose,
    onSettled: () => cache.invalidateQueries({ queryKey: keys.subscriptions }),
  });
  const change = (part: Partial<SubscriptionDraft>) => {
    key.current = null;
    setDraft((now) => ({ ...now, ...part }));
    setFound({});
  };
  const submit = () => {
    const problems = subscriptionProblems(draft);
    setFound(problems);
    if (Object.keys(problems).length === 0) save.mutate(draft);
  };
  const isStale = save.error instanceof ApiError && save.error.status === 412;
  return (
    <Confirm
      wide
      title={subscription ? prefs.editSubscription : prefs.addSubscription}
      action={save.isPending ? prefs.saving : prefs.save}
      busy={save.isPending}
      error={isStale ? new Error(prefs.changedMeanwhile) : save.error}
      onConfirm={submit}
      onClose={onClose}
    >
      <SubscriptionFields
        draft={draft}
        onChange={change}
        problems={{ ...fieldProblems(save.error), ...found }}
      />
    </Confirm>
  );
}

/** Browsers make UUIDs on secure pages only. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");
}
