import type { Metadata } from "next";
import { Suspense } from "react";
import { RulesPage } from "@/features/rules/components/rules-page";
import { rules } from "@/messages/rules";

export const metadata: Metadata = { title: rules.title };

export default function Page() {
  return (
    <Suspense>
      <RulesPage />
    </Suspense>
  );
}
