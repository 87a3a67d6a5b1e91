import type { ReactNode } from "react";
import { Problem } from "./field";

/** Fields that belong together below one name. */
export function FieldGroup({
  label,
  hint,
  problem,
  children,
}: {
  label: string;
  hint?: string;
  problem?: string | undefined;
  children: ReactNode;
}) {
  return (
    <fieldset className="flex min-w-0 flex-col gap-1">
      <legend className="mb-1 font-medium text-ink-2 text-xs">{label}</legend>
      {children}
      {hint && <p className="text-ink-3 text-xs">{hint}</p>}
      <Problem text={problem} />
    </fieldset>
  );
}
