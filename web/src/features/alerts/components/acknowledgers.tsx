"use client";
import { Age } from "@/components/domain/age";
import type { Acknowledgement } from "@/lib/api/notification-types";
import { dateTime, useNow } from "@/lib/time";
import { alerts as words } from "@/messages/alerts";
import { isStanding, restUntil } from "../api/acknowledgement";

/** Who sees to an alert. */
export function Acknowledgers({ all }: { all: readonly Acknowledgement[] }) {
  const now = useNow();
  const until = restUntil(all, now);
  return (
    <div className="flex flex-col gap-1.5 text-xs">
      <h3 className="font-semibold">{words.acknowledgedTitle}</h3>
      <p role="status" className="text-ink-2">
        {all.length === 0
          ? words.nobodyYet
          : words.acknowledgedCount(all.filter((one) => isStanding(one, now)).length)}
        {until !== undefined && ` ${words.restNow(until && dateTime(until))}`}
      </p>
      <ul className="flex flex-col gap-1">
        {all.map((one) => (
          <li key={one.user} data-acknowledger={one.user} className="flex flex-wrap gap-x-2">
            <span className="font-medium">{one.mine ? words.you : (one.name ?? words.gone)}</span>
            <span className="text-ink-3">{words.via(one.via)}</span>
            {one.expires_at && (
              <span className="text-ink-3">
                {(isStanding(one, now) ? words.until : words.wasUntil)(dateTime(one.expires_at))}
              </span>
            )}
            {!one.rests && <span className="text-ink-3">{words.countedAlone}</span>}
            <Age at={one.at} className="tabular ml-auto text-ink-3" />
          </li>
        ))}
      </ul>
    </div>
  );
}
