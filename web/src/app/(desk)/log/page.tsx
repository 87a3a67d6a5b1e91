import type { Metadata } from "next";
import { Suspense } from "react";
import { LogPage } from "@/features/log/components/log-page";
import { log } from "@/messages/log";

export const metadata: Metadata = { title: log.title };

export default function Page() {
  return (
    <Suspense>
      <LogPage />
    </Suspense>
  );
}
