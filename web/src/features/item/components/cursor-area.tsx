"use client";
import { MousePointer2 } from "lucide-react";
import { type ReactNode, useRef } from "react";
import { PERSON_FILL } from "@/components/domain/avatar";
import { cx } from "@/lib/cx";
import { personColour } from "@/lib/person";
import { type Cursor, useCursors } from "../hooks/use-cursors";

/** Shows where colleagues point in what is inside. */
export function CursorArea({
  room,
  className,
  children,
}: {
  room: string;
  className?: string;
  children: ReactNode;
}) {
  const area = useRef<HTMLDivElement>(null);
  const cursors = useCursors(room, area);
  return (
    <div ref={area} className={cx("relative", className)}>
      {children}
      <div aria-hidden="true" className="pointer-events-none absolute inset-0 overflow-hidden rounded-lg">
        {cursors.map((cursor) => (
          <Pointer key={cursor.id} cursor={cursor} />
        ))}
      </div>
    </div>
  );
}

function Pointer({ cursor: { id, name, x, y } }: { cursor: Cursor }) {
  const colour = personColour(id);
  return (
    <div
      data-cursor={name}
      className="absolute flex max-w-40 items-start motion-safe:transition-[left,top] motion-safe:duration-75"
      style={{ left: `${x * 100}%`, top: `${y * 100}%` }}
    >
      <MousePointer2
        aria-hidden="true"
        strokeWidth={1.5}
        className="-mt-0.5 -ml-0.5 size-5 shrink-0 text-panel"
        style={{ fill: `var(--person-${colour})` }}
      />
      <span
        className={cx("mt-3 truncate rounded px-1 font-medium text-2xs text-on-accent", PERSON_FILL[colour])}
      >
        {name}
      </span>
    </div>
  );
}
