// Frames as text, and which of them are events. Their types are made from the Rust types, in frames.ts; some under shorter names
// here.
import type { RoomEvent, ServerFrame } from "./frames.ts";

export type { LockUpdateEvent as LockUpdate, UserActivityEvent as UserActivity } from "./frames.ts";

/** An event has a room and a position; so does one of a kind that this version does not know. */
export function isEvent(frame: ServerFrame): frame is RoomEvent {
  const { room, position } = frame as { room?: unknown; position?: unknown };
  return frame.type !== "joined_room" && typeof room === "string" && typeof position === "string";
}

/** A frame from its text, or null when it is none. */
export function decode(text: unknown): ServerFrame | null {
  if (typeof text !== "string") return null;
  try {
    const frame = JSON.parse(text) as { type?: unknown } | null;
    return typeof frame?.type === "string" ? (frame as ServerFrame) : null;
  } catch {
    return null;
  }
}
