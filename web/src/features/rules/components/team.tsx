"use client";
import type { FieldsProps, Kind } from "@/components/set-up/kind";
import type { Kept } from "@/lib/api/kept";
import type { Team } from "@/lib/api/rule-types";
import { rules, teamWords } from "@/messages/rules";
import { teams } from "../api/groups";
import { groupProblems } from "../api/schedules";
import { TextLine } from "./form-parts";
import { PeopleField, PeopleNames } from "./people-field";
import { TeamSubscriptions } from "./shared-subscriptions";

export const TEAM: Kind<Team, Team> = {
  api: teams,
  editor: "approver",
  words: teamWords,
  nameOf: ({ name }) => name,
  draftOf: (it) => ({ name: it?.name ?? "", members: it?.members ?? [] }),
  bodyOf: ({ name, members }) => ({ name: name.trim(), members }),
  problemsOf: groupProblems,
  Fields,
  Summary,
  Below,
};

function Fields({ draft, onChange, problems }: FieldsProps<Team>) {
  return (
    <>
      <TextLine
        label={rules.name}
        problem={problems.name}
        value={draft.name}
        onChange={(name) => onChange({ name })}
      />
      <PeopleField
        label={rules.members}
        problem={problems.members}
        people={draft.members}
        onChange={(members) => onChange({ members })}
      />
    </>
  );
}

function Summary({ it }: { it: Kept<Team> }) {
  return <PeopleNames people={it.members} />;
}

function Below({ it }: { it: Kept<Team> }) {
  return <TeamSubscriptions id={it.id} name={it.name} />;
}
