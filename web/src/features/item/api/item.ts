import { queryOptions } from "@tanstack/react-query";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import type { Item, ItemEdit } from "@/lib/api/types";
import { patchItem } from "@/lib/realtime/item-patch";
import { caughtUp } from "@/lib/realtime/journal";

const path = (id: string) => `/api/items/${encodeURIComponent(id)}`;

export const itemQuery = (id: string) =>
  queryOptions({
    queryKey: keys.item(id),
    queryFn: ({ signal }) =>
      caughtUp(
        () => api<Item>(path(id), { signal }),
        (item, events) => events.reduce(patchItem, item),
      ),
  });

/**
 * Changes the item if it is still at `version`; else the API answers 412, as it does where the lock's token is not the
 * present one. Without a token it is 409 where somebody holds the lock.
 */
export function editItem(
  id: string,
  version: number,
  edit: ItemEdit,
  lockToken: number | null = null,
): Promise<Item> {
  const headers: Record<string, string> = { "if-match": `"${version}"` };
  if (lockToken !== null) headers["lock-token"] = String(lockToken);
  return api<Item>(path(id), { method: "PATCH", body: edit, headers });
}
