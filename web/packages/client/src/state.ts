// What a client tells of itself, and what can be listened to.
import type { ClientError } from "./ending.ts";
import type { ControlFrame, RoomEvent, ServerFrame } from "./frames.ts";

export type ConnectionState =
  | { phase: "idle" | "connecting" | "live" | "resuming" }
  /** The server has ended a connection that nobody used; it goes on when the tab is visible again, or at `retry()`. */
  | { phase: "paused" }
  | { phase: "offline"; since: number }
  /** No more tries are made, until `retry()`. */
  | { phase: "ended"; error: ClientError };

/** What can be listened to: every frame by its type, and what follows. */
export interface ClientEvents extends FramesByType {
  /** An event of any type, once and in its room's order. */
  event: RoomEvent;
  /** Anything else that the server says. */
  frame: ControlFrame;
  state: ConnectionState;
  /** No more tries are made. */
  ended: ClientError;
}
type FramesByType = { [Frame in ServerFrame as Frame["type"]]: Frame };
