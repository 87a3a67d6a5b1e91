import type { Metadata } from "next";
import { Suspense } from "react";
import { DashboardPage } from "@/features/dashboard/components/dashboard-page";
import { en } from "@/messages/en";

export const metadata: Metadata = { title: en.nav.dashboard };

export default function Page() {
  return (
    <Suspense>
      <DashboardPage />
    </Suspense>
  );
}
