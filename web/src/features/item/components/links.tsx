"use client";
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { IncidentLine } from "@/components/domain/incident-line";
import { Panel } from "@/components/ui/panel";
import { Skeleton } from "@/components/ui/skeleton";
import { incidentQuery } from "@/lib/api/incidents";
import type { Item } from "@/lib/api/types";
import { dashboardLink } from "@/lib/use-filter";
import { en } from "@/messages/en";

/** What the item belongs to: its incident, and the item it repeats. */
export function Links({ item }: { item: Item }) {
  return (
    <>
      {item.incident_id && (
        <Panel id="incident" title={en.item.incident} bodyClass="[&>a]:border-b-0">
          <IncidentLink id={item.incident_id} />
        </Panel>
      )}
      {item.duplicate_of && (
        <Panel id="duplicate" title={en.item.duplicate} bodyClass="px-4 py-3 text-[13px]">
          <Link href={`/items?id=${item.duplicate_of}`} className="rounded text-accent hover:underline">
            {en.item.seeOriginal}
          </Link>
        </Panel>
      )}
    </>
  );
}

function IncidentLink({ id }: { id: string }) {
  const incident = useQuery(incidentQuery(id));
  const href = dashboardLink({ incident: id });
  if (incident.data) return <IncidentLine incident={incident.data} href={href} compact />;
  if (incident.isPending) return <Skeleton className="m-3.5 h-8" />;
  return (
    <Link href={href} className="block px-4 py-3 text-[13px] text-accent hover:underline">
      {en.item.seeIncident}
    </Link>
  );
}
