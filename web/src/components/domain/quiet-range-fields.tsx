import { Trash2 } from "lucide-react";
import { useId } from "react";
import { IconButton } from "@/components/ui/button";
import { Field, Problem } from "@/components/ui/field";
import { cx } from "@/lib/cx";
import { endsNextDay, type QuietRange, toggled } from "@/lib/quiet-week";
import { dayNames, prefs, shortDayNames } from "@/messages/notify";

/** What ranges of hours are called where they are edited. */
export interface RangeWords {
  range: (number: number) => string;
  add: string;
  remove: (number: number) => string;
}

/** One range of hours of the week: the days on which it begins, from when, until when. */
export function QuietRangeFields({
  words,
  number,
  range,
  problem,
  onChange,
  onRemove,
}: {
  words: RangeWords;
  /** Its place in the list, from 1. */
  number: number;
  range: QuietRange;
  problem: string | undefined;
  onChange: (next: QuietRange) => void;
  onRemove: () => void;
}) {
  const id = useId();
  return (
    <fieldset className="flex min-w-0 flex-col gap-2.5 rounded-md border border-line p-3">
      <legend className="sr-only">{words.range(number)}</legend>
      <div className="flex items-start justify-between gap-2">
        <fieldset className="min-w-0">
          <legend className="mb-1 font-medium text-ink-2 text-xs">{prefs.quietDays}</legend>
          <div className="flex flex-wrap gap-1 max-sm:gap-0.5">
            {shortDayNames.map((name, index) => (
              <Day
                key={name}
                name={name}
                label={dayNames[index] ?? name}
                chosen={range.days.includes(index + 1)}
                onToggle={() => onChange({ ...range, days: toggled(range.days, index + 1) })}
              />
            ))}
          </div>
        </fieldset>
        <IconButton label={words.remove(number)} onClick={onRemove}>
          <Trash2 aria-hidden="true" className="size-4" />
        </IconButton>
      </div>
      <Problem text={problem} />
      <div className="flex flex-wrap items-start gap-2">
        <Time
          id={`${id}-from`}
          label={prefs.quietFrom}
          value={range.start}
          onChange={(start) => onChange({ ...range, start })}
        />
        <Time
          id={`${id}-to`}
          label={prefs.quietTo}
          hint={endsNextDay(range) ? prefs.quietNextDay : undefined}
          value={range.end}
          onChange={(end) => onChange({ ...range, end })}
        />
      </div>
      {range.start === range.end && <p className="text-medium text-xs">{prefs.quietNothing}</p>}
    </fieldset>
  );
}

function Day({
  name,
  label,
  chosen,
  onToggle,
}: {
  name: string;
  label: string;
  chosen: boolean;
  onToggle: () => void;
}) {
  return (
    <label
      className={cx(
        "relative grid h-8 cursor-pointer place-items-center rounded-md border px-2 font-medium text-xs max-sm:px-1.5 has-focus-visible:outline-2 has-focus-visible:outline-accent has-focus-visible:outline-offset-2",
        chosen
          ? "border-transparent bg-accent text-on-accent"
          : "border-line-strong text-ink-2 hover:bg-hover",
      )}
    >
      <input type="checkbox" aria-label={label} className="sr-only" checked={chosen} onChange={onToggle} />
      <span aria-hidden="true">{name}</span>
    </label>
  );
}

function Time({
  id,
  label,
  hint,
  value,
  onChange,
}: {
  id: string;
  label: string;
  hint?: string;
  value: string;
  onChange: (next: string) => void;
}) {
  return (
    <Field
      id={id}
      type="time"
      required
      label={label}
      hint={hint}
      className="w-36"
      value={value}
      onChange={({ target }) => onChange(target.value)}
    />
  );
}
