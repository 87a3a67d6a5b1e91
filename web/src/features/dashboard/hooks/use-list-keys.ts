"use client";
import { type RefObject, useCallback, useRef } from "react";
import type { Item } from "@/lib/api/types";
import { useHotkeys } from "@/lib/use-hotkeys";

/** j and k move the focus along the list, scrolling as needed; Enter opens by the link's own doing. */
export function useListKeys(
  items: Item[],
  list: RefObject<HTMLElement | null>,
  rowHeight: number,
): (id: string) => void {
  const active = useRef<string | null>(null);
  const focusRow = (index: number) => {
    const item = items[index];
    const box = list.current?.parentElement;
    if (!item || !box || !list.current) return;
    active.current = item.id;
    reveal(list.current, box, index, rowHeight);
    // The row may only be drawn once the scrolling is noticed.
    const focus = () => list.current?.querySelector<HTMLElement>(`[data-item="${item.id}"]`);
    const row = focus();
    if (row) row.focus({ preventScroll: true });
    else requestAnimationFrame(() => requestAnimationFrame(() => focus()?.focus({ preventScroll: true })));
  };
  const move = (by: number) => {
    const at = items.findIndex((item) => item.id === active.current);
    focusRow(at === -1 ? 0 : Math.max(0, Math.min(items.length - 1, at + by)));
  };
  useHotkeys({ j: () => move(1), k: () => move(-1) });
  return useCallback((id: string) => {
    active.current = id;
  }, []);
}

function reveal(list: HTMLElement, box: HTMLElement, index: number, rowHeight: number): void {
  const own = /auto|scroll/.test(getComputedStyle(box).overflowY);
  const frame = box.getBoundingClientRect();
  const top = own ? frame.top : 120;
  const bottom = own ? frame.bottom : window.innerHeight;
  const rowTop = list.getBoundingClientRect().top + index * rowHeight;
  const by = rowTop < top ? rowTop - top : rowTop + rowHeight > bottom ? rowTop + rowHeight - bottom : 0;
  if (by !== 0) (own ? box : window).scrollBy({ top: by });
}
