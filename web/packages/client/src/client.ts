// One connection to CrisisLens: rooms with reference counting, exact resume by position, back-off, heartbeat, and event
// streams where no WebSocket gets through. It knows the protocol (docs/guides/client.md) and nothing of any framework.
import { Attention } from "./attention.ts";
import { backoffMs } from "./backoff.ts";
import { Credentials } from "./credentials.ts";
import { CursorSender } from "./cursors.ts";
import { Emitter } from "./emitter.ts";
import { BROKEN, ClientError, denialOf, INACTIVE, TRY_LATER } from "./ending.ts";
import { isEvent, type RoomEvent, type ServerFrame } from "./events.ts";
import type { HttpRequest } from "./http.ts";
import { baseOf, type Credential, isLoopback, type Line, type LineEvents, type Transport } from "./line.ts";
import type { ClientFrame } from "./model.ts";
import { type ClientOptions, type JoinOptions, type Settings, settings } from "./options.ts";
import type { Clock } from "./ports.ts";
import { PresenceOrder } from "./presence-order.ts";
import { type Asker, isSame, type RoomPhase, RoomState } from "./room.ts";
import { isStreamed, openStreams } from "./sse.ts";
import type { ClientEvents, ConnectionState, ControlFrames } from "./state.ts";
import { Timers } from "./timers.ts";
import { type Entry, entryOf, GLOBAL, openWebSocket } from "./websocket.ts";

/** No frame's type may pass for one of these. */
const OWN_KINDS = new Set(["event", "frame", "state", "ended"]);
/** Errors that answer a join: the room stays shut, the connection is sound. */
const REFUSALS = new Set(["unknown_room", "forbidden", "too_many_rooms", "bad_frame"]);
/** Until the server has said how often it sends something. */
const HEARTBEAT_MS = 30_000;

export class CrisisClient {
  private state: ConnectionState = { phase: "idle" };
  private line: Line | null = null;
  /** Rises with every connection, so that an abandoned one is not heard. */
  private generation = 0;
  /** Tries since it was last live. */
  private attempt = 0;
  /** WebSockets in a row that did not open. */
  private unopened = 0;
  private connected = false;
  private wasLive = false;
  private entry: Entry = { room: GLOBAL, position: null };
  private heartbeatMs = HEARTBEAT_MS;
  private readonly rooms = new Map<string, RoomState>();
  /** Joins of this connection that the server has not answered, by room. */
  private readonly waiting = new Map<string, number>();
  private readonly timers: Timers;
  private readonly credentials: Credentials;
  private readonly cursors: CursorSender;
  private readonly attention: Attention;
  private readonly people = new PresenceOrder();
  private readonly emitter = new Emitter<ClientEvents>();
  private stopNetwork: (() => void) | undefined;
  private readonly settings: Settings;
  private base = "";
  /** Whose connection it is, once it has been let in. */
  userId: string | null = null;
  /** Names the connection that there is: for the server, this tab. */
  session: string | null = null;
  /** How far the server's clock is ahead of ours. */
  private aheadMs = 0;

  constructor(options: ClientOptions = {}) {
    this.settings = settings(options);
    this.timers = new Timers(this.settings.clock);
    this.credentials = new Credentials(this.settings, this.timers);
    this.cursors = new CursorSender(this.timers, (room, position) => {
      if (this.roomPhase(room) === "joined") this.send({ type: "cursor_move", resource_id: room, position });
    });
    const { page, clock } = this.settings;
    this.attention = new Attention({
      page,
      clock,
      say: (state) => this.transport === "websocket" && this.send({ type: "presence", state }),
      back: () => this.state.phase === "paused" && this.retry(),
    });
    for (const room of options.rooms ?? []) {
      if (typeof room === "string") this.join(room);
      else this.join(room.room, room);
    }
  }

  connect(): void {
    if (this.state.phase === "idle") this.begin();
  }

  /** Ends the connection. Rooms that are not left keep their positions: `connect()` resumes them. */
  disconnect(): void {
    this.drop();
    this.rest();
    this.wasLive = false;
    this.setState({ phase: "idle" });
  }

  /** Tries at once: skips the waiting time, or begins anew after the end. */
  retry(): void {
    if (this.state.phase === "ended") this.begin();
    else if (this.state.phase === "offline" || this.state.phase === "paused") {
      this.drop();
      void this.dial();
    }
  }

  getState = (): ConnectionState => this.state;

  get transport(): Transport | null {
    return this.line?.transport ?? null;
  }

  /** How it stands with a room; undefined when nobody asked for it. */
  roomPhase(name: string): RoomPhase | undefined {
    return this.rooms.get(name)?.phase;
  }

