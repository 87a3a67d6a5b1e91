// One WebSocket for the whole app: rooms with reference counting, exact resume by position, back-off, heartbeat.
// It knows the protocol (PRODUCT.md §4) and nothing of React or of the query cache.
import type { ClientFrame, RoomEvent, ServerFrame } from "@/lib/api/types";
import { backoffMs } from "./backoff";
import { type RoomPhase, RoomState } from "./room";

export const PING_EVERY_MS = 25_000;
export const PONG_WITHIN_MS = 10_000;
export const JOIN_WITHIN_MS = 10_000;
/** The room that the server joins by itself on `/ws`, from the position in the address. */
const AUTO_ROOM = "global";
/** Errors that answer a join: the room stays shut, the connection is sound. */
const REFUSALS = new Set(["unknown_room", "forbidden", "too_many_rooms"]);

export type ConnectionState =
  | { phase: "idle" | "connecting" | "live" | "resuming" }
  | { phase: "offline"; since: number };

/** Something a listener may care about, besides the connection's state. */
export type Signal =
  | { kind: "event"; event: RoomEvent }
  | { kind: "frame"; frame: Exclude<ServerFrame, RoomEvent> }
  /** The client may have missed something in this room: refetch over REST. */
  | { kind: "resync"; room: string; reason: string };

/** What the client needs of a WebSocket. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export interface RealtimeOptions {
  /** The address for one connection, with a fresh ticket and the position from which to resume `global`. */
  address: (position: string | null) => Promise<string>;
  open?: (address: string) => Socket;
  random?: () => number;
  now?: () => number;
}

const EVENTS = new Set(["new_item", "item_update", "incident_update", "alert", "notification"]);

export class RealtimeClient {
  private state: ConnectionState = { phase: "idle" };
  private socket: Socket | null = null;
  /** Rises with every connection, so that an abandoned one is not heard. */
  private generation = 0;
  private attempt = 0;
  private connected = false;
  private wasLive = false;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private pingTimer: ReturnType<typeof setTimeout> | undefined;
  private deadline: ReturnType<typeof setTimeout> | undefined;
  private readonly rooms = new Map<string, RoomState>();
  private readonly stateListeners = new Set<() => void>();
  private readonly signalListeners = new Set<(signal: Signal) => void>();
  private readonly options: Required<RealtimeOptions>;

  constructor(options: RealtimeOptions) {
    this.options = {
      open: (address) => new WebSocket(address) as unknown as Socket,
      random: Math.random,
      now: Date.now,
      ...options,
    };
  }

  start(): void {
    if (this.state.phase === "idle") void this.connect();
  }

  stop(): void {
    this.drop();
    clearTimeout(this.retryTimer);
    this.attempt = 0;
    this.wasLive = false;
    for (const room of this.rooms.values()) room.forget();
    this.setState({ phase: "idle" });
  }

  /** Skips the waiting time, for instance when the browser is online again. */
  retryNow(): void {
    if (this.state.phase === "offline") void this.connect();
  }

  getState = (): ConnectionState => this.state;

  /** How it stands with a room; undefined when nobody asked for it. */
  roomPhase(name: string): RoomPhase | undefined {
    return this.rooms.get(name)?.phase;
  }

  onState = (listener: () => void): (() => void) => {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  };

  onSignal(listener: (signal: Signal) => void): () => void {
    this.signalListeners.add(listener);
    return () => this.signalListeners.delete(listener);
  }

