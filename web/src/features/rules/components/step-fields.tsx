"use client";
import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { ChannelLabel } from "@/components/domain/channel-icon";
import { Check, Field } from "@/components/ui/field";
import { FieldGroup } from "@/components/ui/field-group";
import { CHANNELS } from "@/lib/api/notification-types";
import type { FieldProblems } from "@/lib/api/problem";
import { ROLES } from "@/lib/api/types";
import { roleName, rules } from "@/messages/rules";
import type { StepDraft } from "../api/chains";
import { schedules, teams } from "../api/groups";
import { CheckList, FormBox } from "./form-parts";
import { PeopleField } from "./people-field";

/** There may be any number of viewers: a step calls none by role. One that was chosen before can be taken away. */
const called = (chosen: StepDraft["roles"]) =>
  ROLES.filter((role) => role !== "viewer" || chosen.includes(role));

/** One step of a chain: after how long, whom, and how. */
export function StepFields({
  number,
  step,
  problems,
  onChange,
  onRemove,
}: {
  /** Its place, from 1. */
  number: number;
  step: StepDraft;
  problems: FieldProblems;
  onChange: (part: Partial<StepDraft>) => void;
  onRemove: () => void;
}) {
  const id = useId();
  const isFirst = number === 1;
  const groups = [
    { field: "teams", label: rules.teams, all: useQuery(teams.all()).data?.items ?? [] },
    { field: "schedules", label: rules.schedules, all: useQuery(schedules.all()).data?.items ?? [] },
  ] as const;
  return (
    <FormBox label={rules.step(number)} remove={{ label: rules.removeStep(number), onRemove }}>
      <Field
        id={id}
        type="number"
        step="any"
        inputMode="decimal"
        className="sm:w-1/2"
        label={isFirst ? rules.waitFirst : rules.wait}
        hint={isFirst ? rules.waitFirstHint : rules.waitHint}
        problem={problems.wait_s}
        value={step.wait}
        onChange={({ target }) => onChange({ wait: target.value })}
      />
      <PeopleField
        label={rules.members}
        problem={problems.users}
        people={step.users}
        onChange={(users) => onChange({ users })}
      />
      {groups.map(
        ({ field, label, all }) =>
          (all.length > 0 || step[field].length > 0) && (
            <CheckList
              key={field}
              label={label}
              problem={problems[field]}
              all={withGone(all, step[field])}
              chosen={step[field]}
              onChange={(chosen) => onChange({ [field]: chosen })}
            />
          ),
      )}
      <CheckList
        label={rules.roles}
        problem={problems.roles}
        all={called(step.roles).map((value) => ({ value, name: roleName[value] }))}
        chosen={step.roles}
        onChange={(roles) => onChange({ roles })}
      />
      <ChannelsField step={step} problem={problems.channels} onChange={onChange} />
    </FormBox>
  );
}

/** Those that there are, and those that are chosen and are no more, so that they can be taken away. */
function withGone(all: readonly { id: string; name: string }[], chosen: readonly string[]) {
  const gone = chosen.filter((id) => all.every((one) => one.id !== id));
  return [
    ...all.map(({ id, name }) => ({ value: id, name })),
    ...gone.map((id) => ({ value: id, name: `${id.slice(0, 8)} (${rules.gone})` })),
  ];
}

function ChannelsField({
  step: { channels },
  problem,
  onChange,
}: {
  step: StepDraft;
  problem: string | undefined;
  onChange: (part: Partial<StepDraft>) => void;
}) {
  return (
    <FieldGroup label={rules.channels} problem={problem}>
      <Check
        label={rules.allChannels}
        checked={channels === null}
        onChange={({ target }) => onChange({ channels: target.checked ? null : ["email"] })}
      />
      {channels && (
        <CheckList
          label={rules.onThese}
          all={CHANNELS.map((value) => ({ value, name: <ChannelLabel channel={value} /> }))}
          chosen={channels}
          onChange={(next) => onChange({ channels: next })}
        />
      )}
    </FieldGroup>
  );
}