  /** From where the room could be resumed, here or in another program. */
  position(name: string): string | null {
    return this.rooms.get(name)?.position ?? null;
  }

  /** Listens until the answer is called. */
  on<Kind extends keyof ClientEvents>(kind: Kind, listener: (value: ClientEvents[Kind]) => void): () => void {
    return this.emitter.on(kind, listener);
  }

  /** As `on("state")`, in the shape that React's `useSyncExternalStore` takes. */
  onState = (listener: () => void): (() => void) => this.on("state", listener);

  /** Asks for a room's events; the room is left when the last asker lets go. */
  join(name: string, { filter, position }: JoinOptions = {}): () => void {
    const room = this.rooms.get(name) ?? new RoomState(this.settings.remembered);
    this.rooms.set(name, room);
    const asker: Asker = { filter };
    room.askers.add(asker);
    if (position !== undefined) room.position ??= position;
    if (this.connected) {
      if (room.askers.size === 1) this.enter(name, room);
      else this.refilter(name, room);
      this.settle();
    }
    return () => {
      if (!room.askers.delete(asker)) return;
      if (room.askers.size === 0) this.leave(name, room);
      else if (this.connected) this.refilter(name, room);
    };
  }

  /** Brings a fresh token before the old one ends, or after it was the end. */
  renew(token: string): void {
    this.credentials.token = token;
    this.send({ type: "auth", token });
    if (this.state.phase === "ended" && this.state.error.reason !== "gave_up") this.retry();
  }

  /** Says where the person's pointer is: the latest only, at most 20 times a second. */
  moveCursor(room: string, position: unknown): void {
    this.cursors.move(room, position);
  }

  get clock(): Clock {
    return this.settings.clock;
  }

  /** About what time it is where the server is, in milliseconds since 1970. */
  serverNow(): number {
    return this.clock.now() + this.aheadMs;
  }

  /** A request over HTTP with the connection's token, which is renewed once where it is refused. */
  request<Answer>(path: string, request: HttpRequest = {}): Promise<Answer> {
    return this.credentials.request(path, request);
  }

  private begin(): void {
    this.base = baseOf(this.settings.url);
    this.attempt = 0;
    this.credentials.reset();
    this.unopened = 0;
    this.attention.start();
    this.stopNetwork?.();
    this.stopNetwork = this.settings.network.onOnline(() => {
      if (this.state.phase === "offline") this.retry();
      // The network may be another one, and the connection dead.
      else if (this.state.phase === "live" && this.transport === "websocket") this.ping();
    });
    void this.dial();
  }

  /** One try. */
  private async dial(): Promise<void> {
    this.timers.stop("retry");
    const generation = ++this.generation;
    if (this.state.phase !== "offline") this.setState({ phase: this.wasLive ? "resuming" : "connecting" });
    // Here and below: a listener may have disconnected.
    if (generation !== this.generation) return;
    let credential: Credential;
    try {
      credential = await this.credentials.next("websocket");
    } catch (error) {
      if (generation !== this.generation) return;
      if (error instanceof ClientError) this.end(error);
      else this.lost();
      return;
    }
    if (generation !== this.generation) return;
    this.entry = entryOf(this.rooms);
    this.expect();
    const { base, entry } = this;
    try {
      const options = { base, entry, credential, open: this.settings.openSocket };
      this.line = openWebSocket(options, this.listening(generation));
    } catch (error) {
      this.onClosed(BROKEN, String(error));
    }
  }

  /** The same try over event streams. */
  private stream(): void {
    this.drop();
    const credential = () => this.credentials.next("sse");
    const { base, settings } = this;
    this.line = openStreams({ base, fetch: settings.fetch, credential }, this.listening(this.generation));
    for (const [name, room] of this.rooms) this.enter(name, room);
    this.expect();
    this.timers.set("websocket", settings.webSocketAgainMs, () => {
      this.drop();
      void this.dial();
    });
  }

  private listening(generation: number): LineEvents {
    const ifOurs =
      <Said extends unknown[]>(run: (...said: Said) => void) =>
      (...said: Said) => {
        if (generation === this.generation) run(...said);
      };
    return {
      frame: ifOurs((frame) => this.receive(frame)),
      heard: ifOurs(() => this.heard()),
      passed: ifOurs((name, position) => {
        const room = this.rooms.get(name);
        if (room?.phase === "joined") room.position = position;
      }),
      closed: ifOurs((code, reason) => this.onClosed(code, reason)),
    };
  }

