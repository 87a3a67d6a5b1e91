"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Confirm } from "@/components/ui/confirm";
import type { Kept, KeptApi } from "@/lib/api/kept";
import { setUp as words } from "@/messages/set-up";

/** Asks before a thing is deleted. */
export function SetUpDelete<T extends object>({
  kind: { api, words: own, nameOf },
  kept,
  onClose,
}: {
  kind: { api: KeptApi<T>; nameOf: (it: T) => string; words: { deleteText: string } };
  kept: Kept<T>;
  onClose: () => void;
}) {
  const cache = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.remove(kept.id),
    onSuccess: onClose,
    onSettled: () => cache.invalidateQueries({ queryKey: api.key }),
  });
  return (
    <Confirm
      title={words.deleteAsk(nameOf(kept))}
      action={remove.isPending ? words.deleting : words.delete}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <p>{own.deleteText}</p>
    </Confirm>
  );
}
