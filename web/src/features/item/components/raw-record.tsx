"use client";
import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { en } from "@/messages/en";

const LONGEST = 200_000;

/** The entry as the source sent it; written out only when someone looks. */
export function RawRecord({ data }: { data: unknown }) {
  const [open, setOpen] = useState(false);
  return (
    <details
      className="group rounded-lg border border-line bg-panel shadow-panel"
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary className="flex min-h-11 list-none items-center gap-2 px-3.5 font-semibold text-[13px] [&::-webkit-details-marker]:hidden">
        <ChevronRight aria-hidden="true" className="size-4 text-ink-3 group-open:rotate-90" />
        {en.item.raw}
      </summary>
      {open && (
        <pre
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
          tabIndex={0}
          className="max-h-[28rem] overflow-auto border-line border-t p-4 text-xs leading-relaxed"
        >
          {data === undefined ? en.item.noRaw : JSON.stringify(data, null, 2).slice(0, LONGEST)}
        </pre>
      )}
    </details>
  );
}
