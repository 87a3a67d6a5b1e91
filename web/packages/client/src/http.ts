// Requests over HTTP beside the live connection: JSON, with a token, and problem details where the server says no.
import type { EditLock } from "./model.ts";

export interface HttpRequest {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  headers?: Record<string, string>;
  /** Goes on when the page is left. */
  keepalive?: boolean;
}

/** RFC 9457. */
export interface HttpProblem {
  title?: string;
  detail?: string;
  /** The lock that is in the way. */
  lock?: EditLock | null;
}

/** An answer that says no, or no answer at all (`status` 0). */
export class HttpError extends Error {
  readonly status: number;
  readonly problem: HttpProblem;

  constructor(status: number, problem: HttpProblem) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
    this.name = "HttpError";
    this.status = status;
    this.problem = problem;
  }
}

/** A server that does not answer for so long is as good as none. */
const ANSWER_WITHIN_MS = 15_000;

export async function requestJson<T>(
  fetch: typeof globalThis.fetch,
  address: string,
  token: string | undefined,
  { method = "GET", body, headers, keepalive }: HttpRequest,
): Promise<T> {
  const all: Record<string, string> = { accept: "application/json", ...headers };
  if (token) all.authorization = `Bearer ${token}`;
  if (body !== undefined) all["content-type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(address, {
      method,
      headers: all,
      body: body === undefined ? undefined : JSON.stringify(body),
      keepalive,
      cache: "no-store",
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
  } catch (error) {
    throw new HttpError(0, { detail: `the server cannot be reached: ${error}` });
  }
  if (!response.ok) throw new HttpError(response.status, await problemOf(response));
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function problemOf(response: Response): Promise<HttpProblem> {
  const body: unknown = await response.json().catch(() => null);
  return { title: response.statusText, ...(typeof body === "object" ? body : null) };
}
