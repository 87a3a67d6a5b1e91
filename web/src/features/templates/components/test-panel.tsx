"use client";
import { useMutation, useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { type FormEvent, useId, useState } from "react";
import { DeliveryStatusBadge } from "@/components/domain/delivery-status";
import { Button } from "@/components/ui/button";
import { SelectField } from "@/components/ui/field";
import { Panel } from "@/components/ui/panel";
import { deliveryQuery } from "@/lib/api/deliveries";
import { CHANNELS } from "@/lib/api/notification-types";
import { fieldProblems } from "@/lib/api/problem";
import type { Template, TemplatePart } from "@/lib/api/template-types";
import type { Channel, DeliveryStatus } from "@/lib/api/types";
import { channelName } from "@/messages/notify";
import { partName, templates as words } from "@/messages/templates";
import { sendTest } from "../api/templates";

/** How a test goes is asked again so often, until it has gone. */
const REFRESH_MS = 1_000;
/** No others carry digests. */
const DIGEST_CHANNELS: readonly Channel[] = ["email", "push"];
const UNDER_WAY: readonly DeliveryStatus[] = ["queued", "deferred", "sending"];

/** Sends oneself the template as it is typed, and says what became of it. */
export function TestPanel({ template }: { template: Template }) {
  const id = useId();
  const [channel, setChannel] = useState<Channel>("email");
  const send = useMutation({ mutationFn: () => sendTest(channel, template) });
  const { channel: noAddress, ...others } = fieldProblems(send.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate();
  };
  return (
    <Panel id="test" title={words.test} bodyClass="flex flex-col gap-3 p-4">
      <p className="text-ink-3 text-xs">{words.testText}</p>
      <form aria-label={words.test} onSubmit={submit} className="flex flex-wrap items-end gap-2">
        <SelectField
          id={id}
          className="flex-1 basis-40"
          label={words.channel}
          value={channel}
          onChange={({ target }) => {
            send.reset();
            setChannel(target.value as Channel);
          }}
        >
          {(template.name === "digest" ? DIGEST_CHANNELS : CHANNELS).map((each) => (
            <option key={each} value={each}>
              {channelName[each]}
            </option>
          ))}
        </SelectField>
        <Button type="submit" className="h-9" disabled={send.isPending}>
          {send.isPending ? words.sending : words.send}
        </Button>
      </form>
      {send.error && (
        <div role="alert" className="flex flex-col gap-1 break-words text-high text-xs">
          <p>{noAddress ?? send.error.message}</p>
          {noAddress && (
            <Link href="/preferences?view=devices" className="w-fit rounded text-accent underline">
              {words.toDevices}
            </Link>
          )}
          {Object.entries(others).map(([field, problem]) => (
            <p key={field}>{inWords(field, problem)}</p>
          ))}
        </div>
      )}
      {send.data && (
        <div role="status" className="flex flex-col gap-1.5">
          <h3 className="font-semibold text-xs">{words.sent}</h3>
          <ul className="flex flex-col gap-1.5">
            {send.data.deliveries.map((delivery) => (
              <Result key={delivery} id={delivery} />
            ))}
          </ul>
        </div>
      )}
    </Panel>
  );
}

/** `template.sms` is the SMS. */
function inWords(field: string, problem: string): string {
  const part = field.replace(/^template\./, "") as TemplatePart;
  return `${partName[part] ?? field}: ${problem}`;
}

/** How one delivery of the test stands. */
function Result({ id }: { id: string }) {
  const query = useQuery({
    ...deliveryQuery(id),
    refetchInterval: ({ state }) =>
      !state.data || UNDER_WAY.includes(state.data.status) ? REFRESH_MS : false,
  });
  if (query.isError && !query.data) return <li className="text-high text-xs">{query.error.message}</li>;
  if (!query.data) return null;
  const { status, to, provider, reason } = query.data;
  return (
    <li data-test={status} className="flex flex-wrap items-center gap-x-2 gap-y-1 text-xs">
      <DeliveryStatusBadge status={status} />
      {to && <span className="break-all">{words.to(to)}</span>}
      <span className="min-w-0 break-words text-ink-3">{reason}</span>
      {provider === "outbox" && (
        <Link href="/outbox" className="w-fit rounded text-accent underline">
          {words.toOutbox}
        </Link>
      )}
    </li>
  );
}
