// The order of what the server tells about the people of a room. Where frames wait the server merges them, and a state may
// overtake updates that it has in it.
import type { PresenceStateFrame, PresenceUpdateFrame } from "./frames.ts";

export class PresenceOrder {
  private readonly latest = new Map<string, number>();

  /** The numbers begin anew with each join, and each connection. */
  forget(room?: string): void {
    if (room === undefined) this.latest.clear();
    else this.latest.delete(room);
  }

  /** `old`: something later was told already. `gap`: something before it was not; who is there in all is in it. */
  take({ type, resource_id, seq }: PresenceStateFrame | PresenceUpdateFrame): "next" | "gap" | "old" {
    const before = this.latest.get(resource_id);
    if (before !== undefined && (type === "presence_state" ? seq < before : seq <= before)) return "old";
    this.latest.set(resource_id, seq);
    return type === "presence_update" && before !== undefined && seq > before + 1 ? "gap" : "next";
  }
}
