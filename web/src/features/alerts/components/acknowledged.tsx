"use client";
import { Age } from "@/components/domain/age";
import type { Reach } from "@/lib/api/notification-types";
import { dateTime, duration } from "@/lib/time";
import { useMe } from "@/lib/use-me";
import { usePeople } from "@/lib/use-people";
import { alerts as words } from "@/messages/alerts";

/** How soon the alert was acknowledged, and by whom. */
export function Acknowledged({
  reach: { acknowledged, acknowledged_within },
  told,
}: {
  reach: Reach;
  /** Of the first revision: what the shares are of. */
  told: number;
}) {
  const me = useMe().data;
  const nameOf = usePeople(acknowledged.map(({ user }) => user));
  return (
    <div className="flex flex-col gap-2">
      <h3 className="font-semibold text-xs">{words.acknowledgedTitle}</h3>
      <dl className="flex flex-col gap-1 text-xs">
        {acknowledged_within.map(({ seconds, people }) => (
          <div key={seconds} className="flex items-center gap-3">
            <dt className="w-28 shrink-0 text-ink-2">{words.within(duration(seconds))}</dt>
            <dd className="tabular flex flex-1 items-center gap-2">
              <span aria-hidden="true" className="h-1.5 flex-1 overflow-hidden rounded-full bg-raised">
                <span
                  className="block h-full rounded-full bg-accent"
                  style={{ width: `${told > 0 ? Math.min(100, (people / told) * 100) : 0}%` }}
                />
              </span>
              <span className="w-16 shrink-0 text-right">{words.people(people)}</span>
            </dd>
          </div>
        ))}
      </dl>
      {acknowledged.length === 0 && <p className="text-ink-3 text-xs">{words.nobodyYet}</p>}
      <ul className="flex flex-col gap-1 text-xs">
        {acknowledged.map(({ user, name, via, at, expires_at }) => (
          <li key={`${user} ${at}`} className="flex flex-wrap gap-x-2">
            <span className="font-medium">{user === me?.id ? words.you : (name ?? nameOf(user))}</span>
            <span className="text-ink-3">{words.via(via)}</span>
            {expires_at && <span className="text-ink-3">{words.until(dateTime(expires_at))}</span>}
            <Age at={at} className="tabular ml-auto text-ink-3" />
          </li>
        ))}
      </ul>
    </div>
  );
}
