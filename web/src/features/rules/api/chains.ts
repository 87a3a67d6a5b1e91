import { CHANNELS } from "@/lib/api/notification-types";
import type { FieldProblems } from "@/lib/api/problem";
import type { Chain, Step } from "@/lib/api/rule-types";
import { type Channel, ROLES, type Role } from "@/lib/api/types";
import { type MatchDraft, matchDraftOf, matchOf, matchProblems } from "@/lib/match";
import { rules } from "@/messages/rules";
import { numberIn } from "./numbers";
import { nameProblem } from "./schedules";

/** A day. */
const MOST_MINUTES = 24 * 60;
const MOST_REPEATS = 5;
/** As many as the server takes. */
export const MOST_STEPS = 20;

export interface StepDraft {
  /** Tells those of one list apart. */
  key: number;
  /** Minutes as typed. */
  wait: string;
  users: string[];
  teams: string[];
  schedules: string[];
  roles: Role[];
  /** Null: all that each person has. */
  channels: Channel[] | null;
}

export interface ChainDraft {
  name: string;
  match: MatchDraft;
  steps: StepDraft[];
  repeat: string;
}

export function newStep(key: number): StepDraft {
  const wait = key === 0 ? "0" : "10";
  return { key, wait, users: [], teams: [], schedules: [], roles: [], channels: null };
}

export function chainDraftOf(it?: Chain): ChainDraft {
  return {
    name: it?.name ?? "",
    match: matchDraftOf(it?.match),
    steps: it?.steps.map(stepDraftOf) ?? [newStep(0)],
    repeat: String(it?.repeat ?? 0),
  };
}

function stepDraftOf({ wait_s, channels, ...whom }: Step, key: number): StepDraft {
  return { ...whom, key, wait: String(wait_s / 60), channels: channels ?? null };
}

export const chainOf = ({ name, match, steps, repeat }: ChainDraft): Chain => ({
  name: name.trim(),
  match: matchOf(match),
  steps: steps.map(stepOf),
  repeat: Number(repeat),
});

function stepOf({ wait, users, teams, schedules, roles, channels }: StepDraft): Step {
  return {
    wait_s: Math.round(Number(wait) * 60),
    users,
    teams,
    schedules,
    roles: ROLES.filter((role) => roles.includes(role)),
    ...(channels && { channels: CHANNELS.filter((channel) => channels.includes(channel)) }),
  };
}

export function chainProblems({ name, match, steps, repeat }: ChainDraft): FieldProblems {
  const ofSteps = steps.map((step, at) => stepProblems(step, at));
  const times = numberIn(repeat, 0, MOST_REPEATS);
  return {
    ...nameProblem(name),
    ...matchProblems(match),
    ...(steps.length === 0 && { steps: rules.noSteps }),
    ...Object.assign({}, ...ofSteps),
    ...((times === null || !Number.isInteger(times)) && { repeat: rules.notRepeat }),
  };
}

function stepProblems(step: StepDraft, at: number): FieldProblems {
  const { users, teams, schedules, roles, channels } = step;
  const field = `steps.${at}`;
  const isForNobody = [users, teams, schedules, roles].every((list) => list.length === 0);
  return {
    ...(numberIn(step.wait, at === 0 ? 0 : 1, MOST_MINUTES) === null && {
      [`${field}.wait_s`]: rules.notWait,
    }),
    ...(isForNobody && { [`${field}.users`]: rules.noRecipient }),
    ...(channels?.length === 0 && { [`${field}.channels`]: rules.noChannel }),
  };
}

/** A step's problems by the names that a step gives them; those of the whole list are everybody's. */
export function problemsOfStep(problems: FieldProblems, at: number): FieldProblems {
  const own = `steps.${at}.`;
  const found = Object.entries(problems).filter(([field]) => field.startsWith(own));
  return Object.fromEntries(found.map(([field, problem]) => [field.slice(own.length), problem]));
}
