import { Plus } from "lucide-react";
import { useId } from "react";
import { Button } from "@/components/ui/button";
import { Problem, SelectField } from "@/components/ui/field";
import { SEVERITIES, type Severity } from "@/lib/api/types";
import { prefs } from "@/messages/notify";
import { nights, type QuietRange } from "../api/quiet-week";
import type { GroupProps } from "./messages-form";
import { QuietRangeFields } from "./quiet-range-fields";
import { QuietWeekGrid } from "./quiet-week-grid";

/** As many as the server takes. */
const MOST = 20;

/** When nothing is sent, the week that this makes, and what is sent all the same. */
export function QuietFields({ draft: { quiet_hours, quiet_except }, onChange, problems }: GroupProps) {
  const id = useId();
  const set = (next: QuietRange[]) => onChange({ quiet_hours: next });
  const add = () => set([...quiet_hours, nights(1 + Math.max(-1, ...quiet_hours.map(({ key }) => key)))]);
  return (
    <div className="grid gap-x-6 gap-y-4 lg:grid-cols-2">
      <div className="flex min-w-0 flex-col gap-3">
        <p className="text-ink-3 text-xs">{prefs.quietText}</p>
        {quiet_hours.length === 0 && <p className="text-[13px]">{prefs.quietNone}</p>}
        {quiet_hours.map((range, at) => (
          <QuietRangeFields
            key={range.key}
            number={at + 1}
            range={range}
            problem={problems[`quiet_hours.${at}.days`] ?? problems[`quiet_hours.${at}`]}
            onChange={(next) => set(quiet_hours.with(at, next))}
            onRemove={() => set(quiet_hours.filter((other) => other !== range))}
          />
        ))}
        <Problem text={problems.quiet_hours} />
        <Button className="self-start" disabled={quiet_hours.length >= MOST} onClick={add}>
          <Plus aria-hidden="true" className="size-3.5" />
          {prefs.quietAdd}
        </Button>
      </div>
      <div className="flex min-w-0 flex-col gap-4">
        <QuietWeekGrid ranges={quiet_hours} />
        <SelectField
          id={`${id}-except`}
          label={prefs.quietExcept}
          problem={problems.quiet_except}
          value={quiet_except ?? ""}
          onChange={({ target }) => onChange({ quiet_except: (target.value || null) as Severity | null })}
        >
          <option value="">{prefs.quietExceptNone}</option>
          {SEVERITIES.map((severity) => (
            <option key={severity} value={severity}>
              {prefs.andAbove(severity)}
            </option>
          ))}
        </SelectField>
      </div>
    </div>
  );
}
