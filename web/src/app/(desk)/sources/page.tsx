import type { Metadata } from "next";
import { SourcesPage } from "@/features/sources/components/sources-page";
import { en } from "@/messages/en";

export const metadata: Metadata = { title: en.sources.title };

export default function Page() {
  return <SourcesPage />;
}
