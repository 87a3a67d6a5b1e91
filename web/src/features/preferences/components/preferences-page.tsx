"use client";
import { useSearchParams } from "next/navigation";
import { PageFrame } from "@/components/ui/page-frame";
import { PageLinks } from "@/components/ui/page-links";
import { prefs } from "@/messages/notify";
import { DEVICES, PREFERENCES, SUBSCRIPTIONS } from "../api/places";
import { DevicesView } from "./devices-view";
import { MessagesView } from "./messages-view";
import { SubscriptionsView } from "./subscriptions-view";

const LINKS = [
  { href: PREFERENCES, name: prefs.messages },
  { href: DEVICES, name: prefs.devices },
  { href: SUBSCRIPTIONS, name: prefs.subscriptions },
];

/** What the signed-in person wants to be told: on which channels and when, on which devices, and of what. */
export function PreferencesPage() {
  const view = useSearchParams().get("view");
  const now = LINKS.find(({ href }) => href === `${PREFERENCES}?view=${view}`)?.href ?? PREFERENCES;
  return (
    <PageFrame
      title={prefs.title}
      text={prefs.text}
      actions={<PageLinks label={prefs.parts} links={LINKS} now={now} />}
    >
      {now === PREFERENCES && <MessagesView />}
      {now === DEVICES && <DevicesView />}
      {now === SUBSCRIPTIONS && <SubscriptionsView />}
    </PageFrame>
  );
}
