import type { Segment, Segments } from "@/lib/segments";
import { outbox } from "@/messages/notify";

/** A short message in the segments that it is sent and charged in. */
export function ShortMessage({ message: { encoding, units, parts } }: { message: Segments }) {
  return (
    <div className="flex flex-col gap-3">
      <p className="tabular text-[13px] text-ink-2">{outbox.short(parts.length, encoding, units)}</p>
      <ol aria-label={outbox.segments} className="flex max-w-md flex-col gap-2">
        {parts.map((part, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a segment is its place
          <Part key={index} part={part} number={index + 1} of={parts.length} />
        ))}
      </ol>
    </div>
  );
}

function Part({ part: { text, units, room }, number, of }: { part: Segment; number: number; of: number }) {
  return (
    <li
      data-segment={number}
      className="flex flex-col gap-1.5 rounded-xl rounded-bl-sm bg-raised px-3.5 py-2.5"
    >
      <p className="whitespace-pre-wrap break-words text-[13px]">{text}</p>
      <p className="tabular flex items-center gap-2 text-2xs text-ink-2">
        <span>{outbox.segment(number, of)}</span>
        <span aria-hidden="true" className="h-1 flex-1 overflow-hidden rounded-full bg-line">
          <span
            className="block h-full rounded-full bg-accent"
            style={{ width: `${(units / room) * 100}%` }}
          />
        </span>
        <span>{outbox.used(units, room)}</span>
      </p>
    </li>
  );
}
