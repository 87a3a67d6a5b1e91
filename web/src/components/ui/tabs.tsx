"use client";
import { type KeyboardEvent, type ReactNode, useId, useRef } from "react";
import { cx } from "@/lib/cx";

export interface Tab<Name extends string> {
  name: Name;
  label: string;
}

const STEPS: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };

/** Views of one thing, of which one is shown; arrow keys go from one to the next. */
export function Tabs<Name extends string>({
  label,
  tabs,
  now,
  onChoose,
  children,
}: {
  label: string;
  tabs: readonly Tab<Name>[];
  now: Name;
  onChoose: (name: Name) => void;
  /** The view that is shown. */
  children: ReactNode;
}) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    const next = (tabs.findIndex(({ name }) => name === now) + step + tabs.length) % tabs.length;
    const tab = tabs[next];
    if (!tab) return;
    event.preventDefault();
    onChoose(tab.name);
    list.current?.querySelectorAll("button")[next]?.focus();
  };
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <div
        ref={list}
        role="tablist"
        aria-label={label}
        onKeyDown={onKeyDown}
        className="flex w-fit max-w-full gap-0.5 overflow-x-auto rounded-md bg-raised p-0.5"
      >
        {tabs.map((tab) => (
          <button
            key={tab.name}
            type="button"
            role="tab"
            id={`${id}-${tab.name}`}
            aria-selected={tab.name === now}
            aria-controls={`${id}-view`}
            tabIndex={tab.name === now ? 0 : -1}
            onClick={() => onChoose(tab.name)}
            className={cx(
              "h-7 shrink-0 rounded px-2.5 font-medium text-xs",
              tab.name === now ? "bg-panel text-ink shadow-panel" : "text-ink-2 hover:text-ink",
            )}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div id={`${id}-view`} role="tabpanel" aria-labelledby={`${id}-${now}`} className="min-w-0">
        {children}
      </div>
    </div>
  );
}
