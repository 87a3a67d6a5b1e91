"use client";
import { useQuery } from "@tanstack/react-query";
import { PageFrame } from "@/components/ui/page-frame";
import { QueryList } from "@/components/ui/query-list";
import { alertsQuery } from "@/lib/api/alerts";
import { en } from "@/messages/en";
import { AlertRow } from "./alert-row";

/** The newest revision of every alert. */
export function AlertsPage() {
  const query = useQuery(alertsQuery());
  return (
    <PageFrame title={en.alerts.title}>
      <QueryList
        query={query}
        empty={{ title: en.alerts.emptyTitle, text: en.alerts.emptyText }}
        rowClass="h-28"
      >
        {(alert) => <AlertRow key={alert.id} alert={alert} />}
      </QueryList>
    </PageFrame>
  );
}
