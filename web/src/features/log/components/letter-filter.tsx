"use client";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useId } from "react";
import { inputClass } from "@/components/ui/field";
import { LETTER_STATUSES, type LetterCount } from "@/lib/api/log-types";
import { letterStatusName, log } from "@/messages/log";
import { type LetterFilter, letterCountsQuery } from "../api/log";

/** The statuses that somebody has to decide about. */
export const UNDECIDED = "waiting,parked";

/** Conditions on dead letters. Topics and failures to choose from are those that there are. */
export function LetterFilterFields({
  filter,
  onChange,
}: {
  filter: LetterFilter;
  onChange: (next: LetterFilter) => void;
}) {
  const counts = useQuery(letterCountsQuery()).data?.items ?? [];
  const set = (name: keyof LetterFilter) => (value: string) =>
    onChange({ ...filter, [name]: value || undefined });
  return (
    <fieldset aria-label={log.filter} className="mb-4 grid grid-cols-2 gap-2 md:grid-cols-4 lg:max-w-4xl">
      <Choice label={log.status} value={filter.status ?? ""} onChange={set("status")}>
        <option value={UNDECIDED}>{log.undecided}</option>
        {LETTER_STATUSES.map((status) => (
          <option key={status} value={status}>
            {letterStatusName[status]}
          </option>
        ))}
        <option value="">{log.anyStatus}</option>
      </Choice>
      <Choice label={log.topic} value={filter.topic ?? ""} onChange={set("topic")}>
        <option value="">{log.anyTopic}</option>
        <Known names={names(counts, "topic", filter.topic)} />
      </Choice>
      <Choice label={log.failure} value={filter.error_class ?? ""} onChange={set("error_class")}>
        <option value="">{log.anyClass}</option>
        <Known names={names(counts, "error_class", filter.error_class)} />
      </Choice>
      <EventField value={filter.event_id ?? ""} onChange={set("event_id")} />
    </fieldset>
  );
}

/** What there is, and what is chosen although there is none any more. */
function names(counts: LetterCount[], name: "topic" | "error_class", chosen: string | undefined): string[] {
  return [...new Set([...counts.map((count) => count[name]), ...(chosen ? [chosen] : [])])].sort();
}

function Known({ names }: { names: string[] }) {
  return names.map((name) => (
    <option key={name} value={name}>
      {name}
    </option>
  ));
}

function Choice({
  label,
  value,
  onChange,
  children,
}: {
  label: string;
  value: string;
  onChange: (next: string) => void;
  children: ReactNode;
}) {
  return (
    <label className="flex min-w-0 flex-col gap-1 text-ink-2 text-xs">
      {label}
      <select className={inputClass} value={value} onChange={(event) => onChange(event.target.value)}>
        {children}
      </select>
    </label>
  );
}

const EVENT = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Takes effect when it holds a whole id, or nothing. */
function EventField({ value, onChange }: { value: string; onChange: (next: string) => void }) {
  const id = useId();
  return (
    <div className="flex min-w-0 flex-col gap-1 text-xs">
      <label htmlFor={id} className="text-ink-2">
        {log.event}
      </label>
      <input
        id={id}
        className={inputClass}
        defaultValue={value}
        spellCheck={false}
        autoComplete="off"
        onChange={({ target }) => {
          const text = target.value.trim();
          if (text === "" || EVENT.test(text)) onChange(text);
        }}
      />
    </div>
  );
}
