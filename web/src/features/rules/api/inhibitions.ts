import { keptAt } from "@/lib/api/kept";
import type { FieldProblems } from "@/lib/api/problem";
import type { Inhibition, Shared } from "@/lib/api/rule-types";
import { type MatchDraft, matchDraftOf, matchOf, matchProblems } from "@/lib/match";
import { rules } from "@/messages/rules";
import { numberIn } from "./numbers";
import { reasonProblem } from "./silences";

export const inhibitions = keptAt<Inhibition>("/api/inhibitions");

/** A week. */
const MOST_MINUTES = 7 * 24 * 60;

export interface InhibitionDraft {
  reason: string;
  source: MatchDraft;
  target: MatchDraft;
  equal: Shared[];
  /** Minutes as typed. */
  within: string;
}

export function inhibitionDraftOf(it?: Inhibition): InhibitionDraft {
  return {
    reason: it?.reason ?? "",
    source: matchDraftOf(it?.source),
    target: matchDraftOf(it?.target),
    equal: it?.equal ?? ["country", "hazard"],
    within: String((it?.within_s ?? 3_600) / 60),
  };
}

export const inhibitionOf = ({ reason, source, target, equal, within }: InhibitionDraft): Inhibition => ({
  reason: reason.trim(),
  source: matchOf(source),
  target: matchOf(target),
  equal,
  within_s: Math.round(Number(within) * 60),
});

export function inhibitionProblems({ reason, source, target, within }: InhibitionDraft): FieldProblems {
  return {
    ...reasonProblem(reason),
    ...matchProblems(source, "source"),
    ...matchProblems(target, "target"),
    ...(numberIn(within, 0.1, MOST_MINUTES) === null && { within_s: rules.notWithin }),
  };
}
