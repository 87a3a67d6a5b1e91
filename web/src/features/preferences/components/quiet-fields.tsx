import { useId } from "react";
import { QuietRanges } from "@/components/domain/quiet-ranges";
import { QuietWeekGrid } from "@/components/domain/quiet-week-grid";
import { SelectField } from "@/components/ui/field";
import { SEVERITIES, type Severity } from "@/lib/api/types";
import { prefs } from "@/messages/notify";
import type { GroupProps } from "./messages-form";

const WORDS = { range: prefs.quietRange, add: prefs.quietAdd, remove: prefs.quietRemove };

/** When nothing is sent, the week that this makes, and what is sent all the same. */
export function QuietFields({ draft: { quiet_hours, quiet_except }, onChange, problems }: GroupProps) {
  const id = useId();
  return (
    <div className="grid gap-x-6 gap-y-4 lg:grid-cols-2">
      <div className="flex min-w-0 flex-col gap-3">
        <p className="text-ink-3 text-xs">{prefs.quietText}</p>
        {quiet_hours.length === 0 && <p className="text-[13px]">{prefs.quietNone}</p>}
        <QuietRanges
          words={WORDS}
          ranges={quiet_hours}
          field="quiet_hours"
          problems={problems}
          onChange={(next) => onChange({ quiet_hours: next })}
        />
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
