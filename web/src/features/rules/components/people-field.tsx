"use client";
import { useQueries } from "@tanstack/react-query";
import { ArrowUp, X } from "lucide-react";
import { useId, useState } from "react";
import { Avatar } from "@/components/domain/avatar";
import { Button, IconButton } from "@/components/ui/button";
import { Field, SelectField } from "@/components/ui/field";
import { FieldGroup } from "@/components/ui/field-group";
import { useMe } from "@/lib/use-me";
import { usePeople } from "@/lib/use-people";
import { uuidOf } from "@/lib/uuid";
import { rules } from "@/messages/rules";
import { chains, peopleIn, schedules, teams } from "../api/people";

/** Everybody who can be chosen from: oneself, and whoever is named somewhere already. The API lists no accounts. */
export function useKnownPeople(more: readonly string[]): string[] {
  const me = useMe().data;
  const [ofTeams, ofSchedules, ofChains] = useQueries({
    queries: [teams.all(), schedules.all(), chains.all()],
  });
  const named = peopleIn({
    teams: ofTeams.data?.items,
    schedules: ofSchedules.data?.items,
    chains: ofChains.data?.items,
  });
  return [...new Set([...(me ? [me.id] : []), ...named, ...more])];
}

interface PeopleProps {
  label: string;
  problem: string | undefined;
  people: string[];
  onChange: (next: string[]) => void;
  /** Whether it matters who comes first. */
  ordered?: boolean;
}

/** A list of people: who is in it, and ways to add somebody. */
export function PeopleField({ label, problem, people, onChange, ordered = false }: PeopleProps) {
  const known = useKnownPeople(people);
  const nameOf = usePeople(known);
  const others = known.filter((id) => !people.includes(id));
  const up = (at: number) => onChange(people.toSpliced(at - 1, 2, people[at] ?? "", people[at - 1] ?? ""));
  return (
    <FieldGroup label={label} problem={problem}>
      {people.length === 0 && <p className="text-ink-3 text-xs">{rules.noPeople}</p>}
      <ol className="flex flex-col gap-1">
        {people.map((id, at) => (
          <li key={id} className="flex items-center gap-2 rounded-md bg-raised py-0.5 pr-0.5 pl-2">
            {ordered && <span className="tabular text-ink-3 text-xs">{at + 1}</span>}
            <PersonLabel id={id} name={nameOf(id)} />
            {ordered && at > 0 && (
              <IconButton size="smallSquare" label={rules.moveUp(nameOf(id))} onClick={() => up(at)}>
                <ArrowUp aria-hidden="true" className="size-3.5" />
              </IconButton>
            )}
            <IconButton
              size="smallSquare"
              label={rules.removeNamed(nameOf(id))}
              onClick={() => onChange(people.filter((other) => other !== id))}
            >
              <X aria-hidden="true" className="size-3.5" />
            </IconButton>
          </li>
        ))}
      </ol>
      <div className="mt-1 grid gap-3 sm:grid-cols-2">
        {others.length > 0 && (
          <PersonSelect
            label={rules.addPerson}
            people={others}
            nameOf={nameOf}
            value=""
            onChange={(id) => id && onChange([...people, id])}
          />
        )}
        <ById onAdd={(id) => !people.includes(id) && onChange([...people, id])} />
      </div>
    </FieldGroup>
  );
}

function PersonLabel({ id, name }: { id: string; name: string }) {
  const me = useMe().data;
  return (
    <span className="flex min-w-0 flex-1 items-center gap-2 text-[13px]">
      <Avatar id={id} name={name} />
      <span className="truncate">{name}</span>
      {id === me?.id && <span className="text-ink-3 text-xs">({rules.you})</span>}
    </span>
  );
}

/** One of the people who are known. */
export function PersonSelect({
  label,
  people,
  nameOf,
  problem,
  value,
  onChange,
}: {
  label: string;
  people: readonly string[];
  nameOf: (id: string) => string;
  problem?: string;
  value: string;
  onChange: (id: string) => void;
}) {
  return (
    <SelectField
      id={useId()}
      label={label}
      problem={problem}
      value={value}
      onChange={({ target }) => onChange(target.value)}
    >
      <option value="">{rules.choosePerson}</option>
      {people.map((id) => (
        <option key={id} value={id}>
          {nameOf(id)}
        </option>
      ))}
    </SelectField>
  );
}

function ById({ onAdd }: { onAdd: (id: string) => void }) {
  const [text, setText] = useState("");
  const [isWrong, setIsWrong] = useState(false);
  const add = () => {
    const id = uuidOf(text);
    setIsWrong(id === null);
    if (id === null) return;
    onAdd(id);
    setText("");
  };
  return (
    <div className="flex items-start gap-2">
      <Field
        id={useId()}
        className="flex-1"
        label={rules.personId}
        hint={rules.personIdHint}
        problem={isWrong ? rules.noPersonId : undefined}
        spellCheck={false}
        autoComplete="off"
        value={text}
        onChange={({ target }) => setText(target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          add();
        }}
      />
      <Button className="mt-5 h-9" disabled={text.trim() === ""} onClick={add}>
        {rules.add}
      </Button>
    </div>
  );
}

/** Names of people, one after the other. */
export function PeopleNames({ people }: { people: readonly string[] }) {
  const nameOf = usePeople(people);
  return (
    <ul className="flex flex-wrap gap-x-3 gap-y-1 text-xs">
      {people.map((id) => (
        <li key={id} className="flex items-center gap-1.5">
          <Avatar id={id} name={nameOf(id)} />
          {nameOf(id)}
        </li>
      ))}
    </ul>
  );
}
