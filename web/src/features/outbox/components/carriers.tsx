"use client";
import { useQuery } from "@tanstack/react-query";
import { ChannelLabel } from "@/components/domain/channel-icon";
import { Badge } from "@/components/ui/badge";
import { dateTime } from "@/lib/time";
import { outbox } from "@/messages/notify";
import { carried, providersQuery } from "../api/providers";

/** Which channels a provider carries and which end here, so that nobody waits for a message in the wrong place. */
export function Carriers() {
  const query = useQuery(providersQuery());
  if (!query.data)
    return query.isError ? <p className="mb-3 text-ink-3 text-xs">{outbox.carriersFailed}</p> : null;
  const lines = carried(query.data.items);
  const isSomeSent = lines.some(({ providers }) => providers.length > 0);
  return (
    <section
      aria-label={outbox.carriers}
      className="mb-3 flex flex-col gap-2 rounded-lg border border-line bg-panel p-3 shadow-panel"
    >
      <p className="text-[13px]">{isSomeSent ? outbox.someSent : outbox.noneSent}</p>
      <ul className="grid gap-x-6 gap-y-1.5 sm:grid-cols-2 xl:grid-cols-4">
        {lines.map(({ channel, providers }) => (
          <li
            key={channel}
            data-carried={channel}
            className="flex min-w-0 flex-wrap items-center gap-x-2 gap-y-1 text-xs"
          >
            <ChannelLabel channel={channel} className="font-medium" />
            {providers.length === 0 && <Badge>{outbox.endsHere}</Badge>}
            {providers.map(({ provider, rests_until, why }) => (
              <span key={provider} className="flex min-w-0 flex-wrap items-center gap-x-2">
                <Badge tone={rests_until ? "high" : "low"}>{outbox.sentBy(provider)}</Badge>
                {rests_until && (
                  <span className="min-w-0 break-words text-high">
                    {outbox.rests(dateTime(rests_until), why ?? "")}
                  </span>
                )}
              </span>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}
