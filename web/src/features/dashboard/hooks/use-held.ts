"use client";
import { useState } from "react";
import type { Item } from "@/lib/api/types";

interface Held {
  ids: Set<string>;
  oldest: number;
}

/**
 * While `held`, items that came later stay out, so that nothing moves under a reader; updates of shown items and older
 * pages still come in. `release` lets those waiting in once.
 */
export function useHeld(
  items: Item[],
  held: boolean,
): { visible: Item[]; waiting: number; release: () => void } {
  const [snapshot, setSnapshot] = useState<Held | null>(null);
  if (held && !snapshot) setSnapshot(snapshotOf(items));
  if (!held && snapshot) setSnapshot(null);
  const release = () => setSnapshot(held ? snapshotOf(items) : null);
  if (!held || !snapshot) return { visible: items, waiting: 0, release };
  const visible = items.filter(
    (item) => snapshot.ids.has(item.id) || Date.parse(item.timestamp) < snapshot.oldest,
  );
  return { visible, waiting: items.length - visible.length, release };
}

function snapshotOf(items: Item[]): Held {
  const last = items.at(-1);
  return {
    ids: new Set(items.map((item) => item.id)),
    oldest: last ? Date.parse(last.timestamp) : Number.NEGATIVE_INFINITY,
  };
}
