// The signed-in person's tokens: kept in localStorage, so that every tab shares one session.
import type { Tokens } from "./types";

export interface Session {
  access: string;
  refresh: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

const KEY = "crisislens.session";
const listeners = new Set<() => void>();
let cached: { text: string | null; session: Session | null } = { text: null, session: null };

function parse(text: string | null): Session | null {
  if (text === null) return null;
  try {
    const value = JSON.parse(text) as Partial<Session>;
    return value.access && value.refresh && typeof value.expiresAt === "number" ? (value as Session) : null;
  } catch {
    return null;
  }
}

/** The session as every tab sees it now; the same object until it changes. */
export function readSession(): Session | null {
  if (typeof window === "undefined") return null;
  const text = window.localStorage.getItem(KEY);
  if (text !== cached.text) cached = { text, session: parse(text) };
  return cached.session;
}

export function writeSession(tokens: Tokens, now = Date.now()): void {
  const session: Session = {
    access: tokens.access_token,
    refresh: tokens.refresh_token,
    expiresAt: now + tokens.expires_in * 1000,
  };
  window.localStorage.setItem(KEY, JSON.stringify(session));
  announce();
}

export function clearSession(): void {
  window.localStorage.removeItem(KEY);
  announce();
}

/** Tells of every change, also of those made in another tab. */
export function onSession(listener: () => void): () => void {
  if (listeners.size === 0) window.addEventListener("storage", announce);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) window.removeEventListener("storage", announce);
  };
}

function announce(): void {
  for (const listener of listeners) listener();
}
