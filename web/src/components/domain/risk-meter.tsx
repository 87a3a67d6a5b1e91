import type { RiskLevel } from "@/lib/api/types";
import { cx } from "@/lib/cx";
import { en } from "@/messages/en";

const BAR: Record<RiskLevel, string> = {
  high: "bg-mark-critical",
  medium: "bg-mark-medium",
  low: "bg-mark-low",
};

/** A risk from 0 to 1 as a figure with a small bar. */
export function RiskMeter({
  score,
  level,
  className,
}: {
  score: number;
  level: RiskLevel;
  className?: string;
}) {
  const figure = score.toFixed(2);
  return (
    <span
      className={cx("inline-flex items-center gap-1.5 tabular text-xs", className)}
      title={en.list.risk(figure)}
    >
      <span className="sr-only">{en.list.risk(figure)}</span>
      <span aria-hidden="true" className="h-1 w-8 overflow-hidden rounded-full bg-line">
        <span
          className={cx("block h-full rounded-full", BAR[level])}
          style={{ width: `${Math.round(score * 100)}%` }}
        />
      </span>
      <span aria-hidden="true" className={level === "high" ? "font-semibold text-critical" : "text-ink-2"}>
        {figure}
      </span>
    </span>
  );
}
