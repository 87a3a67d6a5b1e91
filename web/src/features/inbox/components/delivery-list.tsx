"use client";
import { useState } from "react";
import { ChannelLabel } from "@/components/domain/channel-icon";
import { DeliveryStatusBadge } from "@/components/domain/delivery-status";
import type { Delivery } from "@/lib/api/types";
import { dateTime } from "@/lib/time";
import { channelName, deliveries as words } from "@/messages/notify";
import { DeliveryDialog } from "./delivery-dialog";

/** How a notification went on each channel, and why. */
export function DeliveryList({ deliveries }: { deliveries: Delivery[] }) {
  const [open, setOpen] = useState<Delivery | null>(null);
  return (
    <>
      <ul aria-label={words.title} className="flex flex-col gap-1 text-xs">
        {deliveries.map((delivery) => (
          <DeliveryLine
            key={`${delivery.channel} ${delivery.to ?? ""}`}
            delivery={delivery}
            onOpen={() => setOpen(delivery)}
          />
        ))}
      </ul>
      {open && <DeliveryDialog id={open.id} channel={open.channel} onClose={() => setOpen(null)} />}
    </>
  );
}

function DeliveryLine({ delivery, onOpen }: { delivery: Delivery; onOpen: () => void }) {
  const { channel, status, to, due_at, reason } = delivery;
  const isPutOff = status === "deferred" || status === "queued";
  return (
    <li data-delivery={channel} className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
      <ChannelLabel channel={channel} className="w-20 shrink-0 text-ink-2" />
      <span className="w-24 shrink-0">
        <DeliveryStatusBadge status={status} />
      </span>
      <span className="min-w-0 flex-1 basis-48 break-words text-ink-3">
        {reason}
        {isPutOff && due_at && (
          <span suppressHydrationWarning className="text-ink-2">
            {` · ${words.due} `}
            <time dateTime={due_at}>{dateTime(due_at)}</time>
          </span>
        )}
      </span>
      {to && (
        <button
          type="button"
          aria-label={words.historyOf(channelName[channel] ?? channel)}
          className="rounded text-accent hover:underline"
          onClick={onOpen}
        >
          {words.history}
        </button>
      )}
    </li>
  );
}
