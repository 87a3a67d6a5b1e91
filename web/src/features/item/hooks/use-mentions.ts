import { useState } from "react";
import { useCombobox } from "@/components/ui/combobox";
import type { Person } from "@/lib/api/people";
import { usePeopleNamed } from "@/lib/use-people-named";
import { beginning, namedIn, withName } from "../api/mentions";

/** Whom a text names with `@`, and a choice of who could be meant by what is just being typed. */
export function useMentions(text: string, setText: (text: string) => void) {
  const [chosen, setChosen] = useState<Person[]>([]);
  const [isOpen, setOpen] = useState(false);
  const letters = beginning(text, chosen);
  const { people } = usePeopleNamed(letters);
  const { input, list } = useCombobox<Person>({
    options: letters === null ? null : people,
    isOpen,
    setOpen,
    onChoose: (person) => {
      setChosen((before) => [...before.filter(({ id }) => id !== person.id), person]);
      setText(withName(text, person.name));
    },
  });
  return { input, list, named: namedIn(text, chosen) };
}
