"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { PageFrame } from "@/components/ui/page-frame";
import { QueryList } from "@/components/ui/query-list";
import { notificationsQuery } from "@/lib/api/notifications";
import { en } from "@/messages/en";
import { useMarkRead } from "../hooks/use-mark-read";
import { NotificationRow } from "./notification-row";
import { PreferencesForm } from "./preferences-form";

/** What was sent to the signed-in person. */
export function InboxPage() {
  const [unreadOnly, setUnreadOnly] = useState(false);
  const query = useQuery(notificationsQuery(unreadOnly));
  const read = useMarkRead();
  return (
    <PageFrame
      title={en.inbox.title}
      actions={
        <>
          <label className="flex h-8 cursor-pointer items-center gap-2 px-2 text-[13px]">
            <input
              type="checkbox"
              className="size-3.5 accent-accent"
              checked={unreadOnly}
              onChange={(event) => setUnreadOnly(event.target.checked)}
            />
            {en.inbox.unreadOnly}
          </label>
          <Button disabled={!query.data?.unread} onClick={() => read.mutate(null)}>
            {en.inbox.markAll}
          </Button>
        </>
      }
    >
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_17rem]">
        <QueryList query={query} empty={{ title: en.inbox.emptyTitle, text: en.inbox.emptyText }}>
          {(notification) => (
            <NotificationRow key={notification.id} notification={notification} onRead={read.mutate} />
          )}
        </QueryList>
        <PreferencesForm />
      </div>
    </PageFrame>
  );
}
