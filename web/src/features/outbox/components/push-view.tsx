"use client";
import { useState } from "react";
import { PushMessage } from "@/components/domain/push-message";
import { CodeView } from "@/components/ui/code-view";
import { Tabs } from "@/components/ui/tabs";
import type { OutboxMessage } from "@/lib/api/notification-types";
import { outbox } from "@/messages/notify";
import { laidOut, pushFace } from "../api/payload";

const TABS = [
  { name: "look", label: outbox.look },
  { name: "payload", label: outbox.payload },
] as const;

/** A push message as a screen shows it, and what the service worker gets. */
export function PushView({ message }: { message: OutboxMessage }) {
  const [tab, setTab] = useState<(typeof TABS)[number]["name"]>("look");
  return (
    <Tabs label={outbox.views} tabs={TABS} now={tab} onChoose={setTab}>
      {tab === "look" ? (
        <PushMessage face={pushFace(message)} />
      ) : (
        <CodeView label={outbox.payload} text={laidOut(message.payload ?? null)} />
      )}
    </Tabs>
  );
}
