"use client";
import { useSearchParams } from "next/navigation";
import { SetUpView } from "@/components/set-up/set-up-view";
import { PageFrame } from "@/components/ui/page-frame";
import { PageLinks } from "@/components/ui/page-links";
import { isAtLeast } from "@/lib/role";
import { useMe } from "@/lib/use-me";
import {
  chainWords,
  inhibitionWords,
  rules,
  scheduleWords,
  silenceWords,
  teamWords,
  windowWords,
} from "@/messages/rules";
import { CHAINS, INHIBITIONS, ROLES_VIEW, RULES, SCHEDULES, TEAMS, WINDOWS } from "../api/places";
import { CHAIN } from "./chain";
import { INHIBITION } from "./inhibition";
import { MAINTENANCE_WINDOW } from "./maintenance-window";
import { SCHEDULE } from "./schedule";
import { RoleSubscriptions } from "./shared-subscriptions";
import { SILENCE } from "./silence";
import { TEAM } from "./team";

const LINKS = [
  { href: RULES, name: silenceWords.list },
  { href: WINDOWS, name: windowWords.list },
  { href: INHIBITIONS, name: inhibitionWords.list },
  { href: TEAMS, name: teamWords.list },
  { href: ROLES_VIEW, name: rules.rolesTab },
  { href: SCHEDULES, name: scheduleWords.list },
  { href: CHAINS, name: chainWords.list },
];

/** What the desk has set up about who is told. */
export function RulesPage() {
  const view = useSearchParams().get("view");
  const now = LINKS.find(({ href }) => href === `${RULES}?view=${view}`)?.href ?? RULES;
  const me = useMe().data;
  return (
    <PageFrame title={rules.title} text={rules.text}>
      <div className="mb-4 border-line border-b pb-2">
        <PageLinks wraps label={rules.parts} links={LINKS} now={now} />
      </div>
      {me && !isAtLeast(me.role, "approver") && (
        <p className="mb-3 rounded-md bg-raised px-3 py-2 text-ink-2 text-xs">{rules.readOnly}</p>
      )}
      {now === RULES && <SetUpView kind={SILENCE} />}
      {now === WINDOWS && <SetUpView kind={MAINTENANCE_WINDOW} />}
      {now === INHIBITIONS && <SetUpView kind={INHIBITION} />}
      {now === TEAMS && <SetUpView kind={TEAM} />}
      {now === ROLES_VIEW && <RoleSubscriptions />}
      {now === SCHEDULES && <SetUpView kind={SCHEDULE} />}
      {now === CHAINS && <SetUpView kind={CHAIN} />}
    </PageFrame>
  );
}
