import type { Metadata } from "next";
import { Suspense } from "react";
import { OutboxPage } from "@/features/outbox/components/outbox-page";
import { en } from "@/messages/en";

export const metadata: Metadata = { title: en.outbox.title };

export default function Page() {
  return (
    <Suspense>
      <OutboxPage />
    </Suspense>
  );
}
