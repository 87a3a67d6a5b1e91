"use client";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { cx } from "@/lib/cx";
import { buttonClass } from "./button";

/** A button that shows a small panel below itself. Escape, a click elsewhere or a choice inside closes it. */
export function DisclosureMenu({
  label,
  face,
  children,
}: {
  label: string;
  face: ReactNode;
  children: ReactNode;
}) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      setOpen(false);
      button.current?.focus();
    };
    const onPointer = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("keydown", onKey);
    document.addEventListener("pointerdown", onPointer);
    return () => {
      document.removeEventListener("keydown", onKey);
      document.removeEventListener("pointerdown", onPointer);
    };
  }, [open]);
  return (
    <div ref={root} className="relative">
      <button
        ref={button}
        type="button"
        aria-expanded={open}
        aria-controls={id}
        className={buttonClass("quiet", "square")}
        onClick={() => setOpen((was) => !was)}
      >
        <span className="sr-only">{label}</span>
        {face}
      </button>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/noStaticElementInteractions: closes after a choice, which has its own keys */}
      <div
        id={id}
        hidden={!open}
        onClick={() => setOpen(false)}
        className={cx(
          "absolute top-full right-0 z-40 mt-1.5 w-60 rounded-lg border border-line bg-panel p-1.5 shadow-pop",
        )}
      >
        {children}
      </div>
    </div>
  );
}
