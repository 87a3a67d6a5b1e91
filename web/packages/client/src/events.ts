// What happens in rooms. The server splices these frames from parts (crates/realtime/src/route.rs over `EventBody` in
// crates/model/src/frame.rs), so they are no Rust type and written by hand here; what they carry is in model.ts.
import type {
  ActivityKind,
  Alert,
  ControlFrame,
  EditLock,
  IncidentUpdate,
  Item,
  LockAction,
  Notification,
  Severity,
  Timestamp,
} from "./model.ts";

interface EventBase {
  room: string;
  /** From where to resume the room after this event. */
  position: string;
  at: Timestamp;
}

/** What happened in a room. */
export type RoomEvent = EventBase &
  (
    | { type: "new_item"; data: Item }
    /** `updates` is the whole item, or only what changed. */
    | { type: "item_update"; item_id: string; updates: Partial<Item>; version: number }
    | { type: "incident_update"; data: IncidentUpdate }
    | { type: "alert"; data: Alert; severity: Severity }
    | { type: "notification"; data: Notification }
    /** Something happened to a lock, by `user_id`; `lock_status` is the lock since then, null where it is nobody's. */
    | {
        type: "lock_update";
        resource_id: string;
        user_id: string;
        action: LockAction;
        lock_status: EditLock | null;
      }
    /** Somebody did something else to a resource. */
    | {
        type: "user_activity";
        resource_id: string;
        user_id: string;
        action: Exclude<ActivityKind, "locked" | "unlocked">;
        data: unknown;
      }
  );

export type LockUpdate = Extract<RoomEvent, { type: "lock_update" }>;
export type UserActivity = Extract<RoomEvent, { type: "user_activity" }>;

export type ServerFrame = RoomEvent | ControlFrame;

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
