// Being seen in the room of an item or incident without a socket (crates/server/src/http/presence.rs): who looks at it says so
// again and again, and is answered who else does.
import { CursorSender } from "./cursors.ts";
import type { PresenceStateFrame } from "./frames.ts";
import { HttpError, type HttpRequest } from "./http.ts";
import type { Availability, PresentUser } from "./model.ts";
import type { Clock } from "./ports.ts";
import { Timers } from "./timers.ts";

/** A third of the time for which the server takes us for being there. */
const LOOK_EVERY_MS = 10_000;
/** A pointer that costs a request each time moves less often than over a socket. */
const POINT_EVERY_MS = 200;
/** The answers after which there is nothing to look at. */
const SHUT = new Set([400, 403, 404]);

export interface VisitOptions {
  clock: Clock;
  request: (path: string, request: HttpRequest) => Promise<unknown>;
  /** Who is there, whenever that has changed. */
  told: (frame: PresenceStateFrame) => void;
  /** The server does not let us in, or there is no such thing. */
  refused: (room: string) => void;
}

interface Visit {
  /** Looks so far, and the latest that was answered. */
  looks: number;
  answered: number;
  users: string;
}

export class Visits {
  private readonly rooms = new Map<string, Visit>();
  private state: Availability = "active";
  private readonly timers: Timers;
  private readonly cursors: CursorSender;
  private readonly options: VisitOptions;

  constructor(options: VisitOptions) {
    this.options = options;
    this.timers = new Timers(options.clock);
    this.cursors = new CursorSender(this.timers, POINT_EVERY_MS, (room, position) => {
      if (this.rooms.has(room)) this.post("cursor", room, { body: { position } }).catch(() => undefined);
    });
  }

  start(room: string): void {
    if (this.rooms.has(room)) return;
    this.rooms.set(room, { looks: 0, answered: 0, users: "" });
    void this.look(room, this.state);
  }

  /** Goes away, and says so. */
  leave(room: string): void {
    if (!this.rooms.delete(room)) return;
    this.timers.stop(`look ${room}`);
    this.post("leave", room, { keepalive: true }).catch(() => undefined);
  }

  leaveAll(): void {
    for (const room of [...this.rooms.keys()]) this.leave(room);
  }

  /** Looks at nothing more for now; the server takes us for being there a while longer. */
  pause(): void {
    this.rooms.clear();
    this.timers.stopAll();
    this.cursors.forget();
  }

  /** Whether somebody is at the screen. */
  say(state: Availability): void {
    this.state = state;
    for (const room of this.rooms.keys()) void this.look(room, state);
  }

  point(room: string, position: unknown): void {
    this.cursors.move(room, position);
  }

  /** Looking again by a timer is no sign of a person, so it says no `state`. */
  private async look(room: string, state?: Availability): Promise<void> {
    const visit = this.rooms.get(room);
    if (!visit) return;
    visit.looks += 1;
    const seq = visit.looks;
    const isWanted = () => this.rooms.get(room) === visit;
    this.timers.set(`look ${room}`, LOOK_EVERY_MS, () => void this.look(room));
    try {
      const { users } = (await this.post("join", room, { body: { state } })) as { users: PresentUser[] };
      if (!isWanted() || seq < visit.answered) return;
      visit.answered = seq;
      const text = JSON.stringify(users);
      if (text === visit.users) return;
      visit.users = text;
      this.options.told({ type: "presence_state", resource_id: room, seq, users });
    } catch (error) {
      if (!isWanted() || !(error instanceof HttpError) || !SHUT.has(error.status)) return;
      this.rooms.delete(room);
      this.timers.stop(`look ${room}`);
      this.options.refused(room);
    }
  }

  private post(act: string, room: string, request: HttpRequest): Promise<unknown> {
    return this.options.request(`/api/collaboration/${act}/${room}`, { method: "POST", ...request });
  }
}
