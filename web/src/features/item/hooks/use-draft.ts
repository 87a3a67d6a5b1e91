"use client";
import { useCallback, useEffect, useState } from "react";
import type { Item, ItemEdit, ItemStatus } from "@/lib/api/types";
import { readDraft, writeDraft } from "@/lib/drafts";

/** Changes to an item that are not saved yet. */
export interface Draft {
  status: ItemStatus;
  /** As typed. */
  tags: string;
  /** What the item was when they began. */
  base: { status: ItemStatus; tags: string[] };
}

export function draftOf({ status, tags }: Item): Draft {
  return { status, tags: tags.join(", "), base: { status, tags } };
}

/** Only what the draft changes: the rest stays as others have made it. */
export function changeOf({ status, tags, base }: Draft): ItemEdit {
  const words = tagsIn(tags);
  return {
    ...(status !== base.status && { status }),
    ...(!sameTags(words, base.tags) && { tags: words }),
  };
}

/** What others have changed since the draft began. */
export function changedSince({ base }: Draft, item: Item): ItemEdit {
  return {
    ...(item.status !== base.status && { status: item.status }),
    ...(!sameTags(item.tags, base.tags) && { tags: item.tags }),
  };
}

function tagsIn(text: string): string[] {
  const words = text.split(",").map((word) => word.trim());
  return [...new Set(words.filter(Boolean))];
}

function sameTags(one: string[], other: string[]): boolean {
  return one.length === other.length && one.every((tag, at) => tag === other[at]);
}

/** The draft of an item, which survives a reload of this tab. */
export function useDraft(itemId: string, user: string | null): [Draft | null, (next: Draft | null) => void] {
  const [draft, setDraft] = useState<Draft | null>(null);
  const name = `item:${itemId}`;
  useEffect(() => {
    if (user !== null) setDraft((now) => now ?? readDraft<Draft>(name, user));
  }, [name, user]);
  const keep = useCallback(
    (next: Draft | null) => {
      setDraft(next);
      if (user !== null) writeDraft(name, user, next);
    },
    [name, user],
  );
  return [draft, keep];
}
