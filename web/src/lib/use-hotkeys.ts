"use client";
import { useEffect, useRef } from "react";

type Handler = (event: KeyboardEvent) => void;

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** Plain keys on the page; silent while someone types, in a dialog, or with a modifier. `"g d"` is two keys. */
export function useHotkeys(handlers: Record<string, Handler>): void {
  const latest = useRef(handlers);
  useEffect(() => {
    latest.current = handlers;
  });
  useEffect(() => {
    let before = "";
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector("dialog[open]")) return;
      const handler = latest.current[`${before} ${event.key}`] ?? latest.current[event.key];
      before = event.key;
      handler?.(event);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}
