"use client";
import { Lock } from "lucide-react";
import { timeOfDay } from "@/lib/time";
import { lock as words } from "@/messages/lock";
import type { Editing } from "../hooks/use-item-editing";
import { LockActions } from "./lock-actions";

/** Who edits the item, where that is somebody else or another tab. */
export function LockBanner({ editing }: { editing: Editing }) {
  const { lock, me, holder, draft, notice } = editing;
  return (
    <>
      <p role="status" className="sr-only">
        {announcement(editing)}
      </p>
      {holder !== null && lock.lock && (
        <section
          aria-labelledby="lock"
          data-lock={lock.lock.holder.name}
          className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-lg border border-line border-l-4 border-l-accent bg-panel px-3.5 py-2.5 text-[13px] shadow-panel max-lg:-order-3 lg:col-span-2"
        >
          <Lock aria-hidden="true" className="size-4 shrink-0 text-accent" />
          <div className="min-w-0 flex-1 basis-56">
            <p>
              <strong id="lock" className="break-words font-semibold">
                {lock.lock.holder.user_id === me?.id ? words.heldByYou : words.heldBy(holder)}
              </strong>{" "}
              <span className="text-ink-2">
                {words.since} <Since at={lock.lock.taken_at} />
              </span>
            </p>
            {notice && !draft && (
              <p role="status" className="text-ink-2">
                {notice}
              </p>
            )}
          </div>
          {/* With a draft the form has them. */}
          {!draft && (
            <div className="flex flex-wrap items-center gap-2">
              <LockActions editing={editing} />
            </div>
          )}
        </section>
      )}
    </>
  );
}

export function Since({ at }: { at: string }) {
  return (
    <time dateTime={at} className="tabular" suppressHydrationWarning>
      {timeOfDay(Date.parse(at))}
    </time>
  );
}

/** Read out when it changes. */
function announcement({ lock, holder, me }: Editing): string {
  if (!lock.isKnown) return "";
  if (lock.mine) return words.yours;
  if (holder === null) return words.nobody;
  return lock.lock?.holder.user_id === me?.id ? words.heldByYou : words.heldBy(holder);
}
