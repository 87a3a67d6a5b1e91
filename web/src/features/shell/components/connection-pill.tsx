"use client";
import type { ConnectionState } from "@crisislens/client";
import { cx } from "@/lib/cx";
import { useConnection } from "@/lib/realtime/provider";
import { timeOfDay } from "@/lib/time";
import { en } from "@/messages/en";

function words(state: ConnectionState): string {
  return state.phase === "offline"
    ? en.connection.offline(timeOfDay(state.since))
    : en.connection[state.phase];
}

const LOOK: Record<ConnectionState["phase"], { dot: string; pill: string }> = {
  idle: { dot: "border-ink-3", pill: "text-ink-3" },
  connecting: { dot: "border-ink-3", pill: "text-ink-2" },
  paused: { dot: "border-ink-3", pill: "text-ink-3" },
  live: { dot: "border-mark-low bg-mark-low", pill: "text-low" },
  resuming: { dot: "border-mark-medium", pill: "text-medium bg-medium-soft" },
  offline: { dot: "border-mark-critical", pill: "text-critical bg-critical-soft" },
  ended: { dot: "border-mark-critical", pill: "text-critical bg-critical-soft" },
};

/** Whether what is on the screen is the live picture: a filled dot is live, a ring is not. */
export function ConnectionPill() {
  const state = useConnection();
  const look = LOOK[state.phase];
  return (
    <span
      role="status"
      data-connection={state.phase}
      title={en.connection.hint}
      className={cx(
        "inline-flex h-7 items-center gap-1.5 whitespace-nowrap rounded-full px-2 font-medium text-xs",
        look.pill,
      )}
    >
      <span aria-hidden="true" className={cx("size-2 rounded-full border-2", look.dot)} />
      {words(state)}
    </span>
  );
}
