"use client";
import { useQuery } from "@tanstack/react-query";
import { Age } from "@/components/domain/age";
import { Badge } from "@/components/ui/badge";
import { PageFrame } from "@/components/ui/page-frame";
import { QueryList } from "@/components/ui/query-list";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import type { OutboxMessage, Page } from "@/lib/api/types";
import { en } from "@/messages/en";

const REFRESH_MS = 10_000;

/** Every message that would have left the machine. */
export function OutboxPage() {
  const query = useQuery({
    queryKey: keys.outbox,
    queryFn: ({ signal }) => api<Page<OutboxMessage>>("/api/outbox?limit=100", { signal }),
    refetchInterval: REFRESH_MS,
  });
  return (
    <PageFrame title={en.outbox.title} text={en.outbox.text}>
      <QueryList query={query} empty={{ title: en.outbox.emptyTitle, text: en.outbox.emptyText }}>
        {(message) => <MessageRow key={message.id} message={message} />}
      </QueryList>
    </PageFrame>
  );
}

function MessageRow({ message }: { message: OutboxMessage }) {
  return (
    <li className="border-line border-b px-4 py-3.5">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-ink-2 text-xs">
        <Badge>{message.channel}</Badge>
        <span className="min-w-0 truncate">
          {en.outbox.to} {message.to}
        </span>
        {message.exercise && <Badge tone="accent">{en.outbox.exercise}</Badge>}
        <Age at={message.at} className="tabular ml-auto text-ink-3" />
      </div>
      <p className="mt-1.5 font-semibold text-[13px]">{message.subject}</p>
      <p className="mt-1 max-w-prose whitespace-pre-line break-words text-[13px] text-ink-2">
        {message.text}
      </p>
      {message.html && (
        <details className="mt-2 text-xs">
          <summary className="w-fit rounded text-accent hover:underline">{en.outbox.html}</summary>
          {/* Shown as source: a message is data, never part of this page. */}
          <pre className="mt-2 max-h-80 overflow-auto whitespace-pre-wrap break-words rounded-md bg-raised p-3">
            {message.html}
          </pre>
        </details>
      )}
    </li>
  );
}
