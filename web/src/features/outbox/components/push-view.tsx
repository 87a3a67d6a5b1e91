"use client";
import { useState } from "react";
import { SeverityMark } from "@/components/domain/severity-mark";
import { Logo } from "@/components/ui/logo";
import { Tabs } from "@/components/ui/tabs";
import type { OutboxMessage } from "@/lib/api/notification-types";
import { en } from "@/messages/en";
import { outbox } from "@/messages/notify";
import { laidOut, pushFace } from "../api/payload";
import { CodeView } from "./code-view";

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
        <Face message={message} />
      ) : (
        <CodeView label={outbox.payload} text={laidOut(message.payload ?? null)} />
      )}
    </Tabs>
  );
}

function Face({ message }: { message: OutboxMessage }) {
  const { title, body, link, severity } = pushFace(message);
  return (
    <div className="flex flex-col gap-2 py-1">
      <div className="flex max-w-md gap-3 rounded-xl border border-line bg-panel p-3.5 shadow-pop">
        <Logo className="size-9 shrink-0" />
        <div className="min-w-0 flex-1">
          <p className="text-2xs text-ink-3">{en.app}</p>
          <p className="break-words font-semibold text-[13px]">{title}</p>
          <p className="mt-0.5 whitespace-pre-line break-words text-[13px] text-ink-2">{body}</p>
        </div>
      </div>
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-ink-3 text-xs">
        {severity && <SeverityMark severity={severity} />}
        {link && <span className="min-w-0 break-all">{outbox.opens(link)}</span>}
      </p>
    </div>
  );
}
