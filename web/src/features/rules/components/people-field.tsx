"use client";
import { ArrowUp, X } from "lucide-react";
import { Avatar } from "@/components/domain/avatar";
import { PersonField } from "@/components/domain/person-field";
import { IconButton } from "@/components/ui/button";
import { FieldGroup } from "@/components/ui/field-group";
import { useMe } from "@/lib/use-me";
import { usePeople } from "@/lib/use-people";
import { people as words } from "@/messages/people";
import { rules } from "@/messages/rules";

interface PeopleProps {
  label: string;
  problem: string | undefined;
  people: string[];
  onChange: (next: string[]) => void;
  /** Whether it matters who comes first. */
  ordered?: boolean;
}

/** A list of people: who is in it, and a way to add somebody. */
export function PeopleField({ label, problem, people, onChange, ordered = false }: PeopleProps) {
  const nameOf = usePeople(people);
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
      <PersonField label={rules.addPerson} without={people} onChoose={(id) => onChange([...people, id])} />
    </FieldGroup>
  );
}

function PersonLabel({ id, name }: { id: string; name: string }) {
  const me = useMe().data;
  return (
    <span className="flex min-w-0 flex-1 items-center gap-2 text-[13px]">
      <Avatar id={id} name={name} />
      <span className="truncate">{name}</span>
      {id === me?.id && <span className="text-ink-3 text-xs">({words.you})</span>}
    </span>
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
