import type { ItemFilter } from "./model.ts";

/**
 * `idle`: not asked for on this connection. `joining`: waits for `joined_room`. `joined`: events count. `refused`: the
 * server does not let us in; asked for again on the next connection. `unavailable`: there are as many event streams as may be;
 * it goes on, from its position, when another room is left, or on the next WebSocket.
 */
export type RoomPhase = "idle" | "joining" | "joined" | "refused" | "unavailable";

/** One part of the program that wants a room. */
export interface Asker {
  filter: ItemFilter | undefined;
}

/** What the client knows of one room. */
export class RoomState {
  readonly askers = new Set<Asker>();
  /** From where to resume; null until the first join. */
  position: string | null = null;
  phase: RoomPhase = "idle";
  /** What the room was last joined with. */
  filter: ItemFilter | undefined;
  /** The filter has changed: what it lets through now was not told before. */
  isWidened = false;
  private readonly seen = new Set<string>();
  private readonly remembered: number;

  constructor(remembered: number) {
    this.remembered = remembered;
  }

  /** The filter that all askers share; none where they differ, as a connection has one for each room. */
  wanted(): ItemFilter | undefined {
    const [first, ...others] = [...this.askers].map(({ filter }) => filter);
    return others.every((filter) => isSame(filter, first)) ? first : undefined;
  }

  /**
   * Moves the position on; false when exactly this event has been seen before. Type and position are an event's id in its
   * room: the server gives each record of the log a position of its own. Versions are none, as two events may tell of one.
   */
  advance(type: string, position: string): boolean {
    const key = `${type} ${position}`;
    if (this.seen.has(key)) return false;
    this.position = position;
    this.seen.add(key);
    if (this.seen.size > this.remembered) {
      const oldest = this.seen.values().next().value;
      if (oldest !== undefined) this.seen.delete(oldest);
    }
    return true;
  }

  /** A log that was cut gives its positions out again, after a resync. */
  forgetSeen(): void {
    this.seen.clear();
  }

  forget(): void {
    this.position = null;
    this.forgetSeen();
  }
}

export function isSame(one: ItemFilter | undefined, other: ItemFilter | undefined): boolean {
  const text = (filter: ItemFilter | undefined) => JSON.stringify(Object.entries(filter ?? {}).sort());
  return text(one) === text(other);
}
