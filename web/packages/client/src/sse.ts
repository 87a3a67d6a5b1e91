// Server-Sent Events, one stream for each room, read with `fetch` and not with `EventSource`: it takes the token in a header
// and the position in `Last-Event-ID`, it is told of the comments by which silence is known, and Node has it.
import { BROKEN, POLICY, TOKEN_EXPIRED, TRY_LATER } from "./ending.ts";
import { decode } from "./events.ts";
import type { HttpRequest } from "./http.ts";
import type { Credential, Line, LineEvents } from "./line.ts";
import type { ItemFilter } from "./model.ts";
import type { Clock } from "./ports.ts";
import { Posts } from "./posts.ts";
import { type Block, blockReader } from "./sse-parser.ts";
import { Timers } from "./timers.ts";

/** Until the server has said how often it sends something. */
const HEARTBEAT_MS = 30_000;
/** Answers that say no to one room, with the `code` that a WebSocket's `error` has. */
const REFUSALS = new Map([
  [400, "bad_frame"],
  [403, "forbidden"],
]);

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
  clock: Clock;
  /** For one stream: a ticket is good for one. */
  credential: () => Promise<Credential>;
  /** What is said goes by requests. */
  request: (path: string, request: HttpRequest) => Promise<unknown>;
  /** Streams at once: over HTTP/1.1 a browser has six connections to a server, and needs some for requests. */
  most: number;
  /** How much longer than two heartbeats a stream may be silent. */
  patienceMs: number;
}

interface Stream {
  abort: AbortController;
  /** What the server names it. */
  session: string | null;
  heartbeatMs: number;
}

/** No stream is open before a room is joined. The line is closed as soon as one of its streams ends or is silent. */
export function openStreams(options: StreamOptions, events: LineEvents): Line {
  const streams = new Map<string, Stream>();
  const timers = new Timers(options.clock);
  const posts = new Posts(options.request);
  let isGreeted = false;
  const stop = (room: string) => {
    streams.get(room)?.abort.abort();
    streams.delete(room);
    timers.stop(room);
  };
  const close = (isForGood?: boolean) => {
    for (const room of [...streams.keys()]) {
      stop(room);
      if (isForGood) posts.leave(room);
    }
  };
  const closed = (code: number, reason: string) => {
    close();
    events.closed(code, reason);
  };
  const hand = (room: string, stream: Stream, { id, data }: Block) => {
    const frame = decode(data);
    if (frame?.type === "connection") {
      stream.session = frame.session;
      stream.heartbeatMs = frame.heartbeat_s * 1_000 || HEARTBEAT_MS;
    }
    timers.set(room, 2 * stream.heartbeatMs + options.patienceMs, () => closed(BROKEN, "a stream is silent"));
    if (!frame) {
      if (id) events.passed(room, id);
    } else if (frame.type !== "connection" || !isGreeted) {
      isGreeted ||= frame.type === "connection";
      events.frame(frame);
    }
  };
  /** The room is shut. It is the whole line where no stream has been let in and none is left that may be. */
  const refused = (room: string, code: string, message: string) => {
    stop(room);
    if (isGreeted || streams.size > 0) events.frame({ type: "error", code, message, room });
    else closed(POLICY, message);
  };
  const run = async (room: string, position: string | null, filter: ItemFilter | undefined) => {
    const stream = { abort: new AbortController(), session: null, heartbeatMs: HEARTBEAT_MS };
    streams.set(room, stream);
    const isOurs = () => streams.get(room) === stream;
    let end = () => closed(BROKEN, "the stream has ended");
    try {
      const credential = await options.credential();
      if (!isOurs()) return;
      const response = await request(options, room, position, filter, credential, stream.abort.signal);
      if (response.ok && response.body) {
        const read = blockReader((block) => {
          if (isOurs()) hand(room, stream, block);
        });
        await readAll(response.body, read, isOurs);
      } else {
        const { status } = response;
        const reason = await reasonOf(response);
        const code = REFUSALS.get(status);
        end = () => (code ? refused(room, code, reason) : closed(codeOf(status), reason));
      }
    } catch (error) {
      end = () => closed(BROKEN, String(error));
    }
    if (isOurs()) end();
  };
  return {
    transport: "sse",
    join: (room, position, filter) => {
      if (!streams.has(room) && streams.size >= options.most) return false;
      stop(room);
      void run(room, position, filter);
      return true;
    },
    leave: (room) => {
      stop(room);
      posts.leave(room);
    },
    send: (frame) => posts.send(frame, streams.keys()),
    session: (room = "") => {
      const stream = streams.get(room) ?? [...streams.values()].find(({ session }) => session !== null);
      return stream?.session ?? null;
    },
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
  parameters.set("room", room);
  const headers: Record<string, string> = { accept: "text/event-stream" };
  if ("token" in credential) headers.authorization = `Bearer ${credential.token}`;
  else parameters.set("ticket", credential.ticket);
  if (position !== null) headers["last-event-id"] = position;
  return await fetch(`${base}/api/sse/stream?${parameters}`, { headers, signal, cache: "no-store" });
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
