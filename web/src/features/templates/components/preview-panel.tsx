"use client";
import type { UseQueryResult } from "@tanstack/react-query";
import { useId, useState } from "react";
import { MailFrame } from "@/components/domain/mail-frame";
import { PushMessage } from "@/components/domain/push-message";
import { ShortMessage } from "@/components/domain/short-message";
import { CodeView } from "@/components/ui/code-view";
import { Fact, Facts } from "@/components/ui/facts";
import { SelectField } from "@/components/ui/field";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Tabs } from "@/components/ui/tabs";
import { type FieldProblems, fieldProblems } from "@/lib/api/problem";
import type { Shown, TemplatePart } from "@/lib/api/template-types";
import { segmentsOf } from "@/lib/segments";
import { channelName } from "@/messages/notify";
import { partName, templates as words } from "@/messages/templates";
import type { Subject } from "../hooks/use-subject";

const TABS = [
  { name: "mail", label: words.mail },
  { name: "plain", label: words.plain },
  { name: "sms", label: channelName.sms },
  { name: "push", label: channelName.push },
  { name: "webhook", label: channelName.webhook },
] as const;
type View = (typeof TABS)[number]["name"];

/** What the template comes to on each channel, as it is typed. */
export function PreviewPanel({ query, subject }: { query: UseQueryResult<Shown>; subject: Subject }) {
  const [chosen, setView] = useState<View>("mail");
  const hasWebhook = Boolean(query.data?.webhook);
  const view = chosen === "webhook" && !hasWebhook ? "mail" : chosen;
  return (
    <Panel
      id="preview"
      title={words.preview}
      note={query.isFetching && words.previewBusy}
      bodyClass="flex flex-col gap-3 p-4"
    >
      <SubjectSelect subject={subject} />
      {query.isPending && <SkeletonRows rows={3} rowClass="h-16" />}
      {query.isError && <Wrong error={query.error} />}
      {query.data && !query.isError && (
        <Tabs
          label={words.views}
          tabs={TABS.filter(({ name }) => name !== "webhook" || hasWebhook)}
          now={view}
          onChoose={setView}
        >
          <Look view={view} shown={query.data} />
        </Tabs>
      )}
    </Panel>
  );
}

/** Whose data it has. */
function SubjectSelect({ subject: { alert, alerts, choose } }: { subject: Subject }) {
  return (
    <SelectField
      id={useId()}
      label={words.previewOf}
      value={alert ?? ""}
      onChange={({ target }) => choose(target.value || null)}
    >
      <option value="">{words.sample}</option>
      {alerts.map(({ id, title }) => (
        <option key={id} value={id}>
          {title}
        </option>
      ))}
    </SelectField>
  );
}

function Look({ view, shown }: { view: View; shown: Shown }) {
  const { subject, text, html, sms, push, webhook } = shown;
  switch (view) {
    case "mail":
      return (
        <div className="flex flex-col gap-2">
          <Facts>
            <Fact name={words.previewSubject}>{subject}</Fact>
          </Facts>
          <MailFrame subject={subject} html={html} />
        </div>
      );
    case "plain":
      return <CodeView label={words.plain} text={text} />;
    case "sms":
      return <ShortMessage message={segmentsOf(sms.text, sms.encoding)} />;
    case "push":
      return <PushMessage face={{ ...push, link: "", severity: null }} />;
    case "webhook":
      return <CodeView label={channelName.webhook} text={JSON.stringify(webhook, null, 2)} />;
  }
}

/** What is wrong with which part, in the server's words. */
function Wrong({ error }: { error: Error }) {
  const problems: FieldProblems = fieldProblems(error);
  const fields = Object.entries(problems);
  return (
    <div role="alert" className="flex flex-col gap-1.5 rounded-md bg-high-soft px-3 py-2.5 text-high text-xs">
      <p className="font-medium">{words.previewFailed}</p>
      {fields.length === 0 && <p className="break-words">{error.message}</p>}
      <ul className="flex flex-col gap-1">
        {fields.map(([field, problem]) => (
          <li key={field} className="break-words">
            <span className="font-semibold">{partName[field as TemplatePart] ?? field}</span>: {problem}
          </li>
        ))}
      </ul>
    </div>
  );
}
