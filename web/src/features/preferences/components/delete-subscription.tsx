"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Confirm } from "@/components/ui/confirm";
import { keys } from "@/lib/api/keys";
import type { Subscription } from "@/lib/api/notification-types";
import { prefs } from "@/messages/notify";
import { deleteSubscription } from "../api/subscriptions";

/** Asks before a subscription is deleted. */
export function DeleteSubscription({
  subscription: { id, name },
  onClose,
}: {
  subscription: Subscription;
  onClose: () => void;
}) {
  const cache = useQueryClient();
  const remove = useMutation({
    mutationFn: () => deleteSubscription(id),
    onSuccess: onClose,
    onSettled: () => cache.invalidateQueries({ queryKey: keys.subscriptions }),
  });
  return (
    <Confirm
      title={prefs.deleteAsk(name || prefs.unnamed)}
      action={prefs.delete}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <p>{prefs.deleteText}</p>
    </Confirm>
  );
}
