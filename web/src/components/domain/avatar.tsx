import { cx } from "@/lib/cx";
import { initials, personColour } from "@/lib/person";

export const PERSON_FILL = [
  "bg-person-0",
  "bg-person-1",
  "bg-person-2",
  "bg-person-3",
  "bg-person-4",
  "bg-person-5",
] as const;

/** A person's initials on their colour; the name stands beside it. */
export function Avatar({ id, name, className }: { id: string; name: string; className?: string }) {
  return (
    <span
      aria-hidden="true"
      className={cx(
        "inline-flex size-5 shrink-0 select-none items-center justify-center rounded-full font-semibold text-[10px] text-on-accent",
        PERSON_FILL[personColour(id)],
        className,
      )}
    >
      {initials(name)}
    </span>
  );
}
