import type { Outcome } from "@/lib/api/log-types";
import { en } from "@/messages/en";
import { log, outcomeName } from "@/messages/log";
import type { Counts } from "../api/bulk";

/** How many letters had each outcome. */
export function OutcomeList({
  title,
  counts,
  more,
  none,
}: {
  title: string;
  counts: Counts;
  /** Letters that were not looked at. */
  more: number;
  none: string;
}) {
  const entries = Object.entries(counts) as [Outcome, number][];
  if (entries.length === 0) return <p>{none}</p>;
  return (
    <>
      <p>{title}</p>
      <ul className="tabular mt-1 text-ink-2 text-xs">
        {entries.map(([outcome, count]) => (
          <li key={outcome}>
            {en.count(count)} {outcomeName[outcome]}
          </li>
        ))}
        {more > 0 && <li>{log.atLeast(more)}</li>}
      </ul>
    </>
  );
}
