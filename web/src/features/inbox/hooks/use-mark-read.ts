"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "@/lib/api/keys";
import type { NotificationPage } from "@/lib/api/types";
import { markAllRead, markRead } from "../api/inbox";

/** Marks one notification, or all for `null`, at once on the screen and then on the server. */
export function useMarkRead() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (id: string | null) => (id === null ? markAllRead() : markRead(id)),
    onMutate: (id) => {
      const now = new Date().toISOString();
      cache.setQueriesData<NotificationPage>(
        { queryKey: ["notifications", "list"] },
        (page) => page && marked(page, id, now),
      );
    },
    onSettled: () => cache.invalidateQueries({ queryKey: keys.notifications }),
  });
}

function marked(page: NotificationPage, id: string | null, now: string): NotificationPage {
  const hit = (each: { id: string; read_at?: string }) => !each.read_at && (id === null || each.id === id);
  const count = page.items.filter(hit).length;
  const items = page.items.map((each) => (hit(each) ? { ...each, read_at: now } : each));
  return { ...page, items, unread: id === null ? 0 : Math.max(0, page.unread - count) };
}
