import type { ComponentProps } from "react";
import { cx } from "@/lib/cx";

export const inputClass =
  "h-9 w-full rounded-md border border-line-strong bg-panel px-2.5 text-ink placeholder:text-ink-3 max-sm:text-base";

/** A labelled input; `hint` is read out with it. */
export function Field({
  label,
  hint,
  id,
  className,
  ...rest
}: ComponentProps<"input"> & { label: string; hint?: string; id: string }) {
  return (
    <div className={cx("flex flex-col gap-1", className)}>
      <label htmlFor={id} className="font-medium text-ink-2 text-xs">
        {label}
      </label>
      <input id={id} className={inputClass} aria-describedby={hint ? `${id}-hint` : undefined} {...rest} />
      {hint && (
        <p id={`${id}-hint`} className="text-ink-3 text-xs">
          {hint}
        </p>
      )}
    </div>
  );
}
