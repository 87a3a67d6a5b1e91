import type { RoomEvent } from "@/lib/api/types";

const KEPT = 2_000;

/** The latest events, so that an answer that was on its way while they happened can be brought up to date. */
export class Journal {
  private events: RoomEvent[] = [];
  private next = 0;

  add(event: RoomEvent): void {
    this.events.push(event);
    this.next += 1;
    if (this.events.length > KEPT * 2) this.events = this.events.slice(-KEPT);
  }

  /** A mark to ask from later. */
  mark(): number {
    return this.next;
  }

  /** What came after `mark` and, where named, before `until`; as far back as is kept. */
  since(mark: number, until = this.next): RoomEvent[] {
    const oldest = this.next - this.events.length;
    return this.events.slice(Math.max(0, mark - oldest), Math.max(0, until - oldest));
  }
}

export const journal = new Journal();

/** Fetches, then applies what happened meanwhile. `patch` must be idempotent: the answer may hold some of it. */
export async function caughtUp<T>(
  fetch: () => Promise<T>,
  patch: (data: T, events: RoomEvent[]) => T,
): Promise<T> {
  const mark = journal.mark();
  const data = await fetch();
  const events = journal.since(mark);
  return events.length === 0 ? data : patch(data, events);
}
