"use client";
import { useCallback, useSyncExternalStore } from "react";

export type Theme = "light" | "dark";
const KEY = "crisislens.theme";
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", listener);
  listeners.add(listener);
  return () => {
    system.removeEventListener("change", listener);
    listeners.delete(listener);
  };
}

function current(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** The theme that shows, and a switch to the other one, which is remembered (see public/theme.js). */
export function useTheme(): [Theme, () => void] {
  const theme = useSyncExternalStore<Theme>(subscribe, current, () => "light");
  const toggle = useCallback(() => {
    const next = current() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    window.localStorage.setItem(KEY, next);
    for (const listener of listeners) listener();
  }, []);
  return [theme, toggle];
}
