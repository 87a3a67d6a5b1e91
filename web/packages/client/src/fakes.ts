// Made-up servers, for tests only.
import { CrisisClient } from "./client.ts";
import type { ServerFrame } from "./frames.ts";
import type { ClientOptions } from "./options.ts";
import type { Socket } from "./ports.ts";

export class FakeSocket implements Socket {
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  sent: Record<string, unknown>[] = [];
  closed = false;
  readonly address: string;
  readonly protocols: string[];

  constructor(address: string, protocols: string[]) {
    this.address = address;
    this.protocols = protocols;
  }
  send(text: string) {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  close() {
    this.closed = true;
  }
  say(frame: Record<string, unknown>) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  cut(code = 1006, reason = "") {
    this.onclose?.({ code, reason });
  }
  hello(session = "s") {
    this.say({ ...hello, session });
  }
  joined(room: string, position: string, recovered = true) {
    this.say({ type: "joined_room", room, position, recovered });
  }
  item(position: string, room = "global") {
    this.say(item(position, room));
  }
  /** Type, room and position of what was sent. */
  types() {
    return this.sent.map((frame) => [frame.type, frame.room, frame.position].filter(Boolean).join(" "));
  }
  /** From where the address resumes. */
  position() {
    return new URL(this.address).searchParams.get("position");
  }
}

export const hello = {
  type: "connection",
  status: "connected",
  session: "s",
  user_id: "u",
  heartbeat_s: 30,
  node: "n",
};
export const item = (position: string, room = "global") => ({
  type: "new_item",
  room,
  position,
  at: "2026-01-01T00:00:00Z",
  data: { id: position },
});

/** One request, for an event stream or for anything else. */
export class FakeStream {
  readonly url: URL;
  readonly init: RequestInit;
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
  private readonly answered: (response: Response) => void;
  private body: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(url: string, init: RequestInit, answered: (response: Response) => void) {
    this.url = new URL(url);
    this.init = init;
    this.headers = init.headers as Record<string, string>;
    this.signal = init.signal as AbortSignal;
    this.answered = answered;
  }
  /** The stream's room is joined. */
  open(position: string, session = "s", recovered = true) {
    const room = this.url.searchParams.get("room");
    this.accept();
    this.say({ ...hello, session } as { type: string });
    this.say({ type: "joined_room", room, position, recovered } as { type: string }, position);
  }
  accept() {
    const start = (body: ReadableStreamDefaultController<Uint8Array>) => {
      this.body = body;
    };
    this.answered(new Response(new ReadableStream({ start })));
  }
  refuse(status: number, detail: string) {
    this.answered(new Response(JSON.stringify({ detail }), { status }));
  }
  answer(body: unknown) {
    this.answered(Response.json(body));
  }
  write(text: string) {
    this.body?.enqueue(new TextEncoder().encode(text));
  }
  say(frame: { type: string }, id?: string) {
    this.write(`event: ${frame.type}\n${id ? `id: ${id}\n` : ""}data: ${JSON.stringify(frame)}\n\n`);
  }
  end() {
    this.body?.close();
  }
}

/** A client whose server, network and luck are in the test's hands. */
export function fakeWorld(options: ClientOptions = {}) {
  const world = {
    sockets: [] as FakeSocket[],
    streams: [] as FakeStream[],
    /** What is asked beside streams. */
    requests: [] as FakeStream[],
    events: [] as string[],
    resyncs: [] as string[],
    frames: [] as ServerFrame[],
    isOnline: true,
    goOnline: (() => undefined) as () => void,
    isVisible: true,
    /** The tab is shown or hidden. */
    show: (() => undefined) as (isVisible: boolean) => void,
    /** Somebody does something in it. */
    input: (() => undefined) as () => void,
    client: undefined as unknown as CrisisClient,
    last: () => world.sockets.at(-1) as FakeSocket,
    /** The latest, of the room where one is named. */
    stream: (room?: string) =>
      world.streams.findLast(({ url }) => !room || url.searchParams.get("room") === room) as FakeStream,
    phase: () => world.client.getState().phase,
  };
  world.client = new CrisisClient({
    url: "https://crisis.example",
    token: "t",
    backoffBaseMs: 1_000,
    openSocket: (address, protocols) => {
      const socket = new FakeSocket(address, protocols);
      world.sockets.push(socket);
      return socket;
    },
    fetch: ((url: string, init: RequestInit) =>
      new Promise<Response>((answered) => {
        const request = new FakeStream(url, init, answered);
        (request.url.pathname.startsWith("/api/sse/") ? world.streams : world.requests).push(request);
      })) as typeof fetch,
    random: () => 0.5,
    network: {
      isOnline: () => world.isOnline,
      onOnline: (run) => {
        world.goOnline = () => {
          world.isOnline = true;
          run();
        };
        return () => undefined;
      },
    },
    page: {
      isVisible: () => world.isVisible,
      onVisibility: (run) => {
        world.show = (isVisible) => {
          world.isVisible = isVisible;
          run();
        };
        return () => {
          world.show = () => undefined;
        };
      },
      onInput: (run) => {
        world.input = run;
        return () => {
          world.input = () => undefined;
        };
      },
    },
    ...options,
  });
  world.client.on("event", ({ position }) => world.events.push(position));
  world.client.on("resync", ({ reason }) => world.resyncs.push(reason));
  world.client.on("frame", (frame) => world.frames.push(frame));
  return world;
}

/** Every WebSocket fails, until the client turns to event streams. */
export async function unopened(
  { client, last }: Pick<ReturnType<typeof fakeWorld>, "client" | "last">,
  tick: (ms?: number) => Promise<unknown>,
) {
  client.connect();
  await tick();
  for (const wait of [500, 1_000]) {
    last().cut();
    await tick(wait);
  }
  last().cut();
  await tick();
}

/** A token that ends at `exp`, in seconds since 1970. */
export const tokenUntil = (exp: number) => `h.${btoa(JSON.stringify({ exp })).replaceAll("=", "")}.s`;
