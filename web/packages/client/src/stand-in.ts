// What stands in for the rooms of items and incidents on event streams, which carry `global` and `alerts` only: what happens to
// them is picked out of `global`, and people are seen over HTTP. Cursors of others and locks are not told; locks can be asked for.
import type { ControlFrame, RoomEvent } from "./frames.ts";
import type { HttpRequest } from "./http.ts";
import type { Availability } from "./model.ts";
import type { Clock } from "./ports.ts";
import type { RoomState } from "./room.ts";
import { Visits } from "./visits.ts";
import { GLOBAL } from "./websocket.ts";

const RESOURCE = /^(item|incident):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether something can stand in for the room. */
export function isFollowable(room: string): boolean {
  return RESOURCE.test(room);
}

/** The rooms of what an event of `global` is about. */
function roomsOf(event: RoomEvent): string[] {
  switch (event.type) {
    case "new_item":
      return [`item:${event.data.id}`];
    case "item_update":
      return [`item:${event.item_id}`];
    case "incident_update": {
      const { incident, joined } = event.data;
      return [`incident:${incident.id}`, ...joined.map(({ id }) => `item:${id}`)];
    }
    case "alert":
      return [`incident:${event.data.incident_id}`];
    default:
      return [];
  }
}

export interface StandInOptions {
  rooms: ReadonlyMap<string, RoomState>;
  clock: Clock;
  request: (path: string, request: HttpRequest) => Promise<unknown>;
  /** Asks for `global` without anybody else hearing of it. Answers how to let go. */
  carry: (position: string | undefined) => () => void;
  tell: (frame: ControlFrame) => void;
}

export class StandIn {
  private letGo: (() => void) | undefined;
  /** From where `global` is taken up again, where only we want it. */
  private position: string | undefined;
  /** The followed rooms whose askers know that something may have been missed. */
  private readonly told = new Set<string>();
  private readonly visits: Visits;
  private readonly options: StandInOptions;

  constructor(options: StandInOptions) {
    this.options = options;
    const { rooms, clock, request, tell } = options;
    const refused = (name: string) => {
      const room = rooms.get(name);
      if (room?.phase === "followed") room.phase = "refused";
    };
    this.visits = new Visits({ clock, request, told: tell, refused });
  }

  /** Event streams are about to be opened. */
  start(): void {
    if ([...this.options.rooms.keys()].some(isFollowable)) this.carry();
  }

  /** A room is followed from now on; `isOpen` where event streams are open. */
  enter(name: string, isOpen: boolean): void {
    this.carry();
    if (!isOpen) return;
    this.visits.start(name);
    this.follow();
  }

  /** Event streams are open; `state` is whether somebody is at the screen. */
  open(state: Availability): void {
    this.visits.say(state);
    for (const [name, { phase }] of this.options.rooms) if (phase === "followed") this.visits.start(name);
  }

  leave(name: string): void {
    this.told.delete(name);
    this.visits.leave(name);
  }

  /** The streams are closed, maybe for others. */
  pause(): void {
    this.visits.pause();
    if (!this.letGo) return;
    this.position = this.options.rooms.get(GLOBAL)?.position ?? undefined;
    this.letGo();
    this.letGo = undefined;
  }

  /** There is a WebSocket again. */
  end(): void {
    this.position = undefined;
    this.told.clear();
  }

  /** Nobody looks at anything any more. */
  leaveAll(): void {
    this.visits.leaveAll();
    this.end();
  }

  /** `global` is joined: what happens from here on is told. */
  follow(reason?: string): void {
    const { rooms, tell } = this.options;
    if (rooms.get(GLOBAL)?.phase !== "joined") return;
    for (const [name, { phase, position }] of rooms) {
      if (phase !== "followed" || this.told.has(name)) continue;
      this.told.add(name);
      const why = reason ?? (position === null ? "first_join" : "event_streams");
      tell({ type: "resync", room: name, reason: why });
    }
  }

  /** Something of `global` may have been missed. */
  doubt(reason?: string): void {
    this.told.clear();
    this.follow(reason);
  }

  /** Whether the event is about something that is followed. */
  concerns(event: RoomEvent): boolean {
    return roomsOf(event).some((name) => this.options.rooms.get(name)?.phase === "followed");
  }

  say(state: Availability): void {
    this.visits.say(state);
  }

  point(room: string, position: unknown): void {
    this.visits.point(room, position);
  }

  private carry(): void {
    this.letGo ??= this.options.carry(this.position);
  }
}
