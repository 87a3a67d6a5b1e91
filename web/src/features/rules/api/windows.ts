import type { Question } from "@/components/set-up/kind";
import { keptAt } from "@/lib/api/kept";
import type { FieldProblems } from "@/lib/api/problem";
import type { MaintenanceWindow } from "@/lib/api/rule-types";
import { type MatchDraft, matchDraftOf, matchOf, matchProblems, meansEverything } from "@/lib/match";
import { nights, type QuietRange, quietHoursOf, rangeOf, rangeProblems } from "@/lib/quiet-week";
import { zoneHere } from "@/lib/zones";
import { shortDayNames } from "@/messages/notify";
import { rules } from "@/messages/rules";
import { reasonProblem } from "./silences";

export const windows = keptAt<MaintenanceWindow>("/api/maintenance-windows");

export interface WindowDraft {
  match: MatchDraft;
  reason: string;
  zone: string;
  hours: QuietRange[];
}

export function windowDraftOf(it?: MaintenanceWindow): WindowDraft {
  return {
    match: matchDraftOf(it?.match),
    reason: it?.reason ?? "",
    zone: it?.zone ?? zoneHere(),
    hours: it?.hours.map(rangeOf) ?? [{ ...nights(0), days: [1], start: "11:00", end: "12:00" }],
  };
}

export const windowOf = ({ match, reason, zone, hours }: WindowDraft): MaintenanceWindow => ({
  match: matchOf(match),
  reason: reason.trim(),
  zone,
  hours: hours.map(quietHoursOf),
});

export function windowProblems({ match, reason, hours }: WindowDraft): FieldProblems {
  return {
    ...matchProblems(match),
    ...reasonProblem(reason),
    ...rangeProblems(hours, "hours"),
    ...(hours.length === 0 && { hours: rules.noHours }),
  };
}

/** One that means every alert keeps everything from everybody at these hours. */
export const windowQuestion = ({ match }: WindowDraft): Question | null =>
  meansEverything(matchOf(match)) ? { text: rules.windowAll, yes: rules.silenceAll } : null;

/** `Mon, Tue 11:00 to 12:00` for each range. */
export function hoursInWords({ hours }: MaintenanceWindow): string[] {
  return hours.map(rangeOf).map(({ days, start, end }) => {
    const named = days.map((day) => shortDayNames[day - 1]).join(", ");
    return `${days.length === shortDayNames.length ? rules.everyDay : named} ${rules.between(start, end)}`;
  });
}
