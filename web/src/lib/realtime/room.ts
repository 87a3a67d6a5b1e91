/** How many positions a room remembers, to drop what it has seen. */
const REMEMBERED = 1_000;

/**
 * `idle`: not asked for on this connection. `joining`: waits for `joined_room`. `joined`: events count. `refused`: the
 * server does not let us in; asked for again on the next connection.
 */
export type RoomPhase = "idle" | "joining" | "joined" | "refused";

/** What the client knows of one room. */
export class RoomState {
  /** How many parts of the page want it. */
  wanted = 0;
  /** From where to resume; null until the first join. */
  position: string | null = null;
  phase: RoomPhase = "idle";
  private seen = new Set<string>();

  /** Moves the position on; false when exactly this event has been seen before. */
  advance(type: string, position: string): boolean {
    this.position = position;
    const key = `${type} ${position}`;
    if (this.seen.has(key)) return false;
    this.seen.add(key);
    if (this.seen.size > REMEMBERED) {
      const oldest = this.seen.values().next().value;
      if (oldest !== undefined) this.seen.delete(oldest);
    }
    return true;
  }

  forget(): void {
    this.position = null;
    this.seen.clear();
  }
}