  /** Asks for a room's events; the room is left when the last asker lets go. */
  join(name: string): () => void {
    const room = this.rooms.get(name) ?? new RoomState();
    this.rooms.set(name, room);
    room.wanted += 1;
    if (room.wanted === 1 && this.connected) {
      this.enter(name, room);
      this.settle();
    }
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      room.wanted -= 1;
      if (room.wanted === 0) this.leave(name, room);
    };
  }

  /** Brings a fresh token before the old one ends. */
  renew(token: string): void {
    if (this.connected) this.send({ type: "auth", token });
  }

  private leave(name: string, room: RoomState): void {
    if (this.rooms.get(name) === room) this.rooms.delete(name);
    if (room.phase === "joining" || room.phase === "joined") this.send({ type: "leave_room", room: name });
    this.settle();
  }

  private async connect(): Promise<void> {
    clearTimeout(this.retryTimer);
    const generation = ++this.generation;
    if (this.state.phase !== "offline") this.setState({ phase: this.wasLive ? "resuming" : "connecting" });
    let address: string;
    try {
      address = await this.options.address(this.rooms.get(AUTO_ROOM)?.position ?? null);
    } catch {
      if (generation === this.generation) this.lost();
      return;
    }
    if (generation !== this.generation) return;
    const socket = this.options.open(address);
    this.socket = socket;
    this.deadline = setTimeout(() => this.fail(generation), JOIN_WITHIN_MS);
    socket.onmessage = ({ data }) => {
      if (generation === this.generation) this.receive(data);
    };
    socket.onclose = () => {
      if (generation === this.generation) this.lost();
    };
  }

  /** Gives this connection up and tries again. */
  private fail(generation: number): void {
    if (generation === this.generation) this.lost();
  }

  private lost(waitMs?: number): void {
    this.drop();
    if (this.state.phase !== "offline") this.setState({ phase: "offline", since: this.options.now() });
    const wait = waitMs ?? backoffMs(this.attempt, this.options.random);
    this.attempt += 1;
    this.retryTimer = setTimeout(() => void this.connect(), wait);
  }

  /** Lets go of the socket without a word to anyone. */
  private drop(): void {
    this.generation += 1;
    this.connected = false;
    clearTimeout(this.pingTimer);
    clearTimeout(this.deadline);
    for (const room of this.rooms.values()) room.phase = "idle";
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close(1000);
  }

  private receive(data: unknown): void {
    const frame = decode(data);
    if (!frame) return;
    this.heard();
    if (isEvent(frame)) this.onEvent(frame);
    else this.onControl(frame);
  }

  private onControl(frame: Exclude<ServerFrame, RoomEvent>): void {
    switch (frame.type) {
      case "connection":
        this.onConnection();
        break;
      case "joined_room":
        this.onJoined(frame.room, frame.position, frame.recovered);
        break;
      case "resync":
        this.emit({ kind: "resync", room: frame.room, reason: frame.reason });
        break;
      case "error":
        this.onError(frame.code, frame.room);
        break;
      case "going_away":
        this.emit({ kind: "frame", frame });
        this.lost(frame.reconnect_after_ms);
        return;
      default:
        break;
    }
    this.emit({ kind: "frame", frame });
  }

  private onConnection(): void {
    this.connected = true;
    this.setState({ phase: this.wasLive ? "resuming" : "connecting" });
    for (const [name, room] of this.rooms) {
      if (name === AUTO_ROOM) room.phase = "joining";
      else this.enter(name, room);
    }
    if (this.rooms.size === 0) clearTimeout(this.deadline);
    this.settle();
  }

  /** Asks for the room on this connection, from where it was left. */
  private enter(name: string, room: RoomState): void {
    room.phase = "joining";
    this.send({ type: "join_room", room: name, ...(room.position !== null && { position: room.position }) });
  }

  private onJoined(name: string, position: string, recovered: boolean): void {
    const room = this.rooms.get(name);
    if (room?.phase !== "joining") return;
    // Where nothing was asked for, or history no longer reaches, what happened before is only to be had over REST.
    const fresh = room.position === null;
    room.phase = "joined";
    room.position = position;
    if (fresh && recovered) this.emit({ kind: "resync", room: name, reason: "first_join" });
    this.settle();
  }

  private onEvent(event: RoomEvent): void {
    const room = this.rooms.get(event.room);
    if (room?.phase !== "joined") return;
    if (room.advance(event.type, event.position)) this.emit({ kind: "event", event });
  }

  private onError(code: string, name: string | undefined): void {
    if (code === "invalid_position") this.startAfresh(name);
    else if (REFUSALS.has(code)) this.onRefused(name ?? this.oldestJoin());
  }

  /** A position that this server does not know: joins anew, and says that something may be missing. */
  private startAfresh(only: string | undefined): void {
    for (const [name, room] of this.rooms) {
      if (room.phase !== "joining" || (only !== undefined && only !== name)) continue;
      room.forget();
      this.enter(name, room);
    }
  }

  private onRefused(name: string | undefined): void {
    const room = name === undefined ? undefined : this.rooms.get(name);
    if (!room || room.phase === "idle") return;
    room.forget();
    room.phase = "refused";
    this.settle();
  }

  /** The server answers joins in order, so an error that names no room is about the first that waits. */
  private oldestJoin(): string | undefined {
    for (const [name, room] of this.rooms) if (name !== AUTO_ROOM && room.phase === "joining") return name;
    return undefined;
  }

  /** Live once every room has answered. */
  private settle(): void {
    if (!this.connected) return;
    for (const { phase } of this.rooms.values()) if (phase !== "joined" && phase !== "refused") return;
    clearTimeout(this.deadline);
    this.attempt = 0;
    this.wasLive = true;
    this.setState({ phase: "live" });
  }

  /** Any frame proves that the connection lives; the next ping is counted from here. */
  private heard(): void {
    clearTimeout(this.pingTimer);
    const generation = this.generation;
    this.pingTimer = setTimeout(() => {
      this.send({ type: "ping" });
      this.pingTimer = setTimeout(() => this.fail(generation), PONG_WITHIN_MS);
    }, PING_EVERY_MS);
  }

  private send(frame: ClientFrame): void {
    if (this.connected) this.socket?.send(JSON.stringify(frame));
  }

  private emit(signal: Signal): void {
    for (const listener of this.signalListeners) listener(signal);
  }

  private setState(next: ConnectionState): void {
    if (next.phase === this.state.phase) return;
    this.state = next;
    for (const listener of this.stateListeners) listener();
  }
}

function decode(data: unknown): ServerFrame | null {
  if (typeof data !== "string") return null;
  try {
    const frame = JSON.parse(data) as { type?: unknown } | null;
    return typeof frame?.type === "string" ? (frame as ServerFrame) : null;
  } catch {
    return null;
  }
}

function isEvent(frame: ServerFrame): frame is RoomEvent {
  return EVENTS.has(frame.type);
}
