import { keptAt } from "@/lib/api/kept";
import type { Chain, Schedule, Team } from "@/lib/api/rule-types";

export const teams = keptAt<Team>("/api/teams");
export const schedules = keptAt<Schedule>("/api/on-call-schedules");
export const chains = keptAt<Chain>("/api/escalation-chains");
