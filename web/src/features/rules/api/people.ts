import { keptAt } from "@/lib/api/kept";
import type { Chain, Schedule, Team } from "@/lib/api/rule-types";

export const teams = keptAt<Team>("/api/teams");
export const schedules = keptAt<Schedule>("/api/on-call-schedules");
export const chains = keptAt<Chain>("/api/escalation-chains");

/** Everybody whom something names. */
export function peopleIn(
  of: { teams?: readonly Team[]; schedules?: readonly Schedule[]; chains?: readonly Chain[] } = {},
): string[] {
  const all = [
    ...(of.teams ?? []).flatMap(({ members }) => members),
    ...(of.schedules ?? []).flatMap(({ members, overrides }) => [
      ...members,
      ...overrides.map(({ user }) => user),
    ]),
    ...(of.chains ?? []).flatMap(({ steps }) => steps.flatMap(({ users }) => users)),
  ];
  return [...new Set(all)];
}
