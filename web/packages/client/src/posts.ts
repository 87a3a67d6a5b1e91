// What is said beside event streams, which only listen: as requests (crates/server/src/http/presence.rs).
import type { ClientFrame } from "./frames.ts";
import type { HttpRequest } from "./http.ts";

/** The rooms that show who is there. */
const WITH_PEOPLE = /^(item|incident|claim):/;

export class Posts {
  /** Where the pointer is, by room, until it is said. */
  private readonly moves = new Map<string, unknown>();
  private isMoving = false;
  /** Where a request has made us seen besides, for longer than the stream. */
  private readonly seen = new Set<string>();
  private readonly request: (path: string, request: HttpRequest) => Promise<unknown>;

  constructor(request: (path: string, request: HttpRequest) => Promise<unknown>) {
    this.request = request;
  }

  /** Says it in the rooms that it is about, or in those of `rooms`. There is no other way for most that a client can say. */
  send(frame: ClientFrame, rooms: Iterable<string>): void {
    if (frame.type === "cursor_move") {
      this.moves.set(frame.resource_id, frame.position);
      void this.move();
    } else if (frame.type === "presence") {
      const { state } = frame;
      for (const room of rooms) if (WITH_PEOPLE.test(room)) void this.see("join", room, { state });
    }
  }

  leave(room: string): void {
    this.moves.delete(room);
    if (this.seen.delete(room)) void this.post("leave", room, { keepalive: true });
  }

  /** One after the other, and the latest only: a pointer does not jump back where one is slow. */
  private async move(): Promise<void> {
    if (this.isMoving) return;
    this.isMoving = true;
    // What is moved meanwhile comes round as well.
    for (const [room, position] of this.moves) {
      this.moves.delete(room);
      await this.see("cursor", room, { position });
    }
    this.isMoving = false;
  }

  private see(act: string, room: string, body: unknown): Promise<unknown> {
    this.seen.add(room);
    return this.post(act, room, { body });
  }

  private post(act: string, room: string, request: HttpRequest): Promise<unknown> {
    const path = `/api/collaboration/${act}/${room}`;
    return this.request(path, { method: "POST", ...request }).catch(() => undefined);
  }
}
