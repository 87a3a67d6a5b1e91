"use client";
import { useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { OptionList, useCombobox } from "@/components/ui/combobox";
import { Field } from "@/components/ui/field";
import { keys } from "@/lib/api/keys";
import { MAX_LETTERS, type Person } from "@/lib/api/people";
import { usePeople } from "@/lib/use-people";
import { usePeopleNamed } from "@/lib/use-people-named";
import { people as words } from "@/messages/people";
import { PersonOption } from "./person-option";

/** Chooses a colleague by name. */
export function PersonField({
  label,
  problem,
  value = "",
  without = [],
  onChoose,
}: {
  label: string;
  problem?: string;
  /** Who is chosen; empty where whoever is chosen goes elsewhere. */
  value?: string;
  /** Who is not offered. */
  without?: readonly string[];
  onChoose: (id: string) => void;
}) {
  const cache = useQueryClient();
  const nameOf = usePeople(value ? [value] : []);
  const [typed, setTyped] = useState<string | null>(null);
  const [isOpen, setOpen] = useState(false);
  const found = usePeopleNamed(isOpen ? (typed ?? "") : null);
  const options = found.people.filter(({ id }) => !without.includes(id));
  const { input, list } = useCombobox<Person>({
    options,
    isOpen,
    setOpen,
    onChoose: ({ id, name }) => {
      // What is known already need not be asked for.
      cache.setQueryData(keys.person(id), name);
      setTyped(null);
      onChoose(id);
    },
  });
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <Field
        {...input}
        id={useId()}
        label={label}
        hint={words.hint}
        problem={found.error ? words.failed(found.error.message) : problem}
        maxLength={MAX_LETTERS}
        spellCheck={false}
        value={typed ?? (value && nameOf(value))}
        onChange={({ target }) => setTyped(target.value)}
        onClick={() => setOpen(true)}
        onFocus={({ target }) => target.select()}
        onBlur={() => {
          input.onBlur();
          // Whoever is chosen stays chosen.
          if (value) setTyped(null);
        }}
        onKeyDown={(event) => {
          input.onKeyDown(event);
          // It never sends the form around it.
          if (event.key === "Enter") event.preventDefault();
        }}
      />
      <OptionList list={list} label={words.list} found={words.found}>
        {(person) => <PersonOption person={person} among={options} />}
      </OptionList>
      {isOpen && found.isSure && options.length === 0 && (
        <p role="status" className="text-ink-3 text-xs">
          {words.nobody}
        </p>
      )}
    </div>
  );
}
