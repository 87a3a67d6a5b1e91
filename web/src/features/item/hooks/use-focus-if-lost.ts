"use client";
import { type RefObject, useEffect } from "react";

/** Moves the focus to `target` when `moment` changes and what had the focus is gone. */
export function useFocusIfLost(target: RefObject<HTMLElement | null>, moment: unknown): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the change of the moment that counts
  useEffect(() => {
    const { activeElement } = document;
    if (activeElement === null || activeElement === document.body)
      target.current?.focus({ preventScroll: true });
  }, [target, moment]);
}
