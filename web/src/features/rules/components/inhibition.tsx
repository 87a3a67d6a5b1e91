"use client";
import { useId } from "react";
import { MatchPhrases } from "@/components/domain/match-phrases";
import type { FieldsProps, Kind } from "@/components/set-up/kind";
import { Field } from "@/components/ui/field";
import type { Kept } from "@/lib/api/kept";
import { type Inhibition, SHARED } from "@/lib/api/rule-types";
import { inhibitionWords, rules, sharedName } from "@/messages/rules";
import {
  type InhibitionDraft,
  inhibitionDraftOf,
  inhibitionOf,
  inhibitionProblems,
  inhibitions,
} from "../api/inhibitions";
import { CheckList, MatchBox, WhyLine } from "./form-parts";
import { Labelled, Line } from "./summary-parts";

export const INHIBITION: Kind<Inhibition, InhibitionDraft> = {
  api: inhibitions,
  editor: "approver",
  words: inhibitionWords,
  nameOf: ({ reason }) => reason,
  draftOf: inhibitionDraftOf,
  bodyOf: inhibitionOf,
  problemsOf: inhibitionProblems,
  Fields,
  Summary,
};

function Fields({ draft, onChange, problems }: FieldsProps<InhibitionDraft>) {
  const id = useId();
  return (
    <>
      <WhyLine draft={draft} problems={problems} onChange={onChange} />
      {(["source", "target"] as const).map((field) => (
        <MatchBox
          key={field}
          label={rules[field]}
          field={field}
          draft={draft[field]}
          problems={problems}
          onChange={(match) => onChange({ [field]: match })}
        />
      ))}
      <div className="grid gap-3 sm:grid-cols-2">
        <CheckList
          label={rules.equal}
          problem={problems.equal}
          all={SHARED.map((value) => ({ value, name: sharedName[value] }))}
          chosen={draft.equal}
          onChange={(equal) => onChange({ equal })}
        />
        <Field
          id={id}
          type="number"
          step="any"
          inputMode="decimal"
          label={rules.within}
          hint={rules.withinHint}
          problem={problems.within_s}
          value={draft.within}
          onChange={({ target }) => onChange({ within: target.value })}
        />
      </div>
    </>
  );
}

function Summary({ it: { source, target, equal, within_s } }: { it: Kept<Inhibition> }) {
  return (
    <>
      <Labelled label={rules.source}>
        <MatchPhrases match={source} />
      </Labelled>
      <Labelled label={rules.target}>
        <MatchPhrases match={target} />
      </Labelled>
      <Line>
        {[
          equal.length > 0
            ? `${rules.equal} ${equal.map((each) => sharedName[each]).join(", ")}`
            : rules.anyPlace,
          rules.lasting(within_s / 60),
        ]}
      </Line>
    </>
  );
}
