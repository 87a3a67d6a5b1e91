"use client";
import { useQuery } from "@tanstack/react-query";
import { alertsQuery } from "@/lib/api/alerts";
import { fits, isInForce } from "@/lib/fits";
import { type MatchDraft, matchOf } from "@/lib/match";
import { useNow } from "@/lib/time";
import { rules } from "@/messages/rules";

/** How many of the alerts that are in force now are meant. */
export function FittingAlerts({ draft }: { draft: MatchDraft }) {
  const query = useQuery(alertsQuery());
  const now = useNow();
  if (!query.data) return null;
  const { items, total } = query.data;
  const inForce = items.filter((alert) => isInForce(alert, now));
  const match = matchOf(draft);
  const count = inForce.filter((alert) => fits(match, alert)).length;
  return (
    <p role="status" data-fitting={count} className="text-ink-2 text-xs">
      {rules.fitting(count, inForce.length)}
      {total > items.length && ` ${rules.amongNewest(items.length)}`}
    </p>
  );
}
