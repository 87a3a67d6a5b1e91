"use client";
import { useQuery } from "@tanstack/react-query";
import { PageFrame } from "@/components/ui/page-frame";
import { QueryList } from "@/components/ui/query-list";
import { Split } from "@/components/ui/split";
import { alertsQuery } from "@/lib/api/alerts";
import { useChosen } from "@/lib/use-chosen";
import { en } from "@/messages/en";
import { ALERTS } from "../api/alerts";
import { AlertDetail } from "./alert-detail";
import { AlertRow } from "./alert-row";

/** The newest revision of every alert, and beside it all about the one that was chosen. */
export function AlertsPage() {
  const query = useQuery(alertsQuery());
  const id = useChosen();
  const list = (
    <QueryList
      query={query}
      empty={{ title: en.alerts.emptyTitle, text: en.alerts.emptyText }}
      rowClass="h-28"
    >
      {(alert) => <AlertRow key={alert.id} alert={alert} chosen={alert.id === id} />}
    </QueryList>
  );
  return (
    <PageFrame title={en.alerts.title} wide={id !== null}>
      {id === null ? (
        list
      ) : (
        <Split
          chosen
          back={ALERTS}
          list={list}
          detail={
            <AlertDetail key={id} id={id} newest={query.data?.items.find((alert) => alert.id === id)} />
          }
        />
      )}
    </PageFrame>
  );
}
