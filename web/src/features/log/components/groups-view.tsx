"use client";
import { useQuery } from "@tanstack/react-query";
import { Badge } from "@/components/ui/badge";
import { QueryList } from "@/components/ui/query-list";
import type { GroupView } from "@/lib/api/log-types";
import { log } from "@/messages/log";
import { groupsQuery } from "../api/log";

/** Consumer groups with their members and the partitions that each holds. */
export function GroupsView() {
  const query = useQuery(groupsQuery());
  return (
    <QueryList query={query} empty={{ title: log.noGroups, text: log.noGroupsText }}>
      {(group) => <GroupRow key={`${group.group} ${group.topic}`} group={group} />}
    </QueryList>
  );
}

function GroupRow({ group }: { group: GroupView }) {
  return (
    <li className="border-line border-b px-4 py-3.5">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <p className="font-semibold text-[13px]">{group.group}</p>
        <span className="text-ink-3 text-xs">{log.reads(group.topic)}</span>
        <Badge className="sm:ml-auto">{log.members(group.members.length)}</Badge>
      </div>
      <ul className="mt-2 flex flex-col gap-1 text-xs">
        {group.members.map((member) => (
          <li key={member.id} className="flex flex-wrap gap-x-3">
            <span className="min-w-0 break-all">{member.id}</span>
            <span className="text-ink-3">{member.host}</span>
            <span className="tabular text-ink-2">{log.holds(member.partitions.join(", "))}</span>
          </li>
        ))}
      </ul>
    </li>
  );
}
