"use client";
import { type RefObject, useEffect, useRef } from "react";

/**
 * Gives the focus to a place where what had it within has gone from the page, so that the keyboard goes on from there
 * and not from the page's beginning. The place needs a `tabIndex`.
 */
export function useKeepFocus<T extends HTMLElement>(): RefObject<T | null> {
  const place = useRef<T>(null);
  const last = useRef<Node | null>(null);
  useEffect(() => {
    const element = place.current;
    const note = ({ target }: FocusEvent) => {
      last.current = target as Node;
    };
    element?.addEventListener("focusin", note);
    return () => element?.removeEventListener("focusin", note);
  }, []);
  useEffect(() => {
    if (!last.current || last.current.isConnected) return;
    last.current = null;
    const { activeElement, body } = document;
    if (!activeElement || activeElement === body || activeElement.tagName === "DIALOG")
      place.current?.focus();
  });
  return place;
}
