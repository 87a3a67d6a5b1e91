"use client";
import { Pencil } from "lucide-react";
import { Avatar } from "@/components/domain/avatar";
import { en } from "@/messages/en";
import { lock as words } from "@/messages/lock";
import { usePresent } from "../hooks/use-present";

/** Who has this item open, and which of them edits it. */
export function PresentPeople({ room, me, holder }: { room: string; me?: string; holder?: string }) {
  const people = usePresent(room);
  if (people.length === 0) return null;
  return (
    <div className="mt-4 border-line border-t pt-3">
      <h3 className="mb-1.5 text-ink-3 text-xs">{en.item.present}</h3>
      <ul className="flex flex-wrap gap-1.5">
        {people.map(({ user_id, name, state }) => (
          <li
            key={user_id}
            data-present={name}
            data-availability={state}
            className="inline-flex max-w-full items-center gap-1.5 rounded-full bg-raised py-0.5 pr-2.5 pl-0.5 text-xs"
          >
            <Avatar id={user_id} name={name} />
            <span className="truncate">{name}</span>
            {state !== "active" && <span className="text-ink-3">{en.item.availability[state]}</span>}
            {user_id === me && <span className="text-ink-3">({en.item.you})</span>}
            {user_id === holder && (
              <>
                <Pencil aria-hidden="true" className="size-3 text-accent" />
                <span className="sr-only">{words.edits}</span>
              </>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
