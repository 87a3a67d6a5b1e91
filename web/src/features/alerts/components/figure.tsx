import { alerts as words } from "@/messages/alerts";

/** A number with its name; stands in a `dl`. */
export function Figure({ name, value }: { name: string; value: number }) {
  return (
    <div className="min-w-0 rounded-md bg-raised px-3 py-2">
      <dt className="truncate text-ink-2 text-xs">{name}</dt>
      <dd className="tabular font-semibold text-lg">{words.count(value)}</dd>
    </div>
  );
}
