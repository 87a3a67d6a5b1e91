"use client";
import { type ItemLock, useEditLock } from "@crisislens/client/react";
import { useEffect, useRef, useState } from "react";
import type { Item, ItemStatus, User } from "@/lib/api/types";
import { useRealtime } from "@/lib/realtime/provider";
import { useMe } from "@/lib/use-me";
import { lock as words } from "@/messages/lock";
import { changeOf, type Draft, draftOf, useDraft } from "./use-draft";
import { useEditItem } from "./use-edit-item";

export interface Editing {
  item: Item;
  me: User | undefined;
  lock: ItemLock;
  /** The one who may save, where that is not this tab. */
  holder: string | null;
  /** Null while nothing is being changed. Without the lock it is kept, and cannot be saved. */
  draft: Draft | null;
  change: (more: Partial<Pick<Draft, "status" | "tags">>) => void;
  /** Takes the lock; with it the form opens, or goes on. */
  begin: () => void;
  ask: () => void;
  force: () => void;
  save: () => void;
  cancel: () => void;
  /** One step without a draft. */
  setStatus: (status: ItemStatus) => void;
  isSaving: boolean;
  /** What is to be said once: a refusal, a lock that came back, what went wrong. */
  notice: string | null;
}

/** Editing an item under its lock. */
export function useItemEditing(item: Item): Editing {
  const lock = useEditLock(useRealtime(), `item:${item.id}`);
  const me = useMe().data;
  const [draft, keep] = useDraft(item.id, me?.id ?? null);
  const [said, say] = useState<string | null>(null);
  const edit = useEditItem(item, lock.write);
  const now = useRef({ item, draft, keep });
  useEffect(() => {
    now.current = { item, draft, keep };
  });
  const { on, mine, touch } = lock;
  useEffect(() => {
    const stops = [
      on("taken", () => {
        say(null);
        const { item, draft, keep } = now.current;
        keep(draft ?? draftOf(item));
      }),
      on("retaken", ({ wasElsewhere }) => say(wasElsewhere ? words.retakenAfter : words.retaken)),
      on("refused", ({ holder }) => say(words.refused(holder.name))),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [on]);
  useTouch(mine, touch);
  const attempt = (run: () => Promise<unknown>) => {
    say(null);
    edit.reset();
    run().catch((error: unknown) => say(error instanceof Error ? error.message : String(error)));
  };
  const end = () => {
    keep(null);
    attempt(lock.release);
  };
  return {
    item,
    me,
    lock,
    holder: lock.lock && !mine ? lock.lock.holder.name || words.somebody : null,
    draft,
    change: (more) => draft && keep({ ...draft, ...more }),
    begin: () => attempt(lock.take),
    ask: () =>
      attempt(async () => {
        if ((await lock.ask()) === "busy") say(words.busy(lock.request?.name ?? words.somebody));
      }),
    force: () => attempt(lock.force),
    save: () => {
      if (!draft) return;
      say(null);
      const change = changeOf(draft);
      if (Object.keys(change).length === 0) end();
      else edit.mutate(change, { onSuccess: end });
    },
    cancel: end,
    setStatus: (status) => {
      say(null);
      edit.mutate({ status });
    },
    isSaving: edit.isPending,
    // Where the lock is lost, that is why it failed, and the form says so.
    notice: said ?? (draft && !mine ? null : wordsOf(edit)),
  };
}

function wordsOf(edit: ReturnType<typeof useEditItem>): string | null {
  if (!edit.isError) return null;
  return edit.conflict ? words.conflict : words.failed(edit.error.message);
}

/** Whatever the holder types or presses on the page keeps the lock. */
function useTouch(isHeld: boolean, touch: () => void): void {
  useEffect(() => {
    if (!isHeld) return;
    const kinds = ["keydown", "pointerdown", "input"] as const;
    for (const kind of kinds) document.addEventListener(kind, touch);
    return () => {
      for (const kind of kinds) document.removeEventListener(kind, touch);
    };
  }, [isHeld, touch]);
}
