import type { Question } from "@/components/set-up/kind";
import { keptAt } from "@/lib/api/kept";
import type { FieldProblems } from "@/lib/api/problem";
import type { Silence } from "@/lib/api/rule-types";
import { instantOf, localOf } from "@/lib/local-time";
import { type MatchDraft, matchDraftOf, matchOf, matchProblems, meansEverything } from "@/lib/match";
import { dateTime } from "@/lib/time";
import { rules } from "@/messages/rules";

export const silences = keptAt<Silence>("/api/silences");

/** How long a new one lasts. */
const LASTS_MS = 2 * 3_600_000;

export interface SilenceDraft {
  match: MatchDraft;
  reason: string;
  /** As date fields have them. */
  from: string;
  until: string;
  /** What they were read from. */
  read?: Silence;
}

export function silenceDraftOf(it?: Silence): SilenceDraft {
  const now = Date.now();
  return {
    match: matchDraftOf(it?.match),
    reason: it?.reason ?? "",
    from: localOf(it?.starts_at ?? now),
    until: localOf(it?.ends_at ?? now + LASTS_MS),
    read: it,
  };
}

export const silenceOf = ({ match, reason, from, until, read }: SilenceDraft): Silence => ({
  match: matchOf(match),
  reason: reason.trim(),
  starts_at: instantOf(from, read?.starts_at),
  ends_at: instantOf(until, read?.ends_at),
});

export function silenceProblems({ match, reason, from, until }: SilenceDraft): FieldProblems {
  return {
    ...matchProblems(match),
    ...reasonProblem(reason),
    ...(!from && { starts_at: rules.noTime }),
    ...(!until ? { ends_at: rules.noTime } : from && until <= from && { ends_at: rules.endsBefore }),
  };
}

/** One that means every alert keeps everything from everybody. */
export const silenceQuestion = ({ match, until, read }: SilenceDraft): Question | null =>
  meansEverything(matchOf(match))
    ? { text: rules.silencesAll(dateTime(instantOf(until, read?.ends_at))), yes: rules.silenceAll }
    : null;

export const reasonProblem = (reason: string): FieldProblems =>
  reason.trim() === "" ? { reason: rules.noReason } : {};

export type Standing = "upcoming" | "inForce" | "over";

export function standingOf({ starts_at, ends_at }: Silence, now: number): Standing {
  if (now < Date.parse(starts_at)) return "upcoming";
  return now < Date.parse(ends_at) ? "inForce" : "over";
}
