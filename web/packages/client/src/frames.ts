// Made from docs/api/asyncapi.json by scripts/generate.mjs; do not edit.

import type {
  ActivityKind,
  Alert,
  Availability,
  Claim,
  EditLock,
  IncidentUpdate,
  Item,
  ItemFilter,
  LockAction,
  Notification,
  PresentUser,
  Severity,
  Timestamp,
} from "./model.ts";

/** What every event carries besides what it tells. */
export interface EventHead {
  /** When it happened. */
  at: Timestamp;
  /** From where to resume this room once the event is dealt with. */
  position: string;
  /** The room that tells it. */
  room: string;
}

/** An exercise. */
export interface Exercise {
  /** When its state last changed. */
  changed_at: Timestamp;
  /** Why it could not go on. */
  error?: string;
  /** Its own id; items, incidents and claims of it carry it as `exercise_id`. */
  id: string;
  /** How long the recording is, in seconds at speed 1. */
  length_s: number;
  /** What colleagues see of them. */
  name: string;
  /** Where in the recording the last of them lies, in seconds at speed 1. */
  position_s: number;
  /** Name of the recording. */
  recording: string;
  /** Items said so far. */
  sent: number;
  /** How many times faster than recorded it is played. */
  speed: number;
  /** When it was started. */
  started_at: Timestamp;
  /** Who started it. */
  started_by: string;
  /** Where it stands. */
  state: ExerciseState;
  /** What the recording is about. */
  title: string;
  /** Items of the whole recording. */
  total: number;
  /** Rises with every change of its state; the ETag. */
  version: number;
}

/** Where an exercise stands. */
export type ExerciseState = "running" | "paused" | "stopped" | "finished" | "failed";

/** First frame of every connection. */
export interface ConnectionFrame {
  type: "connection";
  /** Now. */
  at: Timestamp;
  /** How often the server pings. */
  heartbeat_s: number;
  /** The node that holds the connection. */
  node: string;
  /** Names this connection. */
  session: string;
  /** Always `connected`. */
  status: "connected";
  /** Who the token says it is. */
  user_id: string;
}

/** Somebody's pointer moved. */
export interface CursorUpdateFrame {
  type: "cursor_update";
  /** x, y and selection. */
  position: unknown;
  /** The room's name. */
  resource_id: string;
  /** Whose. */
  user_id: string;
}

/** Something the client sent could not be done. */
export interface ErrorFrame {
  type: "error";
  /** A stable word. */
  code: string;
  /** For a person. */
  message: string;
  /** Seconds until it is worth trying again. */
  retry_after?: number;
  /** The room it is about, if it is about one. */
  room?: string;
}

/** The node is about to stop. */
export interface GoingAwayFrame {
  type: "going_away";
  /** When to connect again. */
  reconnect_after_ms: number;
}

/** Answers `join_room`; replayed events follow it. */
export interface JoinedRoomFrame {
  type: "joined_room";
  /** The client's own position while a replay follows, else the present one; live events follow it. */
  position: string;
  /** Whether everything since the client's position is replayed (true also when none was given). */
  recovered: boolean;
  /** The room's name. */
  room: string;
}

/** Answers `leave_room`. */
export interface LeftRoomFrame {
  type: "left_room";
  /** The room's name. */
  room: string;
}

/** Answers `ping`. */
export interface PongFrame {
  type: "pong";
  /** Now. */
  at: Timestamp;
  /** Everything before it has been told, of all rooms that the connection is in: each can be resumed from here. Left out while something waits. */
  position?: string;
}

/** Who is there: in answer to a join or `get_presence`, and instead of many updates. */
export interface PresenceStateFrame {
  type: "presence_state";
  /** The room's name. */
  resource_id: string;
  /** Updates up to this number are in it. Counted for each room of a connection's node. */
  seq: number;
  /** The people. */
  users: PresentUser[];
}

/** Somebody came or went, or is at the screen again, or no more. */
export interface PresenceUpdateFrame {
  type: "presence_update";
  /** `joined`, `left`, or `changed`: their `state` is another. */
  action: "joined" | "left" | "changed";
  /** The people now there. */
  active_users: PresentUser[];
  /** The room's name. */
  resource_id: string;
  /** One more than that of the frame before; a gap means that something was missed. */
  seq: number;
  /** Who. */
  user_id: string;
}

/** History no longer reaches the client's position: refetch over REST. */
export interface ResyncFrame {
  type: "resync";
  /** Why. */
  reason: string;
  /** The room's name. */
  room: string;
}

/** An alert, or a revision of one. */
export interface AlertEvent extends EventHead {
  type: "alert";
  /** The alert. */
  data: Alert;
  /** Its severity once more. */
  severity: Severity;
}

