import type { Metadata } from "next";
import { Suspense } from "react";
import { AlertsPage } from "@/features/alerts/components/alerts-page";
import { en } from "@/messages/en";

export const metadata: Metadata = { title: en.alerts.title };

export default function Page() {
  return (
    <Suspense>
      <AlertsPage />
    </Suspense>
  );
}
