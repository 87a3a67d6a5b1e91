import type { ReactNode } from "react";
import { ChannelLabel } from "@/components/domain/channel-icon";
import type { Channel } from "@/lib/api/types";
import { cx } from "@/lib/cx";
import { en } from "@/messages/en";
import { outbox } from "@/messages/notify";

/** All messages, or those of one channel. */
export function ChannelFilter({
  counts,
  total,
  chosen,
  onChoose,
}: {
  counts: [Channel, number][];
  total: number;
  chosen: Channel | null;
  onChoose: (channel: Channel | null) => void;
}) {
  return (
    <fieldset aria-label={outbox.filter} className="mb-3 flex flex-wrap gap-1.5">
      <Choice chosen={chosen === null} count={total} onChoose={() => onChoose(null)}>
        {outbox.all}
      </Choice>
      {counts.map(([channel, count]) => (
        <Choice key={channel} chosen={chosen === channel} count={count} onChoose={() => onChoose(channel)}>
          <ChannelLabel channel={channel} />
        </Choice>
      ))}
    </fieldset>
  );
}

function Choice({
  chosen,
  count,
  onChoose,
  children,
}: {
  chosen: boolean;
  count: number;
  onChoose: () => void;
  children: ReactNode;
}) {
  return (
    <button
      type="button"
      aria-pressed={chosen}
      onClick={onChoose}
      className={cx(
        "inline-flex h-8 items-center gap-2 rounded-full border px-3 font-medium text-xs",
        chosen
          ? "border-transparent bg-accent-soft text-accent"
          : "border-line-strong text-ink-2 hover:bg-hover",
      )}
    >
      {children}
      <span className="tabular font-normal">{en.count(count)}</span>
    </button>
  );
}
