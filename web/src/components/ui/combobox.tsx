"use client";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useState } from "react";
import { cx } from "@/lib/cx";

interface Offer<T> {
  /** Null where there is nothing to choose. */
  options: readonly T[] | null;
  isOpen: boolean;
  setOpen: (isOpen: boolean) => void;
  onChoose: (option: T) => void;
}

/**
 * Options below a text field, which keeps the focus: arrows move among them, Enter takes one, Escape closes them.
 * `input` goes to the field, `list` to `OptionList`.
 */
export function useCombobox<T extends { id: string }>({ options, isOpen, setOpen, onChoose }: Offer<T>) {
  const listId = useId();
  const [lastActive, setActive] = useState("");
  const shown = isOpen ? (options ?? []) : [];
  const isShown = shown.length > 0;
  const active = shown.find(({ id }) => id === lastActive) ?? shown[0];
  const idOf = (option: T) => `${listId}-${option.id}`;
  const activeId = active && idOf(active);
  useEffect(() => {
    if (activeId) document.getElementById(activeId)?.scrollIntoView({ block: "nearest" });
  }, [activeId]);
  const choose = (option: T) => {
    setOpen(false);
    setActive("");
    onChoose(option);
  };
  const move = (by: number) => {
    const at = active ? shown.indexOf(active) : 0;
    setActive(shown.at((at + by) % shown.length)?.id ?? "");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (options === null || event.nativeEvent.isComposing) return;
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      if (isShown) move(key === "ArrowDown" ? 1 : -1);
      else setOpen(true);
    } else if (key === "Enter" && active) {
      event.preventDefault();
      choose(active);
    } else if (key === "Escape" && isOpen) {
      // The dialog around it stays.
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
    }
  };
  return {
    input: {
      role: "combobox",
      autoComplete: "off",
      "aria-autocomplete": "list",
      "aria-expanded": isShown,
      "aria-controls": isShown ? listId : undefined,
      "aria-activedescendant": isShown ? activeId : undefined,
      onKeyDown,
      onInput: () => setOpen(true),
      onBlur: () => setOpen(false),
    } as const,
    list: { id: listId, options: shown, active, idOf, choose, setActive },
  };
}

type List<T extends { id: string }> = ReturnType<typeof useCombobox<T>>["list"];

/** The options. They stand in the page's flow, so that no box around them cuts them off. */
export function OptionList<T extends { id: string }>({
  list: { id, options, active, idOf, choose, setActive },
  label,
  found,
  children,
}: {
  list: List<T>;
  label: string;
  /** How many there are, to be read out. */
  found: (count: number) => string;
  children: (option: T) => ReactNode;
}) {
  return (
    <>
      <p role="status" className="sr-only">
        {options.length > 0 && found(options.length)}
      </p>
      {options.length > 0 && (
        <div
          id={id}
          role="listbox"
          aria-label={label}
          tabIndex={-1}
          className="max-h-56 w-full overflow-y-auto rounded-md border border-line-strong bg-panel p-1 shadow-pop"
        >
          {options.map((option) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: keys go to the field, which keeps the focus
            <div
              key={option.id}
              id={idOf(option)}
              role="option"
              tabIndex={-1}
              aria-selected={option === active}
              className={cx(
                "flex min-h-8 cursor-pointer items-center gap-2 rounded px-2 py-1 text-[13px] max-sm:min-h-10",
                option === active && "bg-accent-soft outline-2 outline-accent -outline-offset-2",
              )}
              onMouseDown={(event) => event.preventDefault()}
              onMouseMove={() => setActive(option.id)}
              onClick={() => choose(option)}
            >
              {children(option)}
            </div>
          ))}
        </div>
      )}
    </>
  );
}
