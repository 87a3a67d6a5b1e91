import Link from "next/link";
import { Age } from "@/components/domain/age";
import { SeverityMark } from "@/components/domain/severity-mark";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import type { Notification } from "@/lib/api/types";
import { cx } from "@/lib/cx";
import { en } from "@/messages/en";
import { notificationTypeName } from "@/messages/notify";
import { DeliveryList } from "./delivery-list";

export function NotificationRow({
  notification,
  onRead,
}: {
  notification: Notification;
  onRead: (id: string) => void;
}) {
  const unread = !notification.read_at;
  // A test is about itself: there is no alert to see.
  const isTest = notification.alert_id === notification.id;
  const kind = notificationTypeName[notification.type];
  return (
    <li
      className={cx("flex flex-col gap-1.5 border-line border-b px-4 py-3.5", unread && "bg-accent-soft/40")}
    >
      <div className="flex items-center gap-3 text-xs">
        <SeverityMark severity={notification.priority} />
        {unread && <Badge tone="accent">{en.inbox.unread}</Badge>}
        {kind && <Badge tone="accent">{kind}</Badge>}
        {notification.exercise && <Badge>{en.outbox.exercise}</Badge>}
        <Age at={notification.created_at} className="tabular ml-auto text-ink-3" />
      </div>
      <p className={cx("text-[13px]", unread && "font-semibold")}>{notification.subject}</p>
      <p className="max-w-prose whitespace-pre-line break-words text-[13px] text-ink-2">
        {notification.body}
      </p>
      <DeliveryList deliveries={notification.deliveries} />
      <div className="flex min-h-7 flex-wrap items-center gap-x-3 gap-y-1 text-xs">
        {!isTest && (
          <Link
            href={`/alerts?id=${notification.alert_id}`}
            className="rounded font-medium text-accent hover:underline"
          >
            {en.inbox.alert}
          </Link>
        )}
        {unread && (
          <Button look="quiet" size="small" className="-mr-2 ml-auto" onClick={() => onRead(notification.id)}>
            {en.inbox.markRead}
          </Button>
        )}
      </div>
    </li>
  );
}
