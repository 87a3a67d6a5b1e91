import type { ComponentProps, ReactNode } from "react";
import { cx } from "@/lib/cx";

const EDGE =
  "w-full rounded-md border border-line-strong bg-panel px-2.5 text-ink placeholder:text-ink-3 aria-invalid:border-mark-critical max-sm:text-base";
export const inputClass = `h-9 ${EDGE}`;

interface Described {
  label: string;
  hint?: string;
  /** What is wrong with what was given. */
  problem?: string;
  id: string;
}

/** A labelled input; `hint` and `problem` are read out with it. */
export function Field({ label, hint, problem, id, className, ...rest }: ComponentProps<"input"> & Described) {
  return (
    <Labelled {...{ label, hint, problem, id, className }}>
      <input id={id} className={inputClass} {...described(id, hint, problem)} {...rest} />
    </Labelled>
  );
}

/** The same for a longer text. */
export function TextField({
  label,
  hint,
  problem,
  id,
  className,
  ...rest
}: ComponentProps<"textarea"> & Described) {
  return (
    <Labelled {...{ label, hint, problem, id, className }}>
      <textarea id={id} className={cx(EDGE, "resize-y py-2")} {...described(id, hint, problem)} {...rest} />
    </Labelled>
  );
}

/** The same for a choice of one. */
export function SelectField({
  label,
  hint,
  problem,
  id,
  className,
  ...rest
}: ComponentProps<"select"> & Described) {
  return (
    <Labelled {...{ label, hint, problem, id, className }}>
      <select id={id} className={inputClass} {...described(id, hint, problem)} {...rest} />
    </Labelled>
  );
}

/** A box to tick, with its words behind it. */
export function Check({
  label,
  className,
  ...rest
}: Omit<ComponentProps<"input">, "type"> & { label: ReactNode }) {
  return (
    <label className={cx("flex min-h-7 cursor-pointer items-center gap-2 text-[13px]", className)}>
      <input type="checkbox" className="size-3.5 shrink-0 accent-accent" {...rest} />
      {label}
    </label>
  );
}

/** What is wrong with a field, read out when it comes. */
export function Problem({ id, text }: { id?: string; text: string | undefined }) {
  if (!text) return null;
  return (
    <p id={id} role="alert" className="break-words text-critical text-xs">
      {text}
    </p>
  );
}

function Labelled({
  label,
  hint,
  problem,
  id,
  className,
  children,
}: Described & { className?: string; children: ReactNode }) {
  return (
    <div className={cx("flex min-w-0 flex-col gap-1", className)}>
      <label htmlFor={id} className="font-medium text-ink-2 text-xs">
        {label}
      </label>
      {children}
      {hint && (
        <p id={`${id}-hint`} className="text-ink-3 text-xs">
          {hint}
        </p>
      )}
      <Problem id={`${id}-problem`} text={problem} />
    </div>
  );
}

function described(id: string, hint: string | undefined, problem: string | undefined) {
  const by = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ");
  return { "aria-describedby": by || undefined, "aria-invalid": problem ? true : undefined };
}
