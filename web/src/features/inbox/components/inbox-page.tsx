"use client";
import { useQuery } from "@tanstack/react-query";
import { SlidersHorizontal } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { Button, buttonClass } from "@/components/ui/button";
import { Check } from "@/components/ui/field";
import { PageFrame } from "@/components/ui/page-frame";
import { QueryList } from "@/components/ui/query-list";
import { notificationsQuery } from "@/lib/api/notifications";
import { en } from "@/messages/en";
import { prefs } from "@/messages/notify";
import { isUnderWay } from "../api/deliveries";
import { useMarkRead } from "../hooks/use-mark-read";
import { NotificationRow } from "./notification-row";

/** While something is just being sent, how it goes is asked again so often. */
const REFRESH_MS = 5_000;

/** What was sent to the signed-in person. */
export function InboxPage() {
  const [unreadOnly, setUnreadOnly] = useState(false);
  const query = useQuery({
    ...notificationsQuery(unreadOnly),
    refetchInterval: ({ state }) => (isUnderWay(state.data, Date.now()) ? REFRESH_MS : false),
  });
  const read = useMarkRead();
  return (
    <PageFrame
      title={en.inbox.title}
      actions={
        <>
          <Check
            label={en.inbox.unreadOnly}
            className="h-8 px-2"
            checked={unreadOnly}
            onChange={({ target }) => setUnreadOnly(target.checked)}
          />
          <Button disabled={!query.data?.unread} onClick={() => read.mutate(null)}>
            {en.inbox.markAll}
          </Button>
          <Link href="/preferences" className={buttonClass()}>
            <SlidersHorizontal aria-hidden="true" className="size-3.5" />
            {prefs.title}
          </Link>
        </>
      }
    >
      <QueryList query={query} empty={{ title: en.inbox.emptyTitle, text: en.inbox.emptyText }}>
        {(notification) => (
          <NotificationRow key={notification.id} notification={notification} onRead={read.mutate} />
        )}
      </QueryList>
    </PageFrame>
  );
}
