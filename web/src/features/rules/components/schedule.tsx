"use client";
import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { ZoneField } from "@/components/domain/zone-field";
import type { FieldsProps, Kind } from "@/components/set-up/kind";
import { Field, SelectField } from "@/components/ui/field";
import type { Kept } from "@/lib/api/kept";
import type { Handover, Schedule } from "@/lib/api/rule-types";
import { dateTime } from "@/lib/time";
import { dayNames } from "@/messages/notify";
import { rules, scheduleWords } from "@/messages/rules";
import { schedules } from "../api/groups";
import {
  clockOf,
  handoverInWords,
  onCallQuery,
  type ScheduleDraft,
  scheduleDraftOf,
  scheduleOf,
  scheduleProblems,
} from "../api/schedules";
import { TextLine } from "./form-parts";
import { OverridesField } from "./overrides-field";
import { PeopleField, PeopleNames } from "./people-field";
import { Line } from "./summary-parts";

export const SCHEDULE: Kind<Schedule, ScheduleDraft> = {
  api: schedules,
  editor: "approver",
  words: scheduleWords,
  nameOf: ({ name }) => name,
  draftOf: scheduleDraftOf,
  bodyOf: scheduleOf,
  problemsOf: scheduleProblems,
  Fields,
  Summary,
};

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

function Fields({ draft, onChange, problems }: FieldsProps<ScheduleDraft>) {
  const id = useId();
  return (
    <>
      <TextLine
        label={rules.name}
        problem={problems.name}
        value={draft.name}
        onChange={(name) => onChange({ name })}
      />
      <PeopleField
        ordered
        label={rules.order}
        problem={problems.members}
        people={draft.members}
        onChange={(members) => onChange({ members })}
      />
      <HandoverFields draft={draft} onChange={onChange} problems={problems} />
      <div className="grid gap-3 sm:grid-cols-2">
        <Field
          id={`${id}-starts`}
          type="date"
          required
          label={rules.startsOn}
          hint={rules.startsOnHint}
          problem={problems.starts_on}
          value={draft.starts_on}
          onChange={({ target }) => onChange({ starts_on: target.value })}
        />
        <ZoneField
          id={`${id}-zone`}
          hint={rules.zoneHint}
          problem={problems.zone}
          value={draft.zone}
          onChange={(zone) => onChange({ zone })}
        />
      </div>
      <OverridesField draft={draft} onChange={onChange} problems={problems} />
    </>
  );
}

/** How long each has it. */
function HandoverFields({ draft: { every, day, hour }, onChange, problems }: FieldsProps<ScheduleDraft>) {
  const id = useId();
  return (
    <div className="grid gap-3 sm:grid-cols-3">
      <SelectField
        id={`${id}-every`}
        label={rules.handover}
        problem={problems.handover}
        value={every}
        onChange={({ target }) => onChange({ every: target.value as Handover["every"] })}
      >
        <option value="day">{rules.every.day}</option>
        <option value="week">{rules.every.week}</option>
      </SelectField>
      {every === "week" && (
        <SelectField
          id={`${id}-day`}
          label={rules.on}
          value={day}
          onChange={({ target }) => onChange({ day: Number(target.value) })}
        >
          {dayNames.map((name, at) => (
            <option key={name} value={at + 1}>
              {name}
            </option>
          ))}
        </SelectField>
      )}
      <SelectField
        id={`${id}-hour`}
        label={rules.at}
        value={hour}
        onChange={({ target }) => onChange({ hour: Number(target.value) })}
      >
        {HOURS.map((each) => (
          <option key={each} value={each}>
            {clockOf(each)}
          </option>
        ))}
      </SelectField>
    </div>
  );
}

function Summary({ it }: { it: Kept<Schedule> }) {
  const onCall = useQuery(onCallQuery(it.id, it.version)).data;
  return (
    <>
      {onCall && (
        <p className="text-[13px]">
          <span className="text-ink-3">{rules.onCall}: </span>
          <span className="font-medium">{onCall.name ?? rules.nobody}</span>
          {onCall.until && (
            <span className="text-ink-2">
              {" "}
              {rules.until.toLowerCase()} {dateTime(onCall.until)}
            </span>
          )}
        </p>
      )}
      <PeopleNames people={it.members} />
      <Line>
        {[
          handoverInWords(it.handover),
          it.zone,
          rules.since(it.starts_on),
          it.overrides.length > 0 && rules.standIns(it.overrides.length),
        ]}
      </Line>
    </>
  );
}
