import { expect, it } from "vitest";
import type { Chain, Inhibition, MaintenanceWindow, Schedule, Silence } from "@/lib/api/rule-types";
import { rules } from "@/messages/rules";
import { chainDraftOf, chainOf, chainProblems, newStep, problemsOfStep } from "./chains";
import { inhibitionDraftOf, inhibitionOf, inhibitionProblems } from "./inhibitions";
import { handoverInWords, scheduleDraftOf, scheduleOf, scheduleProblems } from "./schedules";
import { silenceDraftOf, silenceOf, silenceProblems, standingOf } from "./silences";
import { hoursInWords, windowDraftOf, windowOf, windowProblems } from "./windows";

const match = { country: ["ES"], hazard: [], source: [], keyword: [], incident: [] };
const silence: Silence = {
  match,
  reason: "drill",
  starts_at: "2026-03-02T10:00:07Z",
  ends_at: "2026-03-02T12:00:00Z",
};
const window: MaintenanceWindow = {
  match,
  reason: "siren test",
  zone: "Asia/Kolkata",
  hours: [
    { days: [1, 3], start: "11:00:00", end: "12:00:00" },
    { days: [], start: "02:00:00", end: "02:30:00" },
  ],
};
const inhibition: Inhibition = {
  reason: "the flood says it all",
  source: { ...match, min_severity: "critical" },
  target: { ...match, max_severity: "medium" },
  equal: ["country"],
  within_s: 5_400,
};
const schedule: Schedule = {
  name: "Night",
  zone: "UTC",
  members: ["a", "b"],
  handover: { every: "week", day: 3, hour: 7 },
  starts_on: "2026-03-02",
  overrides: [{ user: "c", from: "2026-03-04T00:00:09Z", until: "2026-03-05T00:00:00Z" }],
};
const chain: Chain = {
  name: "Critical",
  match,
  steps: [
    { wait_s: 0, users: ["a"], teams: [], schedules: ["s"], roles: [] },
    { wait_s: 600, users: [], teams: ["t"], schedules: [], roles: ["admin"], channels: ["sms"] },
  ],
  repeat: 2,
};

it("each kind goes through its form unharmed", () => {
  expect(silenceOf(silenceDraftOf(silence))).toEqual(silence);
  expect(windowOf(windowDraftOf(window))).toEqual(window);
  expect(inhibitionOf(inhibitionDraftOf(inhibition))).toEqual(inhibition);
  expect(scheduleOf(scheduleDraftOf(schedule))).toEqual(schedule);
  expect(chainOf(chainDraftOf(chain))).toEqual(chain);
  const daily: Schedule = { ...schedule, handover: { every: "day", hour: 0 } };
  expect(scheduleOf(scheduleDraftOf(daily))).toEqual(daily);
});

it("what is there can be saved as it is", () => {
  expect(silenceProblems(silenceDraftOf(silence))).toEqual({});
  expect(windowProblems(windowDraftOf(window))).toEqual({});
  expect(inhibitionProblems(inhibitionDraftOf(inhibition))).toEqual({});
  expect(scheduleProblems(scheduleDraftOf(schedule))).toEqual({});
  expect(chainProblems(chainDraftOf(chain))).toEqual({});
});

it("what is missing in a new one is said by field", () => {
  const empty = silenceDraftOf();
  expect(Object.keys(silenceProblems(empty))).toEqual(["reason"]);
  const back = { ...empty, reason: "x", until: empty.from };
  expect(silenceProblems(back)).toEqual({ ends_at: rules.endsBefore });
  expect(Object.keys(silenceProblems({ ...back, from: "" }))).toEqual(["starts_at"]);
  expect(windowProblems({ ...windowDraftOf(window), hours: [] })).toEqual({ hours: rules.noHours });
  const within = (text: string) => inhibitionProblems({ ...inhibitionDraftOf(inhibition), within: text });
  for (const text of ["", "0", "x", "10081"]) expect(within(text)).toEqual({ within_s: rules.notWithin });
  expect(Object.keys(scheduleProblems(scheduleDraftOf()))).toEqual(["name", "members"]);
  const standIn = { key: 0, user: "", from: "", until: "" };
  expect(scheduleProblems({ ...scheduleDraftOf(schedule), overrides: [standIn] })).toEqual({
    "overrides.0": rules.noWho,
  });
  const found = chainProblems({ ...chainDraftOf(), repeat: "6" });
  expect(Object.keys(found)).toEqual(["name", "steps.0.users", "repeat"]);
  expect(problemsOfStep(found, 0)).toEqual({ users: rules.noRecipient });
  const second = { ...newStep(1), wait: "0.5", roles: ["admin" as const], channels: [] };
  const late = chainProblems({ ...chainDraftOf(chain), steps: [newStep(0), second] });
  expect(problemsOfStep(late, 1)).toEqual({ wait_s: rules.notWait, channels: rules.noChannel });
});

it("is said in words", () => {
  expect(hoursInWords(window)).toEqual(["Mon, Wed 11:00 to 12:00", "every day 02:00 to 02:30"]);
  expect(handoverInWords(schedule.handover)).toBe("Handed over on Wednesday at 07:00");
  const at = (time: string) => standingOf(silence, Date.parse(`2026-03-02T${time}Z`));
  expect([at("10:00:06"), at("10:00:07"), at("12:00:00")]).toEqual(["upcoming", "inForce", "over"]);
});
