"use client";
import { useSyncExternalStore } from "react";
import { onSession, readSession } from "./api/session";

/** `unknown` while the page is still the prerendered one. */
export function useSession(): "unknown" | "in" | "out" {
  return useSyncExternalStore(
    onSession,
    () => (readSession() ? "in" : "out"),
    () => "unknown",
  );
}
