// One fetch wrapper: bearer token, refresh before expiry and once on 401 (single-flight, across tabs), problem details.
import { ApiError, problemOf } from "./problem";
import { clearSession, readSession, type Session, writeSession } from "./session";
import type { Tokens } from "./types";

/** A token that lives no longer than this is renewed first. */
export const RENEW_BEFORE_MS = 30_000;

export interface Request {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** False for the few paths that need no session. */
  auth?: boolean;
}

export async function api<T>(path: string, request: Request = {}): Promise<T> {
  const response = await send(path, request, request.auth === false ? null : await freshSession());
  if (response.status !== 401 || request.auth === false) return read<T>(response);
  const again = await renew(readSession());
  return read<T>(await send(path, request, again));
}

async function send(path: string, request: Request, session: Session | null): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json", ...request.headers };
  if (request.body !== undefined) headers["content-type"] = "application/json";
  if (session) headers.authorization = `Bearer ${session.access}`;
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  try {
    return await fetch(path, { method: request.method ?? "GET", headers, body, signal: request.signal });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, { title: "Network error", detail: "The server cannot be reached." });
  }
}

async function read<T>(response: Response): Promise<T> {
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

/** A session whose token is good for a while yet. */
export async function freshSession(): Promise<Session> {
  const session = readSession();
  if (session && session.expiresAt - Date.now() > RENEW_BEFORE_MS) return session;
  return renew(session);
}

let renewing: Promise<Session> | null = null;

/** Renews `stale`; callers at the same time share one request, and tabs take turns. */
export function renew(stale: Session | null): Promise<Session> {
  renewing ??= inTurn(() => rotate(stale)).finally(() => {
    renewing = null;
  });
  return renewing;
}

async function rotate(stale: Session | null): Promise<Session> {
  const current = readSession();
  if (!current) throw new ApiError(401, { title: "Not signed in" });
  if (stale && current.access !== stale.access) return current;
  const request: Request = { method: "POST", body: { refresh_token: current.refresh } };
  const response = await send("/api/auth/refresh", request, null);
  if (!response.ok) {
    if (response.status < 500 && response.status !== 429) clearSession();
    throw await problemOf(response);
  }
  writeSession((await response.json()) as Tokens);
  return readSession() ?? current;
}

async function inTurn(task: () => Promise<Session>): Promise<Session> {
  if (typeof navigator === "undefined" || !navigator.locks) return task();
  return await navigator.locks.request("crisislens.refresh", task);
}
