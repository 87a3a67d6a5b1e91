// One connection to CrisisLens: rooms with reference counting, exact resume by position, back-off, heartbeat, and event
// streams where no WebSocket gets through. It knows the protocol (docs/guides/client.md) and nothing of any framework.
import { Attention } from "./attention.ts";
import { backoffMs } from "./backoff.ts";
import { Credentials } from "./credentials.ts";
import { CursorSender } from "./cursors.ts";
import { Emitter } from "./emitter.ts";
import { BROKEN, ClientError, denialOf, INACTIVE, TRY_LATER } from "./ending.ts";
import { isEvent } from "./events.ts";
import type { ClientFrame, ControlFrame, ServerFrame } from "./frames.ts";
import type { HttpRequest } from "./http.ts";
import { baseOf, type Credential, isLoopback, type Line, type LineEvents, type Transport } from "./line.ts";
import { type ClientOptions, type JoinOptions, type Settings, settings } from "./options.ts";
import type { Clock } from "./ports.ts";
import { PresenceOrder } from "./presence-order.ts";
import type { RoomPhase } from "./room.ts";
import { Rooms } from "./rooms.ts";
import { openStreams } from "./sse.ts";
import type { ClientEvents, ConnectionState } from "./state.ts";
import { Timers } from "./timers.ts";
import { openWebSocket } from "./websocket.ts";

/** No frame's type may pass for one of these. */
const OWN_KINDS = new Set(["event", "frame", "state", "ended"]);

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
  private readonly rooms: Rooms;
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
  /** How far the server's clock is ahead of ours. */
  private aheadMs = 0;

  constructor(options: ClientOptions = {}) {
    this.settings = settings(options);
    this.timers = new Timers(this.settings.clock);
    this.credentials = new Credentials(this.settings, this.timers);
    const isByRequest = () => this.transport === "sse";
    this.cursors = new CursorSender(this.timers, isByRequest, (room, position) => {
      if (this.roomPhase(room) === "joined") this.send({ type: "cursor_move", resource_id: room, position });
    });
    const { page, clock, remembered } = this.settings;
    this.rooms = new Rooms({
      remembered,
      line: () => this.line,
      isConnected: () => this.connected,
      expect: () => this.expect(),
      settle: () => this.settle(),
      tell: (frame) => this.emitFrame(frame),
    });
    this.attention = new Attention({
      page,
      clock,
      say: (state) => this.send({ type: "presence", state }),
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
    this.drop(true);
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

  /** Names the connection that there is: for the server, this tab. */
  get session(): string | null {
    return this.line?.session() ?? null;
  }

  /** Names the connection that carries the room: of event streams, each room has its own. */
  sessionOf(room: string): string | null {
    return this.line?.session(room) ?? null;
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
    return this.rooms.ask(name, { filter }, position);
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
    const { base } = this;
    const { joinWithinMs, sseAfter } = this.settings;
    const entry = this.rooms.enterBy();
    // Whoever was on event streams is on them again before the server takes them for gone and gives their locks back.
    this.expect(this.unopened < sseAfter ? joinWithinMs : joinWithinMs / 2);
    try {
      const { clock, openSocket: open } = this.settings;
      const options = { base, entry, credential, clock, open };
      this.line = openWebSocket(options, this.listening(generation));
    } catch (error) {
      this.onClosed(BROKEN, String(error));
    }
  }

  /** The same try over event streams. */
  private stream(): void {
    this.drop();
    const { fetch, clock, maxStreams, pongWithinMs, webSocketAgainMs } = this.settings;
    const options = {
      base: this.base,
      fetch,
      clock,
      most: maxStreams,
      patienceMs: pongWithinMs,
      credential: () => this.credentials.next("sse"),
      request: (path: string, request: HttpRequest) => this.request(path, request),
    };
    this.line = openStreams(options, this.listening(this.generation));
    this.rooms.enterAll();
    this.expect();
    this.timers.set("websocket", webSocketAgainMs, () => {
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
      passed: ifOurs((name, position) => this.rooms.pass(name, position)),
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
      if (this.unopened >= this.settings.sseAfter && this.rooms.areWanted()) {
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

  /** Lets go of the connection without a word to anyone here. */
  private drop(isForGood?: boolean): void {
    this.generation += 1;
    this.connected = false;
    this.timers.stop("pulse", "join", "renewal", "websocket", "again");
    this.rooms.reset();
    this.cursors.forget();
    this.people.forget();
    const { line } = this;
    this.line = null;
    line?.close(isForGood);
  }

  private receive(frame: ServerFrame): void {
    if (OWN_KINDS.has(frame.type)) return;
    this.heard();
    if (!isEvent(frame)) this.onControl(frame);
    else if (this.rooms.take(frame)) {
      this.emitter.emit(frame.type, frame as never);
      this.emitter.emit("event", frame);
    }
  }

  private onControl(frame: ControlFrame): void {
    switch (frame.type) {
      case "connection":
        this.userId = frame.user_id;
        this.aheadMs = (Date.parse(frame.at) || this.clock.now()) - this.clock.now();
        this.onConnection();
        break;
      case "joined_room":
        this.people.forget(frame.room);
        this.rooms.onJoined(frame.room, frame.position, frame.recovered);
        break;
      case "left_room":
        this.rooms.onLeft(frame.room);
        break;
      case "pong":
        if (frame.position) this.rooms.passAll(frame.position);
        break;
      case "resync":
        this.rooms.onResync(frame.room, frame.reason);
        return;
      case "presence_state":
      case "presence_update": {
        const order = this.people.take(frame);
        if (order === "old") return;
        if (order === "gap") this.send({ type: "get_presence", resource_id: frame.resource_id });
        break;
      }
      case "error":
        if (frame.code === "rate_limited")
          this.timers.set("again", (frame.retry_after ?? 1) * 1000, () => this.rooms.askAgain());
        else this.rooms.onError(frame.code, frame.room);
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

  private emitFrame(frame: ControlFrame): void {
    this.emitter.emit(frame.type, frame as never);
    this.emitter.emit("frame", frame);
  }

  private onConnection(): void {
    this.connected = true;
    this.setState({ phase: this.wasLive ? "resuming" : "connecting" });
    if (!this.connected) return;
    this.attention.greet();
    if (this.transport === "websocket") {
      this.unopened = 0;
      this.rooms.onEntered();
      const { generation } = this;
      const isWanted = () => generation === this.generation;
      this.credentials.planRenewal(isWanted, (token) => this.renew(token));
    }
    this.rooms.enterAll();
    this.settle();
  }

  /** Live once every room has answered. */
  private settle(): void {
    if (!this.connected || !this.rooms.areSettled()) return;
    this.timers.stop("join");
    this.attempt = 0;
    this.credentials.reset();
    this.wasLive = true;
    this.setState({ phase: "live" });
  }

  /** Gives the connection up, unless the server answers in time. */
  private expect(withinMs = this.settings.joinWithinMs): void {
    this.timers.set("join", withinMs, () => this.onClosed(BROKEN, "the server does not answer"));
  }

  /** Anything heard proves that the connection lives; the next ping is counted from here. Event streams know by themselves. */
  private heard(): void {
    if (this.transport === "websocket")
      this.timers.set("pulse", this.settings.pingEveryMs, () => this.ping());
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