  /** The connection has ended, or is given up. */
  private onClosed(code: number, reason: string): void {
    const denial = denialOf(code);
    if (denial) {
      const { error, isEnd, isAtOnce } = this.credentials.deny(denial, code, reason);
      if (isEnd) this.end(error);
      else this.lost(isAtOnce ? 0 : undefined, code);
      return;
    }
    if (code === INACTIVE && !this.settings.page.isVisible()) {
      this.drop();
      this.setState({ phase: "paused" });
      return;
    }
    if (!this.connected && this.transport !== "sse" && code !== TRY_LATER) {
      this.unopened += 1;
      if (this.unopened >= this.settings.sseAfter && [...this.rooms.keys()].some(isStreamed)) {
        this.stream();
        return;
      }
    }
    this.lost(undefined, code);
  }

  private lost(waitMs?: number, code?: number): void {
    this.drop();
    const { attempt, settings } = this;
    const isOnline = settings.network.isOnline() || isLoopback(this.base);
    if (isOnline && attempt >= settings.maxTries) {
      this.end(new ClientError("gave_up", `not connected after ${attempt} tries`, code));
      return;
    }
    const { generation } = this;
    if (this.state.phase !== "offline") this.setState({ phase: "offline", since: settings.clock.now() });
    if (generation !== this.generation) return;
    const backoff = { baseMs: settings.backoffBaseMs, maxMs: settings.backoffMaxMs };
    let wait = waitMs ?? backoffMs(attempt, backoff, settings.random);
    // The system tells when it is online; now and then a try all the same, as some never do. These do not count.
    if (isOnline) this.attempt += 1;
    else wait = settings.backoffMaxMs;
    this.timers.set("retry", wait, () => void this.dial());
  }

  private end(error: ClientError): void {
    this.drop();
    this.rest();
    this.setState({ phase: "ended", error });
    this.emitter.emit("ended", error);
  }

  /** Waits for nothing any more. */
  private rest(): void {
    this.timers.stopAll();
    this.attention.stop();
    this.stopNetwork?.();
    this.stopNetwork = undefined;
  }

  /** Lets go of the connection without a word to anyone. */
  private drop(): void {
    this.generation += 1;
    this.connected = false;
    this.timers.stop("pulse", "join", "renewal", "websocket");
    for (const room of this.rooms.values()) room.phase = "idle";
    this.waiting.clear();
    this.cursors.forget();
    this.people.forget();
    this.session = null;
    const { line } = this;
    this.line = null;
    line?.close();
  }

  private receive(frame: ServerFrame): void {
    if (OWN_KINDS.has(frame.type)) return;
    this.heard();
    if (isEvent(frame)) this.onEvent(frame);
    else this.onControl(frame);
  }

  private onControl(frame: ControlFrames): void {
    switch (frame.type) {
      case "connection":
        this.heartbeatMs = frame.heartbeat_s * 1_000 || HEARTBEAT_MS;
        this.userId = frame.user_id;
        this.session = frame.session;
        this.aheadMs = (Date.parse(frame.at) || this.clock.now()) - this.clock.now();
        this.onConnection();
        break;
      case "joined_room":
        this.people.forget(frame.room);
        this.onJoined(frame.room, frame.position, frame.recovered);
        break;
      case "resync":
        this.rooms.get(frame.room)?.forgetSeen();
        break;
      case "presence_state":
      case "presence_update": {
        const order = this.people.take(frame);
        if (order === "old") return;
        if (order === "gap") this.send({ type: "get_presence", resource_id: frame.resource_id });
        break;
      }
      case "error":
        this.onError(frame.code, frame.room);
        break;
      case "going_away":
        this.emitFrame(frame);
        if (this.connected) this.lost(frame.reconnect_after_ms);
        return;
      default:
        break;
    }
    this.emitFrame(frame);
  }

  private emitFrame(frame: ControlFrames): void {
    this.emitter.emit(frame.type, frame as never);
    this.emitter.emit("frame", frame);
  }

  private onConnection(): void {
    this.connected = true;
    this.setState({ phase: this.wasLive ? "resuming" : "connecting" });
    if (!this.connected) return;
    if (this.transport === "websocket") {
      this.unopened = 0;
      this.attention.greet();
      this.onEntered();
      const { generation } = this;
      const isWanted = () => generation === this.generation;
      this.credentials.planRenewal(isWanted, (token) => this.renew(token));
    }
    for (const [name, room] of this.rooms) if (room.phase === "idle") this.enter(name, room);
    this.settle();
  }

  /** The server has joined the address's room by itself. */
  private onEntered(): void {
    const { room: name, position } = this.entry;
    const room = this.rooms.get(name);
    if (!room) {
      this.line?.leave(name);
      return;
    }
    this.waiting.set(name, 1);
    if (room.position !== position || room.wanted() !== undefined) return;
    room.phase = "joining";
    room.filter = undefined;
  }

