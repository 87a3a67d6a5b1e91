import type { Metadata } from "next";
import { Suspense } from "react";
import { TemplatesPage } from "@/features/templates/components/templates-page";
import { templates } from "@/messages/templates";

export const metadata: Metadata = { title: templates.title };

export default function Page() {
  return (
    <Suspense>
      <TemplatesPage />
    </Suspense>
  );
}
