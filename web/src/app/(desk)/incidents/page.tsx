import type { Metadata } from "next";
import { IncidentsPage } from "@/features/incidents/components/incidents-page";
import { en } from "@/messages/en";

export const metadata: Metadata = { title: en.incidents.title };

export default function Page() {
  return <IncidentsPage />;
}
