import type { Metadata } from "next";
import { Suspense } from "react";
import { PreferencesPage } from "@/features/preferences/components/preferences-page";
import { prefs } from "@/messages/notify";

export const metadata: Metadata = { title: prefs.title };

export default function Page() {
  return (
    <Suspense>
      <PreferencesPage />
    </Suspense>
  );
}
