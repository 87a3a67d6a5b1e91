"use client";
import { useState } from "react";
import type { Item } from "@/lib/api/types";

export interface LiveMark {
  at: number;
  /** Whether the source itself said something new. */
  revised: boolean;
}

/** Notes when the shown item changes under the reader's eyes. */
export function useLiveMark(item: Item | undefined): LiveMark | null {
  const [seen, setSeen] = useState<{ item: Item | undefined; mark: LiveMark | null }>({ item, mark: null });
  if (seen.item === item) return seen.mark;
  const mark = markOf(seen.item, item, seen.mark);
  setSeen({ item, mark });
  return mark;
}

function markOf(old: Item | undefined, now: Item | undefined, mark: LiveMark | null): LiveMark | null {
  if (!old || !now || old.id !== now.id) return null;
  if (now.version <= old.version) return mark;
  return { at: Date.now(), revised: now.revision > old.revision || (mark?.revised ?? false) };
}
