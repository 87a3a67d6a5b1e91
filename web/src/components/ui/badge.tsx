import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

type Tone = "plain" | "accent" | "critical" | "high" | "medium" | "low";

const TONES: Record<Tone, string> = {
  plain: "bg-raised text-ink-2",
  accent: "bg-accent-soft text-accent",
  critical: "bg-critical-soft text-critical",
  high: "bg-high-soft text-high",
  medium: "bg-medium-soft text-medium",
  low: "bg-low-soft text-low",
};

export function Badge({
  tone = "plain",
  className,
  children,
}: {
  tone?: Tone;
  className?: string;
  children: ReactNode;
}) {
  return (
    <span
      className={cx(
        "inline-flex h-5 shrink-0 items-center gap-1 whitespace-nowrap rounded px-1.5 font-medium text-2xs",
        TONES[tone],
        className,
      )}
    >
      {children}
    </span>
  );
}
