"use client";
import { Search, X } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { inputClass } from "@/components/ui/field";
import { without } from "@/lib/api/filter";
import { cx } from "@/lib/cx";
import { useFilter } from "@/lib/use-filter";
import { en } from "@/messages/en";

export const SEARCH_ID = "search";
const SETTLE_MS = 350;
const BOX = cx(inputClass, "h-8 bg-raised pr-8 pl-8 border-transparent hover:border-line-strong");

export function SearchBox() {
  const [filter, setFilter] = useFilter();
  const wanted = filter.q ?? "";
  const [text, setText] = useState(wanted);
  const [known, setKnown] = useState(wanted);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  if (known !== wanted) {
    // The address changed by other means, such as a cleared filter.
    setKnown(wanted);
    setText(wanted);
  }
  useEffect(() => () => clearTimeout(timer.current), []);
  const apply = (next: string) => {
    clearTimeout(timer.current);
    const q = next.trim();
    if (q === wanted) return;
    setKnown(q);
    // The API takes words or an incident, not both.
    setFilter(q ? { ...without(filter, "incident"), q } : without(filter, "q"));
  };
  const type = (next: string) => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => apply(next), SETTLE_MS);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    apply(text);
  };
  return (
    <search>
      <form className="relative" onSubmit={submit}>
        <Search
          aria-hidden="true"
          className="pointer-events-none absolute top-2 left-2.5 size-4 text-ink-3"
        />
        <input
          id={SEARCH_ID}
          type="text"
          inputMode="search"
          enterKeyHint="search"
          autoComplete="off"
          aria-label={en.search.label}
          placeholder={en.search.placeholder}
          value={text}
          onChange={(event) => type(event.target.value)}
          onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
          className={BOX}
        />
        {text ? (
          <button
            type="button"
            aria-label={en.search.clear}
            onClick={() => {
              setText("");
              apply("");
            }}
            className="absolute top-1 right-1 grid size-6 place-items-center rounded text-ink-3 hover:text-ink"
          >
            <X aria-hidden="true" className="size-3.5" />
          </button>
        ) : (
          <span
            aria-hidden="true"
            className="absolute top-1.5 right-2 hidden rounded border border-line-strong px-1.5 font-sans text-2xs text-ink-3 md:block"
          >
            /
          </span>
        )}
      </form>
    </search>
  );
}

export function SearchOutline() {
  return <div className="h-8 rounded-md bg-raised" />;
}
