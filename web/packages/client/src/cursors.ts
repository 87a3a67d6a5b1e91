import type { Timers } from "./timers.ts";

/** The server passes on at most 20 moves of a person in a second. */
const EVERY_MS = 50;
/** A pointer that costs a request each time moves less often. */
const REQUEST_EVERY_MS = 200;

/** Where the person's pointer is, by room: the latest only, so often and no more. */
export class CursorSender {
  private readonly moves = new Map<string, unknown>();
  private readonly timers: Timers;
  private readonly isByRequest: () => boolean;
  private readonly send: (room: string, position: unknown) => void;

  constructor(timers: Timers, isByRequest: () => boolean, send: (room: string, position: unknown) => void) {
    this.timers = timers;
    this.isByRequest = isByRequest;
    this.send = send;
  }

  move(room: string, position: unknown): void {
    this.moves.set(room, position);
    if (!this.timers.has("cursor")) this.flush();
  }

  forget(): void {
    this.moves.clear();
  }

  private flush(): void {
    for (const [room, position] of this.moves) this.send(room, position);
    this.moves.clear();
    this.timers.set("cursor", this.isByRequest() ? REQUEST_EVERY_MS : EVERY_MS, () => {
      if (this.moves.size > 0) this.flush();
    });
  }
}
