import type { Metadata } from "next";
import { InboxPage } from "@/features/inbox/components/inbox-page";
import { en } from "@/messages/en";

export const metadata: Metadata = { title: en.inbox.title };

export default function Page() {
  return <InboxPage />;
}
