// The rooms that the program wants, and how it stands with them on the present connection: asked for, answered, refused, resumed.
import type { ControlFrame, RoomEvent } from "./frames.ts";
import type { Line } from "./line.ts";
import { type Asker, isSame, RoomState } from "./room.ts";
import { type Entry, entryOf, GLOBAL } from "./websocket.ts";

/** Errors that answer a join: the room stays shut, the connection is sound. */
const REFUSALS = new Set(["unknown_room", "forbidden", "too_many_rooms", "bad_frame"]);

/** Names have ids in lower case, and the server knows no others. */
export const nameOf = (room: string): string => room.toLowerCase();

export interface RoomsOptions {
  /** Events remembered in each room. */
  remembered: number;
  line: () => Line | null;
  /** Whether the server has let the connection in. */
  isConnected: () => boolean;
  /** An answer is waited for. */
  expect: () => void;
  /** A room has been answered, or is wanted no more. */
  settle: () => void;
  tell: (frame: ControlFrame) => void;
}

export class Rooms {
  private entry: Entry = { room: GLOBAL, position: null };
  private readonly all = new Map<string, RoomState>();
  /** Joins of this connection that the server has not answered, by room. */
  private readonly waiting = new Map<string, number>();
  /** Rooms of this connection that were left, until the server has said so. */
  private readonly leaving = new Set<string>();
  private readonly options: RoomsOptions;

  constructor(options: RoomsOptions) {
    this.options = options;
  }

  get(name: string): RoomState | undefined {
    return this.all.get(nameOf(name));
  }

  /** Whether any is wanted. */
  areWanted(): boolean {
    return this.all.size > 0;
  }

  /** Whether each has had an answer. */
  areSettled(): boolean {
    return [...this.all.values()].every(({ phase }) => phase !== "idle" && phase !== "joining");
  }

  /** The room that the next WebSocket joins by its address. */
  enterBy(): Entry {
    this.entry = entryOf(this.all);
    return this.entry;
  }

  /** Somebody wants the room, until the answer is called. */
  ask(asked: string, asker: Asker, position: string | undefined): () => void {
    const name = nameOf(asked);
    const room = this.all.get(name) ?? new RoomState(this.options.remembered);
    this.all.set(name, room);
    room.askers.add(asker);
    if (position !== undefined) room.position ??= position;
    if (this.options.isConnected()) {
      if (room.askers.size === 1) this.enter(name, room);
      else this.refilter(name, room);
      this.options.settle();
    }
    return () => {
      if (!room.askers.delete(asker)) return;
      if (room.askers.size === 0) this.leave(name, room);
      else if (this.options.isConnected()) this.refilter(name, room);
    };
  }

  /** The connection is over: each is to be asked for anew. */
  reset(): void {
    for (const room of this.all.values()) room.phase = "idle";
    this.waiting.clear();
    this.leaving.clear();
  }

  /** Asks for those that have not been asked for on this connection. */
  enterAll(): void {
    for (const [name, room] of this.all) if (room.phase === "idle") this.enter(name, room);
  }

  /** The server has joined the address's room by itself. */
  onEntered(): void {
    const { room: name, position } = this.entry;
    const room = this.all.get(name);
    if (!room) {
      this.options.line()?.leave(name);
      return;
    }
    this.waiting.set(name, 1);
    if (room.position !== position || room.wanted() !== undefined) return;
    room.phase = "joining";
    room.filter = undefined;
  }

  onJoined(name: string, position: string, recovered: boolean): void {
    const isLast = this.isAnswered(name);
    const room = this.all.get(name);
    if (room?.phase !== "joining" || !isLast) return;
    // Where nothing was asked for, what happened before is only to be had over REST.
    const reason = room.position === null ? "first_join" : room.isWidened ? "filter_changed" : null;
    room.phase = "joined";
    room.position = position;
    room.isWidened = false;
    if (reason !== null && recovered) this.options.tell({ type: "resync", room: name, reason });
    this.options.settle();
  }

