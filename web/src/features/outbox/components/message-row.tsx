import Link from "next/link";
import { Age } from "@/components/domain/age";
import { ChannelLabel } from "@/components/domain/channel-icon";
import { Badge } from "@/components/ui/badge";
import type { OutboxMessage } from "@/lib/api/notification-types";
import { cx } from "@/lib/cx";
import { en } from "@/messages/en";
import { OUTBOX } from "../api/outbox";

export function MessageRow({ message, chosen }: { message: OutboxMessage; chosen: boolean }) {
  const { id, channel, to, subject, text, exercise, at } = message;
  return (
    <li data-message={channel} className="border-line border-b">
      <Link
        href={`${OUTBOX}?id=${id}`}
        scroll={false}
        aria-current={chosen ? "true" : undefined}
        className={cx("block px-4 py-3 transition-colors hover:bg-hover", chosen && "bg-accent-soft")}
      >
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1 text-ink-2 text-xs">
          <ChannelLabel channel={channel} className="font-medium" />
          {exercise && <Badge tone="accent">{en.outbox.exercise}</Badge>}
          <Age at={at} className="tabular ml-auto text-ink-3" />
        </span>
        <span className="mt-1 block truncate text-ink-2 text-xs">
          {en.outbox.to} {to}
        </span>
        {subject && <span className="mt-1 block font-semibold text-[13px]">{subject}</span>}
        {channel !== "webhook" && (
          <span className="mt-0.5 line-clamp-2 break-words text-[13px] text-ink-2">{text}</span>
        )}
      </Link>
    </li>
  );
}
