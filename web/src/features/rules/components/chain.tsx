"use client";
import { useId } from "react";
import { MatchPhrases } from "@/components/domain/match-phrases";
import type { FieldsProps, Kind } from "@/components/set-up/kind";
import { Field, Problem } from "@/components/ui/field";
import type { Kept } from "@/lib/api/kept";
import type { Chain } from "@/lib/api/rule-types";
import { chainWords, rules } from "@/messages/rules";
import {
  type ChainDraft,
  chainDraftOf,
  chainOf,
  chainProblems,
  MOST_STEPS,
  newStep,
  problemsOfStep,
} from "../api/chains";
import { chains } from "../api/groups";
import { ChainSteps } from "./chain-steps";
import { AddOne, keyAfter, MatchBox, TextLine } from "./form-parts";
import { StepFields } from "./step-fields";

export const CHAIN: Kind<Chain, ChainDraft> = {
  api: chains,
  editor: "approver",
  words: chainWords,
  nameOf: ({ name }) => name,
  draftOf: chainDraftOf,
  bodyOf: chainOf,
  problemsOf: chainProblems,
  Fields,
  Summary,
};

function Fields({ draft, onChange, problems }: FieldsProps<ChainDraft>) {
  const id = useId();
  const { steps } = draft;
  return (
    <>
      <TextLine
        label={rules.name}
        problem={problems.name}
        value={draft.name}
        onChange={(name) => onChange({ name })}
      />
      {steps.map((step, at) => (
        <StepFields
          key={step.key}
          number={at + 1}
          step={step}
          problems={problemsOfStep(problems, at)}
          onChange={(part) => onChange({ steps: steps.with(at, { ...step, ...part }) })}
          onRemove={() => onChange({ steps: steps.filter((other) => other !== step) })}
        />
      ))}
      <AddOne
        label={rules.addStep}
        disabled={steps.length >= MOST_STEPS}
        onAdd={() => onChange({ steps: [...steps, newStep(keyAfter(steps))] })}
      />
      {["steps", "steps.users", "steps.teams", "steps.schedules"].map((field) => (
        <Problem key={field} text={problems[field]} />
      ))}
      <Field
        id={id}
        type="number"
        min={0}
        max={5}
        className="sm:w-1/2"
        label={rules.repeat}
        hint={rules.repeatHint}
        problem={problems.repeat}
        value={draft.repeat}
        onChange={({ target }) => onChange({ repeat: target.value })}
      />
      <MatchBox draft={draft.match} problems={problems} onChange={(match) => onChange({ match })} />
    </>
  );
}

function Summary({ it }: { it: Kept<Chain> }) {
  return (
    <>
      <MatchPhrases match={it.match} />
      <ChainSteps chain={it} />
    </>
  );
}
