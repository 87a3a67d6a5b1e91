"use client";
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { IncidentLine } from "@/components/domain/incident-line";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failed } from "@/components/ui/states";
import { incidentsQuery } from "@/lib/api/incidents";
import { dashboardLink } from "@/lib/use-filter";
import { en } from "@/messages/en";

const SHOWN = 40;

/** What is going on now; choosing one narrows the dashboard to its items. */
export function OpenIncidents({ chosen }: { chosen?: string }) {
  const query = useQuery(incidentsQuery("open"));
  return (
    <Panel
      id="open-incidents"
      title={en.incidents.open}
      note={query.data && <span className="tabular">{en.count(query.data.total)}</span>}
      className="lg:min-h-0 lg:flex-1"
      bodyClass="lg:overflow-y-auto lg:overscroll-contain max-lg:max-h-96 max-lg:overflow-y-auto"
      actions={
        <Link href="/incidents" className="rounded px-1.5 py-1 text-accent text-xs hover:underline">
          {en.incidents.all}
        </Link>
      }
    >
      {query.isPending && <SkeletonRows rows={5} rowClass="h-[58px]" />}
      {query.isError && !query.data && <Failed error={query.error} onRetry={() => void query.refetch()} />}
      {query.data?.items.length === 0 && (
        <Empty title={en.incidents.emptyTitle} text={en.incidents.emptyText} />
      )}
      <ul>
        {query.data?.items.slice(0, SHOWN).map((incident) => (
          <li key={incident.id}>
            <IncidentLine
              incident={incident}
              href={incident.id === chosen ? dashboardLink() : dashboardLink({ incident: incident.id })}
              chosen={incident.id === chosen}
            />
          </li>
        ))}
      </ul>
    </Panel>
  );
}
