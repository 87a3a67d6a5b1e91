"use client";
import { useId } from "react";
import { MatchPhrases } from "@/components/domain/match-phrases";
import { QuietRanges } from "@/components/domain/quiet-ranges";
import { QuietWeekGrid } from "@/components/domain/quiet-week-grid";
import { ZoneField } from "@/components/domain/zone-field";
import type { FieldsProps, Kind } from "@/components/set-up/kind";
import type { Kept } from "@/lib/api/kept";
import type { MaintenanceWindow } from "@/lib/api/rule-types";
import { rules, windowWords } from "@/messages/rules";
import {
  hoursInWords,
  type WindowDraft,
  windowDraftOf,
  windowOf,
  windowProblems,
  windowQuestion,
  windows,
} from "../api/windows";
import { FittingAlerts } from "./fitting-alerts";
import { FormBox, MatchBox, WhyLine } from "./form-parts";
import { Line } from "./summary-parts";

export const MAINTENANCE_WINDOW: Kind<MaintenanceWindow, WindowDraft> = {
  api: windows,
  editor: "approver",
  words: windowWords,
  nameOf: ({ reason }) => reason,
  draftOf: windowDraftOf,
  bodyOf: windowOf,
  problemsOf: windowProblems,
  askOf: windowQuestion,
  Fields,
  Summary,
};

const WORDS = { range: rules.range, add: rules.addRange, remove: rules.removeRange };

function Fields({ draft, onChange, problems }: FieldsProps<WindowDraft>) {
  const id = useId();
  return (
    <>
      <WhyLine draft={draft} problems={problems} onChange={onChange} />
      <FormBox label={rules.hours}>
        <div className="grid gap-4 sm:grid-cols-2">
          <div className="flex min-w-0 flex-col gap-3">
            <QuietRanges
              words={WORDS}
              ranges={draft.hours}
              field="hours"
              problems={problems}
              onChange={(hours) => onChange({ hours })}
            />
          </div>
          <div className="flex min-w-0 flex-col gap-4">
            <QuietWeekGrid ranges={draft.hours} />
            <ZoneField
              id={id}
              hint={rules.zoneHint}
              problem={problems.zone}
              value={draft.zone}
              onChange={(zone) => onChange({ zone })}
            />
          </div>
        </div>
      </FormBox>
      <MatchBox
        draft={draft.match}
        problems={problems}
        onChange={(match) => onChange({ match })}
        below={<FittingAlerts draft={draft.match} />}
      />
    </>
  );
}

function Summary({ it }: { it: Kept<MaintenanceWindow> }) {
  return (
    <>
      <MatchPhrases match={it.match} />
      <Line>{[...hoursInWords(it), it.zone, it.author && rules.by(it.author)]}</Line>
    </>
  );
}
