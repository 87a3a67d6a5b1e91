"use client";
import { Avatar } from "@/components/domain/avatar";
import { Button } from "@/components/ui/button";
import { useCountdown } from "@/lib/use-countdown";
import { lock as words } from "@/messages/lock";
import type { Editing } from "../hooks/use-item-editing";

/** A colleague asks for the lock that is held here: keep it, or hand it over. */
export function LockRequest({ editing: { lock } }: { editing: Editing }) {
  const { request } = lock;
  const seconds = useCountdown(request?.dueAt ?? null);
  if (!lock.mine || !request) return null;
  return (
    <section
      aria-labelledby="lock-request"
      className="fixed inset-x-3 top-3 z-50 rounded-lg border border-line border-l-4 border-l-accent bg-panel p-3.5 text-[13px] shadow-pop sm:left-auto sm:w-96"
    >
      <div className="flex items-center gap-2">
        <Avatar id={request.user_id} name={request.name} />
        <p id="lock-request" role="alert" className="min-w-0 flex-1 break-words font-semibold">
          {words.asks(request.name)}
        </p>
        <span role="timer" aria-live="off" className="tabular shrink-0 text-ink-2 text-xs">
          {words.secondsLeft(seconds)}
        </span>
      </div>
      <p className="mt-1.5 text-ink-2 text-xs">{words.asksHint}</p>
      <div className="mt-2.5 flex gap-2">
        <Button onClick={() => void lock.refuse().catch(() => undefined)}>{words.keep}</Button>
        <Button look="primary" onClick={() => void lock.handOver().catch(() => undefined)}>
          {words.handOver}
        </Button>
      </div>
    </section>
  );
}
