"use client";
import { useQuery } from "@tanstack/react-query";
import { keys } from "@/lib/api/keys";
import type { PresentUser } from "@/lib/api/types";
import { useMe } from "@/lib/use-me";
import { en } from "@/messages/en";

/** Who has this item open. */
export function PresentPeople({ id }: { id: string }) {
  const me = useMe().data;
  const people = useQuery<PresentUser[]>({
    queryKey: keys.presence(`item:${id}`),
    queryFn: () => [],
    enabled: false,
    initialData: [],
  }).data;
  if (people.length === 0) return null;
  return (
    <div className="mt-4 border-line border-t pt-3">
      <h3 className="mb-1.5 text-ink-3 text-xs">{en.item.present}</h3>
      <ul className="flex flex-wrap gap-1.5">
        {people.map((person) => (
          <li
            key={person.user_id}
            className="inline-flex items-center gap-1.5 rounded-full bg-raised py-0.5 pr-2.5 pl-2 text-xs"
          >
            <span aria-hidden="true" className="size-1.5 rounded-full bg-mark-low" />
            {person.name}
            {person.user_id === me?.id && <span className="text-ink-3">({en.item.you})</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}