/** A claim that changed: who makes it, what speaks for and against it, or what people decided. */
export interface ClaimUpdateEvent extends EventHead {
  type: "claim_update";
  /** Which. */
  claim_id: string;
  /** All members of the claim as they now are. */
  updates: Record<string, unknown>;
  /** The claim's version with them; a client that has this version or a later one passes the event over. */
  version: number;
}

/** An exercise that people have started began, was halted, goes on, or is over. */
export interface ExerciseUpdateEvent extends EventHead {
  type: "exercise_update";
  /** The exercise as it now is. */
  data: Exercise;
}

/** An incident that was opened or changed, and the items that joined it. */
export interface IncidentUpdateEvent extends EventHead {
  type: "incident_update";
  /** The incident as it now is. */
  data: IncidentUpdate;
}

/** An item that changed. */
export interface ItemUpdateEvent extends EventHead {
  type: "item_update";
  /** Which. */
  item_id: string;
  /** Members of the item with their new values: all of them but `raw_data` where the item itself changed, only `incident_id` where it joined an incident. */
  updates: Partial<Item>;
  /** The item's version with them; a client that has this version or a later one passes the event over. */
  version: number;
}

/** Something happened to the lock of a resource. */
export interface LockUpdateEvent extends EventHead {
  type: "lock_update";
  /** What happened. */
  action: LockAction;
  /** The lock as it is now; null where it is nobody's. */
  lock_status: EditLock | null;
  /** What colleagues see of them. */
  name: string;
  /** Of what: `item:{id}`, `incident:{id}` or `claim:{id}`. */
  resource_id: string;
  /** Who did it. */
  user_id: string;
}

/** A claim that nobody had made before. */
export interface NewClaimEvent extends EventHead {
  type: "new_claim";
  /** The claim. */
  data: Claim;
}

/** An item that was not there before. */
export interface NewItemEvent extends EventHead {
  type: "new_item";
  /** The item, without `raw_data`. */
  data: Item;
}

/** A message to the person whose room it is. */
export interface NotificationEvent extends EventHead {
  type: "notification";
  /** The message. */
  data: Notification;
}

/** Somebody did something to a resource. */
export interface UserActivityEvent extends EventHead {
  type: "user_activity";
  /** What sort of thing. */
  action: ActivityKind;
  /** What else is to be told. */
  data: unknown;
  /** What colleagues see of them. */
  name: string;
  /** To what: `item:{id}`, `incident:{id}` or `claim:{id}`. */
  resource_id: string;
  /** Who. */
  user_id: string;
}

/** What happened in a room. */
export type RoomEvent =
  | AlertEvent
  | ClaimUpdateEvent
  | ExerciseUpdateEvent
  | IncidentUpdateEvent
  | ItemUpdateEvent
  | LockUpdateEvent
  | NewClaimEvent
  | NewItemEvent
  | NotificationEvent
  | UserActivityEvent;

/** What the server sends besides events. */
export type ControlFrame =
  | ConnectionFrame
  | CursorUpdateFrame
  | ErrorFrame
  | GoingAwayFrame
  | JoinedRoomFrame
  | LeftRoomFrame
  | PongFrame
  | PresenceStateFrame
  | PresenceUpdateFrame
  | ResyncFrame;

/** What the server sends. */
export type ServerFrame = RoomEvent | ControlFrame;

/** Brings a fresh token before the old one ends. */
export interface AuthFrame {
  type: "auth";
  /** The access token. */
  token: string;
}

/** Says where the person's pointer is. */
export interface CursorMoveFrame {
  type: "cursor_move";
  /** x, y and selection. */
  position: unknown;
  /** The room of the resource, `item:{id}` and the like. */
  resource_id: string;
}

/** Asks who is in a room that was joined; `presence_state` answers. For a client that has missed an update. */
export interface GetPresenceFrame {
  type: "get_presence";
  /** The room's name. */
  resource_id: string;
}

/** Asks for the events of a room. */
export interface JoinRoomFrame {
  type: "join_room";
  /** Which events of the room are wanted. */
  filter?: ItemFilter;
  /** From where to resume; live from now without it. */
  position?: string;
  /** The room's name. */
  room: string;
}

/** Asks for no more of them. */
export interface LeaveRoomFrame {
  type: "leave_room";
  /** The room's name. */
  room: string;
}

/** Asks for a `pong`. */
export interface PingFrame {
  type: "ping";
}

/** Says whether a person is at this connection. Silence says it too, only later. */
export interface PresenceFrame {
  type: "presence";
  /** What they do. */
  state: Availability;
}

/** What a client may send. */
export type ClientFrame =
  | AuthFrame
  | CursorMoveFrame
  | GetPresenceFrame
  | JoinRoomFrame
  | LeaveRoomFrame
  | PingFrame
  | PresenceFrame;
