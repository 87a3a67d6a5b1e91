"use client";
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import type { ReactNode } from "react";
import { DeliveryStatusBadge } from "@/components/domain/delivery-status";
import { Badge } from "@/components/ui/badge";
import { Fact, Facts } from "@/components/ui/facts";
import { Modal } from "@/components/ui/modal";
import { Part } from "@/components/ui/part";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Failed } from "@/components/ui/states";
import { deliveryQuery } from "@/lib/api/deliveries";
import type { DeliveryHistory, Provenance } from "@/lib/api/notification-types";
import type { Channel } from "@/lib/api/types";
import { failedTries, isGone } from "@/lib/delivery-reason";
import { dateTime } from "@/lib/time";
import { channelName, deliveries as words } from "@/messages/notify";

/** One delivery: each try, what its provider told, and the way from the post to the message. */
export function DeliveryDialog({
  id,
  channel,
  onClose,
}: {
  id: string;
  channel: Channel;
  onClose: () => void;
}) {
  const query = useQuery(deliveryQuery(id));
  return (
    <Modal open onClose={onClose} shape="wide" title={words.historyOf(channelName[channel] ?? channel)}>
      {query.isPending && <SkeletonRows rows={4} rowClass="h-12" />}
      {query.isError && !query.data && <Failed error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <History delivery={query.data} />}
    </Modal>
  );
}

function History({ delivery }: { delivery: DeliveryHistory }) {
  const { attempts = [], told, status, reason } = delivery;
  const failed = failedTries(attempts).length;
  return (
    <div className="flex flex-col gap-4 p-4 text-[13px]">
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <DeliveryStatusBadge status={status} />
        <span className="min-w-0 break-words text-ink-2">
          {reason}
          {isGone(status) && failed > 0 && ` · ${words.tries(failed)}`}
        </span>
      </p>
      <Facts>
        {delivery.to && <Fact name={words.to}>{delivery.to}</Fact>}
        {delivery.provider && <Fact name={words.provider}>{delivery.provider}</Fact>}
        {delivery.provider_id && <Fact name={words.providerId}>{delivery.provider_id}</Fact>}
        {delivery.due_at && <Fact name={words.notBefore}>{dateTime(delivery.due_at)}</Fact>}
        {delivery.expires_at && <Fact name={words.notAfter}>{dateTime(delivery.expires_at)}</Fact>}
        {delivery.digest && <Fact name={words.together}>{words.withOthers}</Fact>}
      </Facts>
      <Part title={words.attempts}>
        {attempts.length === 0 && <p className="text-ink-3 text-xs">{words.noAttempts}</p>}
        <ol className="flex flex-col gap-1 text-xs">
          {attempts.map(({ at, provider, outcome, why }) => (
            <Moment key={`${at} ${provider}`} at={at}>
              <span className="mr-1.5 font-medium">{provider}</span>
              <Badge tone={outcome === "accepted" ? "low" : outcome === undefined ? "medium" : "plain"}>
                {outcome === undefined ? words.underWay : (words.outcome[outcome] ?? outcome)}
              </Badge>
              {why && <span className="text-ink-3"> {why}</span>}
            </Moment>
          ))}
        </ol>
      </Part>
      {told.length > 0 && (
        <Part title={words.told}>
          <ol className="flex flex-col gap-1 text-xs">
            {told.map(({ at, provider, event, why }) => (
              <Moment key={`${at} ${event}`} at={at}>
                {provider}: {event}
                {why && <span className="text-ink-3"> ({why})</span>}
              </Moment>
            ))}
          </ol>
        </Part>
      )}
      <Part title={words.provenance}>
        <Way provenance={delivery.provenance} />
      </Part>
    </div>
  );
}

/** From the post to the message, with the time of each step. */
function Way({ provenance }: { provenance: Provenance }) {
  const { item_id, source, rule_id, said_at, ingested_at, raised_at, decided_at, sent_at } = provenance;
  return (
    <ol className="flex flex-col gap-1 text-xs">
      {said_at && (
        <Moment at={said_at}>
          {words.said(source ?? "")}{" "}
          {item_id && (
            <Link href={`/items?id=${item_id}`} className="rounded text-accent underline">
              {words.seeItem}
            </Link>
          )}
        </Moment>
      )}
      {ingested_at && <Moment at={ingested_at}>{words.ingested}</Moment>}
      {raised_at && <Moment at={raised_at}>{words.raised(rule_id ?? "")}</Moment>}
      <Moment at={decided_at}>{words.decided}</Moment>
      {sent_at && <Moment at={sent_at}>{words.sent}</Moment>}
    </ol>
  );
}

function Moment({ at, children }: { at: string; children: ReactNode }) {
  return (
    <li className="flex flex-wrap gap-x-3">
      <time dateTime={at} className="tabular w-36 shrink-0 text-ink-3">
        {dateTime(at)}
      </time>
      <span className="min-w-0 break-words">{children}</span>
    </li>
  );
}
