"use client";
import { useQuery } from "@tanstack/react-query";
import { Badge } from "@/components/ui/badge";
import { Part } from "@/components/ui/part";
import type { Escalation } from "@/lib/api/notification-types";
import { dateTime } from "@/lib/time";
import { alerts as words } from "@/messages/alerts";
import { escalationsQuery } from "../api/alerts";

/** How the chains stand that call people about an alert, and until when they rest; nothing where none has begun. */
export function Escalations({ id }: { id: string }) {
  const query = useQuery(escalationsQuery(id));
  if (!query.data || query.data.items.length === 0) return null;
  return (
    <Part title={words.escalations}>
      <ul className="flex flex-col gap-1.5 text-xs">
        {query.data.items.map((one) => (
          <li key={one.id} data-escalation={one.id} className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <Badge tone={TONES[one.state]}>{one.chain.name}</Badge>
            <span className="min-w-0 break-words text-ink-2">{standing(one)}</span>
          </li>
        ))}
      </ul>
    </Part>
  );
}

const TONES = { running: "high", acknowledged: "low", ended: "plain", cancelled: "plain" } as const;

function standing({ state, step, chain: { steps }, next_at }: Escalation): string {
  const at = next_at ? dateTime(next_at) : "";
  switch (state) {
    case "running":
      return step < steps.length ? words.nextStep(step + 1, steps.length, at) : words.beginsAgain(at);
    case "acknowledged":
      return at ? words.restsUntil(at) : words.restsForGood;
    case "ended":
      return words.escalationEnded;
    default:
      return words.escalationCancelled;
  }
}
