"use client";
import { useState } from "react";
import { MailFrame } from "@/components/domain/mail-frame";
import { CodeView } from "@/components/ui/code-view";
import { Tabs } from "@/components/ui/tabs";
import type { OutboxMessage } from "@/lib/api/notification-types";
import { outbox } from "@/messages/notify";

const TABS = [
  { name: "look", label: outbox.look },
  { name: "text", label: outbox.text },
  { name: "source", label: outbox.source },
] as const;

/** A mail as a mail program shows it, as plain text, and its HTML. */
export function MailView({ message: { html, subject, text } }: { message: OutboxMessage }) {
  const [tab, setTab] = useState<(typeof TABS)[number]["name"]>("look");
  if (!html) return <CodeView label={outbox.text} text={text} />;
  return (
    <Tabs label={outbox.views} tabs={TABS} now={tab} onChoose={setTab}>
      {tab === "look" && <MailFrame subject={subject} html={html} />}
      {tab === "text" && <CodeView label={outbox.text} text={text} />}
      {tab === "source" && <CodeView label={outbox.source} text={html} />}
    </Tabs>
  );
}
