"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { IncidentLine } from "@/components/domain/incident-line";
import { Button } from "@/components/ui/button";
import { PageFrame } from "@/components/ui/page-frame";
import { QueryList } from "@/components/ui/query-list";
import { incidentsQuery } from "@/lib/api/incidents";
import type { IncidentStatus } from "@/lib/api/types";
import { dashboardLink } from "@/lib/use-filter";
import { en, incidentStatusName } from "@/messages/en";

const CHOICES: (IncidentStatus | "")[] = ["open", "monitoring", "closed", ""];

/** Incidents, last seen first. */
export function IncidentsPage() {
  const [status, setStatus] = useState<IncidentStatus | "">("open");
  const query = useQuery(incidentsQuery(status));
  return (
    <PageFrame
      title={en.incidents.title}
      actions={
        <fieldset aria-label={en.incidents.status} className="flex gap-1">
          {CHOICES.map((choice) => (
            <Button
              key={choice}
              look={choice === status ? "plain" : "quiet"}
              aria-pressed={choice === status}
              onClick={() => setStatus(choice)}
            >
              {choice === "" ? en.incidents.any : incidentStatusName[choice]}
            </Button>
          ))}
        </fieldset>
      }
    >
      <QueryList
        query={query}
        empty={{ title: en.incidents.emptyTitle, text: en.incidents.emptyText }}
        rowClass="h-[58px]"
      >
        {(incident) => (
          <li key={incident.id} className="last:[&>a]:border-b-0">
            <IncidentLine incident={incident} href={dashboardLink({ incident: incident.id })} />
          </li>
        )}
      </QueryList>
    </PageFrame>
  );
}
