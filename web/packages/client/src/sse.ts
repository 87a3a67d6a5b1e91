// Server-Sent Events, one stream for each room, read with `fetch` and not with `EventSource`: it takes the token in a header
// and the position in `Last-Event-ID`, it is told of the comments by which silence is known, and Node has it.
import { BROKEN, POLICY, TOKEN_EXPIRED, TRY_LATER } from "./ending.ts";
import { decode } from "./events.ts";
import type { Credential, Line, LineEvents } from "./line.ts";
import type { ItemFilter } from "./model.ts";
import { type Block, blockReader } from "./sse-parser.ts";

const PATHS = new Map([
  ["global", "/api/sse/stream"],
  ["alerts", "/api/sse/alerts"],
]);

/** Whether event streams carry the room. */
export function isStreamed(room: string): boolean {
  return PATHS.has(room);
}

/** The filter as query parameters. */
export function filterParameters(filter: ItemFilter | undefined): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(filter ?? {})) {
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    if (name === "bbox" && filter?.bbox) {
      const { west, south, east, north } = filter.bbox;
      parameters.set("bbox", [west, south, east, north].join(","));
    } else parameters.set(name === "max_risk" ? "risk_max" : name, String(value));
  }
  return parameters;
}

export interface StreamOptions {
  base: string;
  fetch: typeof fetch;
  /** For one stream: a ticket is good for one. */
  credential: () => Promise<Credential>;
}

/** No stream is open before a room is joined. The line is closed as soon as one of its streams ends. */
export function openStreams(options: StreamOptions, events: LineEvents): Line {
  const streams = new Map<string, AbortController>();
  let isGreeted = false;
  const close = () => {
    for (const stream of streams.values()) stream.abort();
    streams.clear();
  };
  const closed = (code: number, reason: string) => {
    close();
    events.closed(code, reason);
  };
  const hand = (room: string, { id, data }: Block) => {
    const frame = decode(data);
    if (!frame) {
      events.heard();
      if (id) events.passed(room, id);
    } else if (frame.type !== "connection" || !isGreeted) {
      isGreeted ||= frame.type === "connection";
      events.frame(frame);
    } else events.heard();
  };
  const run = async (room: string, position: string | null, filter: ItemFilter | undefined) => {
    const stream = new AbortController();
    streams.set(room, stream);
    const isOurs = () => streams.get(room) === stream;
    let ending: [number, string] = [BROKEN, "the stream has ended"];
    try {
      const credential = await options.credential();
      if (!isOurs()) return;
      const response = await request(options, room, position, filter, credential, stream.signal);
      if (response.ok && response.body) {
        const read = blockReader((block) => {
          if (isOurs()) hand(room, block);
        });
        await readAll(response.body, read, isOurs);
      } else ending = [codeOf(response.status), await reasonOf(response)];
    } catch (error) {
      ending = [BROKEN, String(error)];
    }
    if (isOurs()) closed(...ending);
  };
  return {
    transport: "sse",
    join: (room, position, filter) => {
      if (!isStreamed(room)) return false;
      streams.get(room)?.abort();
      void run(room, position, filter);
      return true;
    },
    leave: (room) => {
      streams.get(room)?.abort();
      streams.delete(room);
    },
    send: () => undefined,
    close,
  };
}

async function request(
  { base, fetch }: StreamOptions,
  room: string,
  position: string | null,
  filter: ItemFilter | undefined,
  credential: Credential,
  signal: AbortSignal,
): Promise<Response> {
  const parameters = filterParameters(filter);
  const headers: Record<string, string> = { accept: "text/event-stream" };
  if ("token" in credential) headers.authorization = `Bearer ${credential.token}`;
  else parameters.set("ticket", credential.ticket);
  if (position !== null) headers["last-event-id"] = position;
  const query = parameters.size > 0 ? `?${parameters}` : "";
  return await fetch(`${base}${PATHS.get(room)}${query}`, { headers, signal, cache: "no-store" });
}

async function readAll(
  body: ReadableStream<Uint8Array>,
  read: (text: string) => void,
  isWanted: () => boolean,
): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  while (isWanted()) {
    const { done, value } = await reader.read();
    if (done) return;
    read(decoder.decode(value, { stream: true }));
  }
  await reader.cancel().catch(() => undefined);
}

/** The close code that a WebSocket would have had. */
function codeOf(status: number): number {
  if (status === 401) return TOKEN_EXPIRED;
  if (status === 403) return POLICY;
  return status === 429 || status === 503 ? TRY_LATER : BROKEN;
}

async function reasonOf(response: Response): Promise<string> {
  try {
    const { detail } = (await response.json()) as { detail?: unknown };
    if (typeof detail === "string") return detail;
  } catch {
    // Not ours: a proxy's page.
  }
  return `the server answered ${response.status}`;
}
