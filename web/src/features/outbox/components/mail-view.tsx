"use client";
import { useState } from "react";
import { Tabs } from "@/components/ui/tabs";
import type { OutboxMessage } from "@/lib/api/notification-types";
import { outbox } from "@/messages/notify";
import { framed } from "../api/payload";
import { CodeView } from "./code-view";

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
      {tab === "look" && (
        // No right in it: it runs nothing, sends nothing, opens nothing, and sees nothing of this page.
        <iframe
          sandbox=""
          srcDoc={framed(html)}
          title={outbox.mail(subject)}
          className="h-96 w-full rounded-md border border-line bg-white [color-scheme:light]"
        />
      )}
      {tab === "text" && <CodeView label={outbox.text} text={text} />}
      {tab === "source" && <CodeView label={outbox.source} text={html} />}
    </Tabs>
  );
}
