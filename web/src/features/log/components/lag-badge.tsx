import { Badge } from "@/components/ui/badge";
import type { Behind } from "@/lib/api/log-types";
import { duration } from "@/lib/time";
import { log } from "@/messages/log";

/** A consumer that is behind for longer than this, seconds, is marked. */
const LONG = 10;

/** How far a consumer is behind, in words; its colour says whether somebody should look. */
export function LagBadge({ behind }: { behind: Behind }) {
  const { records, seconds, delayed, retries, paused } = behind;
  return (
    <span className="flex shrink-0 flex-wrap justify-end gap-1">
      {paused !== null && (
        <Badge tone="high">
          <span title={paused}>{log.paused}</span>
        </Badge>
      )}
      {delayed > 0 && <Badge tone="medium">{log.delayed(delayed)}</Badge>}
      {retries > 0 && <Badge className="tabular">{log.retries(retries)}</Badge>}
      <Badge tone={(seconds ?? 0) > LONG ? "medium" : "plain"} className="tabular">
        {records === 0 && log.caughtUp}
        {records > 0 && (seconds ? log.behindFor(records, duration(seconds)) : log.behind(records))}
      </Badge>
    </span>
  );
}
