import type { Person } from "@/lib/api/people";
import { useMe } from "@/lib/use-me";
import { people as words } from "@/messages/people";
import { Avatar } from "./avatar";

/** Letters of an account's id that tell namesakes apart. */
const SHORT_ID = 8;

/** A person to choose. */
export function PersonOption({ person: { id, name }, among }: { person: Person; among: readonly Person[] }) {
  const me = useMe().data;
  const isNamesake = among.some((other) => other.id !== id && other.name === name);
  return (
    <>
      <Avatar id={id} name={name} />
      <span className="min-w-0 truncate">{name}</span>
      {isNamesake && <span className="font-mono text-ink-3 text-xs">{id.slice(0, SHORT_ID)}</span>}
      {id === me?.id && <span className="text-ink-3 text-xs">({words.you})</span>}
    </>
  );
}
