"use client";
import { useQuery } from "@tanstack/react-query";
import type { Chain, Step } from "@/lib/api/rule-types";
import { usePeople } from "@/lib/use-people";
import { channelName } from "@/messages/notify";
import { roleName, rules } from "@/messages/rules";
import { schedules, teams } from "../api/groups";

/** A chain's steps, a line for each. */
export function ChainSteps({ chain }: { chain: Chain }) {
  const personOf = usePeople(chain.steps.flatMap(({ users }) => users));
  const groups = [
    useQuery(teams.all()).data?.items ?? [],
    useQuery(schedules.all()).data?.items ?? [],
  ].flat();
  const groupOf = (id: string) => groups.find((group) => group.id === id)?.name ?? rules.gone;
  const whom = ({ users, teams: ofTeams, schedules: ofSchedules, roles }: Step) =>
    [
      ...users.map(personOf),
      ...[...ofTeams, ...ofSchedules].map(groupOf),
      ...roles.map((role) => roleName[role]),
    ].join(", ");
  return (
    <ol className="flex flex-col gap-0.5 text-ink-2 text-xs">
      {chain.steps.map((step, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a step is its place
        <li key={at} className="flex flex-wrap gap-x-2">
          <span className="tabular w-20 shrink-0 text-ink-3">
            {step.wait_s === 0 ? rules.atOnce : rules.after(step.wait_s / 60)}
          </span>
          <span className="min-w-0 break-words font-medium">{whom(step)}</span>
          <span className="text-ink-3">
            {step.channels?.map((channel) => channelName[channel]).join(", ") ?? rules.inAll}
          </span>
        </li>
      ))}
      {chain.repeat > 0 && <li className="text-ink-3">{rules.repeats(chain.repeat)}</li>}
    </ol>
  );
}
