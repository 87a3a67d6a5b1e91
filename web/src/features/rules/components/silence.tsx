"use client";
import { MatchPhrases } from "@/components/domain/match-phrases";
import type { FieldsProps, Kind } from "@/components/set-up/kind";
import { Badge } from "@/components/ui/badge";
import type { Kept } from "@/lib/api/kept";
import type { Silence } from "@/lib/api/rule-types";
import { dateTime, useNow } from "@/lib/time";
import { rules, silenceWords } from "@/messages/rules";
import {
  type SilenceDraft,
  silenceDraftOf,
  silenceOf,
  silenceProblems,
  silenceQuestion,
  silences,
  standingOf,
} from "../api/silences";
import { FittingAlerts } from "./fitting-alerts";
import { MatchBox, SpanFields, WhyLine } from "./form-parts";
import { Line } from "./summary-parts";

export const SILENCE: Kind<Silence, SilenceDraft> = {
  api: silences,
  editor: "approver",
  words: silenceWords,
  nameOf: ({ reason }) => reason,
  draftOf: silenceDraftOf,
  bodyOf: silenceOf,
  problemsOf: silenceProblems,
  askOf: silenceQuestion,
  Fields,
  Summary,
};

function Fields({ draft, onChange, problems }: FieldsProps<SilenceDraft>) {
  return (
    <>
      <WhyLine draft={draft} problems={problems} onChange={onChange} />
      <SpanFields
        from={draft.from}
        until={draft.until}
        problems={{ from: problems.starts_at, until: problems.ends_at }}
        onChange={onChange}
      />
      <MatchBox
        draft={draft.match}
        problems={problems}
        onChange={(match) => onChange({ match })}
        below={<FittingAlerts draft={draft.match} />}
      />
    </>
  );
}

const TONES = { inForce: "high", upcoming: "accent", over: "plain" } as const;

function Summary({ it }: { it: Kept<Silence> }) {
  const standing = standingOf(it, useNow());
  return (
    <>
      <MatchPhrases match={it.match} />
      <Line lead={<Badge tone={TONES[standing]}>{rules[standing]}</Badge>}>
        {[rules.between(dateTime(it.starts_at), dateTime(it.ends_at)), it.author && rules.by(it.author)]}
      </Line>
    </>
  );
}
