import { Plus } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Problem } from "@/components/ui/field";
import type { FieldProblems } from "@/lib/api/problem";
import { nights, type QuietRange } from "@/lib/quiet-week";
import { QuietRangeFields, type RangeWords } from "./quiet-range-fields";

/** As many as the server takes. */
const MOST = 20;

/** Hours of the week: as many ranges as are wanted. */
export function QuietRanges({
  words,
  ranges,
  field,
  problems,
  onChange,
}: {
  words: RangeWords;
  ranges: QuietRange[];
  /** What the API calls the list. */
  field: string;
  problems: FieldProblems;
  onChange: (next: QuietRange[]) => void;
}) {
  const add = () => onChange([...ranges, nights(1 + Math.max(-1, ...ranges.map(({ key }) => key)))]);
  return (
    <>
      {ranges.map((range, at) => (
        <QuietRangeFields
          key={range.key}
          words={words}
          number={at + 1}
          range={range}
          problem={problems[`${field}.${at}.days`] ?? problems[`${field}.${at}`]}
          onChange={(next) => onChange(ranges.with(at, next))}
          onRemove={() => onChange(ranges.filter((other) => other !== range))}
        />
      ))}
      <Problem text={problems[field]} />
      <Button className="self-start" disabled={ranges.length >= MOST} onClick={add}>
        <Plus aria-hidden="true" className="size-3.5" />
        {words.add}
      </Button>
    </>
  );
}
