"use client";
import { useMemo, useState } from "react";
import { SetUpView } from "@/components/set-up/set-up-view";
import { subscriptionKind } from "@/components/set-up/subscription";
import { ROLES, type Role } from "@/lib/api/types";
import { roleSubscriptions, teamSubscriptions } from "@/lib/subscriptions";
import { roleName, roleSubscriptionWords, rules, teamSubscriptionWords } from "@/messages/rules";

/** What everybody in a team is told of; asked for when it is opened. */
export function TeamSubscriptions({ id, name }: { id: string; name: string }) {
  const [isOpen, setIsOpen] = useState(false);
  const kind = useMemo(() => {
    const words = { ...teamSubscriptionWords, list: rules.subscriptionsOf(name) };
    return subscriptionKind(teamSubscriptions(id), "approver", words);
  }, [id, name]);
  return (
    <details data-subscriptions={id} onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary className="w-fit rounded text-accent text-xs hover:underline">
        {teamSubscriptionWords.list}
      </summary>
      {isOpen && (
        <div className="mt-2">
          <SetUpView kind={kind} />
        </div>
      )}
    </details>
  );
}

/** The highest first: theirs narrow what most depends on. */
const KINDS = ROLES.toReversed().map((role): [Role, ReturnType<typeof subscriptionKind>] => {
  const words = { ...roleSubscriptionWords, list: rules.subscriptionsOf(roleName[role]) };
  return [role, subscriptionKind(roleSubscriptions(role), "approver", words)];
});

/** What everybody with a role is told of. */
export function RoleSubscriptions() {
  return (
    <div className="flex flex-col gap-5">
      <p className="max-w-3xl text-[13px] text-ink-3">{roleSubscriptionWords.text}</p>
      {KINDS.map(([role, kind]) => (
        <div key={role} data-role={role}>
          <SetUpView kind={kind} head={<h2 className="font-semibold text-[13px]">{roleName[role]}</h2>} />
        </div>
      ))}
    </div>
  );
}
