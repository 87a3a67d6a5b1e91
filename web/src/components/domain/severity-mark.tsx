import type { Severity } from "@/lib/api/types";
import { cx } from "@/lib/cx";
import { severityName } from "@/messages/en";

/** Outlines in a 16 × 16 box, one shape for each step, so that colour is never the only sign. */
export const SEVERITY_SHAPES: Record<Severity, string> = {
  critical: "M8 0.6 L15.4 8 L8 15.4 L0.6 8 Z",
  high: "M8 1.2 L15.4 14.4 H0.6 Z",
  medium: "M2 2 H14 V14 H2 Z",
  low: "M8 1.5 A6.5 6.5 0 1 1 8 14.5 A6.5 6.5 0 1 1 8 1.5 Z",
};

export const SEVERITY_FILL: Record<Severity, string> = {
  critical: "fill-mark-critical",
  high: "fill-mark-high",
  medium: "fill-mark-medium",
  low: "fill-mark-low",
};

const INK: Record<Severity, string> = {
  critical: "text-critical",
  high: "text-high",
  medium: "text-medium",
  low: "text-low",
};

export function SeverityShape({ severity, className }: { severity: Severity; className?: string }) {
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 16 16"
      className={cx("size-3 shrink-0", SEVERITY_FILL[severity], className)}
    >
      <path d={SEVERITY_SHAPES[severity]} />
    </svg>
  );
}

/** Shape and word of a severity. */
export function SeverityMark({ severity, className }: { severity: Severity; className?: string }) {
  return (
    <span
      className={cx(
        "inline-flex items-center gap-1.5 whitespace-nowrap font-semibold text-xs",
        INK[severity],
        className,
      )}
    >
      <SeverityShape severity={severity} />
      {severityName[severity]}
    </span>
  );
}
