"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "@/lib/api/keys";
import { ApiError } from "@/lib/api/problem";
import type { Item, ItemEdit } from "@/lib/api/types";
import { editItem } from "../api/item";

type Write = <Answer>(run: (token: number | null) => Promise<Answer>) => Promise<Answer>;

/** Saves a change with the lock's token; when someone else was first, the item is fetched again and the conflict stays told. */
export function useEditItem(item: Item, write: Write) {
  const cache = useQueryClient();
  const edit = useMutation({
    mutationFn: (change: ItemEdit) => write((token) => editItem(item.id, item.version, change, token)),
    onSuccess: (saved) => {
      cache.setQueryData<Item>(keys.item(item.id), (old) =>
        old ? { ...old, ...saved, raw_data: old.raw_data } : saved,
      );
      void cache.invalidateQueries({ queryKey: [...keys.items, "list"], refetchType: "none" });
      return cache.invalidateQueries({ queryKey: [...keys.items, "count"], refetchType: "none" });
    },
    onError: () => cache.invalidateQueries({ queryKey: keys.item(item.id) }),
  });
  const conflict = edit.error instanceof ApiError && edit.error.status === 412;
  return { ...edit, conflict };
}