  onLeft(name: string): void {
    this.leaving.delete(name);
  }

  /** The server has passed something over: what has had no answer is said again. */
  askAgain(): void {
    for (const name of this.leaving) this.options.line()?.leave(name);
    for (const [name, room] of this.all) {
      if (room.phase !== "joining") continue;
      this.waiting.delete(name);
      this.enter(name, room);
    }
  }

  /** Something of the room may have been missed. */
  onResync(name: string, reason: string): void {
    this.all.get(name)?.forgetSeen();
    this.options.tell({ type: "resync", room: name, reason });
  }

  /** Whether the event counts. */
  take(event: RoomEvent): boolean {
    const room = this.all.get(event.room);
    return room?.phase === "joined" && room.advance(event.type, event.position);
  }

  /** Everything of the room up to here has come. */
  pass(name: string, position: string): void {
    const room = this.all.get(name);
    if (room?.phase === "joined") room.position = position;
  }

  /** Everything of every room up to here has come. */
  passAll(position: string): void {
    for (const room of this.all.values()) if (room.phase === "joined") room.position = position;
  }

  onError(code: string, name: string | undefined): void {
    if (code === "invalid_position") this.startAfresh(name);
    else if (REFUSALS.has(code)) this.onRefused(name ?? this.oldestJoin());
  }

  /**
   * Asks for the room on this connection, from where it was left. Events that come before the answer are passed over: they
   * come again behind it.
   */
  private enter(name: string, room: RoomState): void {
    const line = this.options.line();
    room.filter = room.wanted();
    this.leaving.delete(name);
    if (!line?.join(name, room.position, room.filter)) {
      room.phase = "unavailable";
      return;
    }
    room.phase = "joining";
    this.waiting.set(name, line.transport === "sse" ? 1 : (this.waiting.get(name) ?? 0) + 1);
    if (this.options.isConnected()) this.options.expect();
  }

  private refilter(name: string, room: RoomState): void {
    if (isSame(room.wanted(), room.filter)) return;
    room.isWidened = true;
    this.enter(name, room);
  }

  private leave(name: string, room: RoomState): void {
    if (this.all.get(name) === room) this.all.delete(name);
    const line = this.options.line();
    if (room.phase === "joining" || room.phase === "joined") {
      line?.leave(name);
      if (line?.transport === "websocket") this.leaving.add(name);
    }
    this.refill();
  }

  /** Whether this was the last answer that the room waits for. */
  private isAnswered(name: string): boolean {
    const left = (this.waiting.get(name) ?? 0) - 1;
    if (left > 0) this.waiting.set(name, left);
    else this.waiting.delete(name);
    return left <= 0;
  }

  /** A position that this server does not know: joins anew, and says that something may be missing. */
  private startAfresh(only: string | undefined): void {
    for (const [name, room] of this.all) {
      if (room.phase !== "joining" || (only !== undefined && only !== name)) continue;
      this.isAnswered(name);
      room.forget();
      this.enter(name, room);
    }
  }

  private onRefused(name: string | undefined): void {
    const room = name === undefined ? undefined : this.all.get(name);
    if (name === undefined || !room || room.phase === "idle") return;
    this.isAnswered(name);
    room.forget();
    room.phase = "refused";
    this.refill();
  }

  /** Another may have its place. */
  private refill(): void {
    for (const [name, room] of this.all) if (room.phase === "unavailable") this.enter(name, room);
    this.options.settle();
  }

  /** The server answers joins in order, so an error that names no room is about the first that was asked for. */
  private oldestJoin(): string | undefined {
    const isByItself = (name: string, { filter }: RoomState) =>
      name === this.entry.room && filter === undefined && this.waiting.get(name) === 1;
    for (const [name, room] of this.all) if (room.phase === "joining" && !isByItself(name, room)) return name;
    return undefined;
  }
}