  /**
   * Asks for the room on this connection, from where it was left. Events that come before the answer are passed over: they
   * come again behind it.
   */
  private enter(name: string, room: RoomState): void {
    room.filter = room.wanted();
    if (!this.line?.join(name, room.position, room.filter)) {
      room.phase = "unavailable";
      return;
    }
    room.phase = "joining";
    this.waiting.set(name, this.transport === "sse" ? 1 : (this.waiting.get(name) ?? 0) + 1);
    if (this.connected) this.expect();
  }

  private refilter(name: string, room: RoomState): void {
    if (isSame(room.wanted(), room.filter)) return;
    room.isWidened = true;
    this.enter(name, room);
  }

  private leave(name: string, room: RoomState): void {
    if (this.rooms.get(name) === room) this.rooms.delete(name);
    if (room.phase === "joining" || room.phase === "joined") this.line?.leave(name);
    this.settle();
  }

  /** Whether this was the last answer that the room waits for. */
  private isAnswered(name: string): boolean {
    const left = (this.waiting.get(name) ?? 0) - 1;
    if (left > 0) this.waiting.set(name, left);
    else this.waiting.delete(name);
    return left <= 0;
  }

  private onJoined(name: string, position: string, recovered: boolean): void {
    const isLast = this.isAnswered(name);
    const room = this.rooms.get(name);
    if (room?.phase !== "joining" || !isLast) return;
    // Where nothing was asked for, what happened before is only to be had over REST.
    const reason = room.position === null ? "first_join" : room.isWidened ? "filter_changed" : null;
    room.phase = "joined";
    room.position = position;
    room.isWidened = false;
    if (reason !== null && recovered) this.emitFrame({ type: "resync", room: name, reason });
    this.settle();
  }

  private onEvent(event: RoomEvent): void {
    const room = this.rooms.get(event.room);
    if (room?.phase !== "joined" || !room.advance(event.type, event.position)) return;
    this.emitter.emit(event.type, event as never);
    this.emitter.emit("event", event);
  }

  private onError(code: string, name: string | undefined): void {
    if (code === "invalid_position") this.startAfresh(name);
    else if (REFUSALS.has(code)) this.onRefused(name ?? this.oldestJoin());
  }

  /** A position that this server does not know: joins anew, and says that something may be missing. */
  private startAfresh(only: string | undefined): void {
    for (const [name, room] of this.rooms) {
      if (room.phase !== "joining" || (only !== undefined && only !== name)) continue;
      this.isAnswered(name);
      room.forget();
      this.enter(name, room);
    }
  }

  private onRefused(name: string | undefined): void {
    const room = name === undefined ? undefined : this.rooms.get(name);
    if (name === undefined || !room || room.phase === "idle") return;
    this.isAnswered(name);
    room.forget();
    room.phase = "refused";
    this.settle();
  }

  /** The server answers joins in order, so an error that names no room is about the first that was asked for. */
  private oldestJoin(): string | undefined {
    const isByItself = (name: string, { filter }: RoomState) =>
      name === this.entry.room && filter === undefined && this.waiting.get(name) === 1;
    for (const [name, room] of this.rooms)
      if (room.phase === "joining" && !isByItself(name, room)) return name;
    return undefined;
  }

  /** Live once every room has answered. */
  private settle(): void {
    if (!this.connected) return;
    for (const { phase } of this.rooms.values()) if (phase === "idle" || phase === "joining") return;
    this.timers.stop("join");
    this.attempt = 0;
    this.credentials.reset();
    this.wasLive = true;
    this.setState({ phase: "live" });
  }

  /** Gives the connection up, unless the server answers in time. */
  private expect(): void {
    this.timers.set("join", this.settings.joinWithinMs, () =>
      this.onClosed(BROKEN, "the server does not answer"),
    );
  }

  /** Anything heard proves that the connection lives; the next ping is counted from here. */
  private heard(): void {
    const { pingEveryMs, pongWithinMs } = this.settings;
    if (this.transport === "sse") {
      const silence = () => this.onClosed(BROKEN, "the stream is silent");
      this.timers.set("pulse", 2 * this.heartbeatMs + pongWithinMs, silence);
    } else this.timers.set("pulse", pingEveryMs, () => this.ping());
  }

  private ping(): void {
    this.send({ type: "ping" });
    this.timers.set("pulse", this.settings.pongWithinMs, () => this.onClosed(BROKEN, "no pong"));
  }

  private send(frame: ClientFrame): void {
    if (this.connected) this.line?.send(frame);
  }

  private setState(next: ConnectionState): void {
    if (next.phase === this.state.phase) return;
    this.state = next;
    this.emitter.emit("state", next);
  }
}
