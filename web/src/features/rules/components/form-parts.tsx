import { Plus, Trash2 } from "lucide-react";
import { type ReactNode, useId } from "react";
import { MatchFields } from "@/components/domain/match-fields";
import { Button, IconButton } from "@/components/ui/button";
import { Check, Field } from "@/components/ui/field";
import { FieldGroup } from "@/components/ui/field-group";
import type { FieldProblems } from "@/lib/api/problem";
import type { MatchDraft } from "@/lib/match";
import { rules } from "@/messages/rules";

/** Longest text that the server takes. */
const MAX_TEXT = 500;

/** Which alerts a rule is about, in a box of its own; `label` where there are several. */
export function MatchBox({
  label = rules.match,
  below,
  ...fields
}: {
  label?: string;
  /** What is said of the match as it is. */
  below?: ReactNode;
  draft: MatchDraft;
  onChange: (next: MatchDraft) => void;
  problems: FieldProblems;
  field?: string;
}) {
  return (
    <FormBox label={label}>
      <p className="text-ink-3 text-xs">{rules.matchHint}</p>
      <MatchFields {...fields} onChange={(part) => fields.onChange({ ...fields.draft, ...part })} />
      {below}
    </FormBox>
  );
}

/** A part of a form in a box, with its name and, where it is one of several, a way to take it away. */
export function FormBox({
  label,
  remove,
  children,
}: {
  label: string;
  remove?: { label: string; onRemove: () => void };
  children: ReactNode;
}) {
  return (
    <fieldset className="relative flex min-w-0 flex-col gap-3 rounded-md border border-line p-3">
      <legend className="px-1 font-semibold text-xs">{label}</legend>
      {children}
      {remove && (
        <IconButton
          size="smallSquare"
          label={remove.label}
          className="absolute top-0 right-1"
          onClick={remove.onRemove}
        >
          <Trash2 aria-hidden="true" className="size-4" />
        </IconButton>
      )}
    </fieldset>
  );
}

/** A line of text that must be given. */
export function TextLine({
  label,
  hint,
  problem,
  value,
  onChange,
}: {
  label: string;
  hint?: string;
  problem: string | undefined;
  value: string;
  onChange: (next: string) => void;
}) {
  return (
    <Field
      id={useId()}
      required
      maxLength={MAX_TEXT}
      label={label}
      hint={hint}
      problem={problem}
      value={value}
      onChange={({ target }) => onChange(target.value)}
    />
  );
}

/** Why there is such a rule, for those who are not told. */
export function WhyLine({
  draft,
  problems,
  onChange,
}: {
  draft: { reason: string };
  problems: FieldProblems;
  onChange: (part: { reason: string }) => void;
}) {
  return (
    <TextLine
      label={rules.why}
      hint={rules.whyHint}
      problem={problems.reason}
      value={draft.reason}
      onChange={(reason) => onChange({ reason })}
    />
  );
}

/** Begin and end of a time. */
export function SpanFields({
  from,
  until,
  problems,
  onChange,
}: {
  from: string;
  until: string;
  problems: { from?: string; until?: string };
  onChange: (part: { from: string } | { until: string }) => void;
}) {
  const id = useId();
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      <Field
        id={`${id}-from`}
        type="datetime-local"
        required
        label={rules.from}
        problem={problems.from}
        value={from}
        onChange={({ target }) => onChange({ from: target.value })}
      />
      <Field
        id={`${id}-until`}
        type="datetime-local"
        required
        label={rules.until}
        problem={problems.until}
        value={until}
        onChange={({ target }) => onChange({ until: target.value })}
      />
    </div>
  );
}

/** Some of several. */
export function CheckList<Value extends string>({
  label,
  hint,
  problem,
  all,
  chosen,
  onChange,
}: {
  label: string;
  hint?: string;
  problem?: string;
  all: readonly { value: Value; name: ReactNode }[];
  chosen: readonly Value[];
  onChange: (next: Value[]) => void;
}) {
  return (
    <FieldGroup label={label} hint={hint} problem={problem}>
      <div className="flex flex-wrap gap-x-4">
        {all.map(({ value, name }) => (
          <Check
            key={value}
            label={name}
            checked={chosen.includes(value)}
            onChange={({ target }) =>
              onChange(target.checked ? [...chosen, value] : chosen.filter((other) => other !== value))
            }
          />
        ))}
      </div>
    </FieldGroup>
  );
}

/** Adds one more of several. */
export function AddOne({ label, disabled, onAdd }: { label: string; disabled?: boolean; onAdd: () => void }) {
  return (
    <Button className="self-start" disabled={disabled} onClick={onAdd}>
      <Plus aria-hidden="true" className="size-3.5" />
      {label}
    </Button>
  );
}

/** A key that none of the list has. */
export const keyAfter = (list: readonly { key: number }[]): number =>
  1 + Math.max(-1, ...list.map(({ key }) => key));
