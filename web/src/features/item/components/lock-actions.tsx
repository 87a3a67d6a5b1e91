"use client";
import { Button } from "@/components/ui/button";
import { useCountdown } from "@/lib/use-countdown";
import { lock as words } from "@/messages/lock";
import type { Editing } from "../hooks/use-item-editing";

/** What who has not got the lock can do about it. */
export function LockActions({ editing }: { editing: Editing }) {
  const { lock, me, holder } = editing;
  if (!me || me.role === "viewer") return null;
  if (lock.request?.isOurs) return <Asked editing={editing} />;
  if (holder === null || lock.lock?.holder.user_id === me.id) {
    return (
      <Button look="primary" onClick={editing.begin}>
        {holder === null ? words.take : words.takeHere}
      </Button>
    );
  }
  return (
    <>
      <Button look="primary" onClick={editing.ask}>
        {words.ask}
      </Button>
      {(me.role === "approver" || me.role === "admin") && (
        <Button title={words.takeOverHint} onClick={editing.force}>
          {words.takeOver}
        </Button>
      )}
    </>
  );
}

function Asked({ editing: { lock, holder } }: { editing: Editing }) {
  const seconds = useCountdown(lock.request?.dueAt ?? null);
  return (
    <>
      <p className="tabular text-[13px]">
        <span role="status">{words.asked(holder ?? words.somebody)}</span>{" "}
        <span className="text-ink-2">{words.takenIn(seconds)}</span>
      </p>
      <Button onClick={lock.withdraw}>{words.withdraw}</Button>
    </>
  );
}
