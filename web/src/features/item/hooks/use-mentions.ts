import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { beginning, namedIn, type Person, withName } from "../api/mentions";
import { peopleQuery } from "../api/people";

/** Whom a text names with `@`, and who could be meant by what is just being typed. */
export function useMentions(text: string, setText: (text: string) => void) {
  const [chosen, setChosen] = useState<Person[]>([]);
  const letters = beginning(text);
  const people = useQuery({
    ...peopleQuery(letters ?? ""),
    enabled: letters !== null,
    placeholderData: keepPreviousData,
  });
  const choose = (person: Person) => {
    setChosen((before) => [...before.filter(({ id }) => id !== person.id), person]);
    setText(withName(text, person.name));
  };
  return {
    /** Null while nobody is being named. */
    offered: letters === null ? null : (people.data ?? []),
    choose,
    named: namedIn(text, chosen),
  };
}
