// The wire types of the web app, after crates/model; those of the operators' view are in log-types.ts. Nothing else in
// web/ declares one: both will be generated from the OpenAPI document.

export const SEVERITIES = ["critical", "high", "medium", "low"] as const;
export type Severity = (typeof SEVERITIES)[number];

export const ITEM_STATUSES = ["new", "triaged", "in_review", "verified", "dismissed"] as const;
export type ItemStatus = (typeof ITEM_STATUSES)[number];

export const HAZARDS = [
  "earthquake",
  "tsunami",
  "flood",
  "tropical_cyclone",
  "storm",
  "tornado",
  "winter",
  "heat",
  "drought",
  "wildfire",
  "volcano",
  "landslide",
  "epidemic",
  "technological",
  "transport",
  "violence",
  "other",
  "none",
] as const;
export type HazardType = (typeof HAZARDS)[number];

export type SourceKind = "official" | "media" | "social";
export type RiskLevel = "low" | "medium" | "high";
export type Precision = "country" | "admin1" | "city" | "point";
export type IncidentStatus = "open" | "monitoring" | "closed";
export type AlertStatus = "draft" | "exercise" | "actual";
export type Role = "viewer" | "analyst" | "approver" | "admin";
/** RFC 3339. */
export type Timestamp = string;

export interface Page<T> {
  items: T[];
  total: number;
  next: string | null;
  /** With `q`: why something that matches may not be found now. */
  stale?: string;
}

export interface Location {
  name: string;
  lat: number;
  lon: number;
  country?: string;
  admin1?: string;
  precision: Precision;
  confidence: number;
  why: string[];
}

export interface RiskPart {
  name: string;
  weight: number;
  value: number;
  contribution: number;
  why: string;
}

export interface Entity {
  kind: string;
  text: string;
  start: number;
}

export interface Item {
  id: string;
  source: string;
  source_id: string;
  source_kind: SourceKind;
  url?: string;
  title?: string;
  text: string;
  author?: string;
  timestamp: Timestamp;
  language_hint?: string;
  media?: string[];
  stated?: Record<string, unknown>;
  raw_data?: unknown;
  ingested_at: Timestamp;
  language: { code: string; confidence: number };
  hazard: { type: HazardType; confidence: number; why: string[] };
  location?: Location;
  entities: Entity[];
  topics: string[];
  severity: Severity;
  severity_why?: string;
  risk_score: number;
  risk_parts: RiskPart[];
  risk_level: RiskLevel;
  duplicate_of?: string;
  incident_id?: string;
  claim_ids: string[];
  status: ItemStatus;
  assignee?: string;
  tags: string[];
  exercise?: boolean;
  revision: number;
  version: number;
}

export interface ItemEdit {
  status?: ItemStatus;
  tags?: string[];
}

export type FacetName = "source" | "hazard" | "country" | "status" | "severity";
export type Facets = Partial<Record<FacetName, Record<string, number>>>;

export interface GridCell {
  /** Mean of the cell's items, in degrees. */
  lat: number;
  lon: number;
  count: number;
  /** The worst among the cell's items. */
  severity: Severity;
  hazard: HazardType;
}

export interface Grid {
  cells: GridCell[];
  total: number;
  located: number;
}

export interface Centre {
  lat: number;
  lon: number;
  weight: number;
}

export interface Incident {
  id: string;
  hazard: HazardType;
  title: string;
  area: string;
  country?: string;
  centre?: Centre;
  first_seen: Timestamp;
  last_seen: Timestamp;
  item_count: number;
  source_count: number;
  sources: Record<string, number>;
  severity: Severity;
  risk_score: number;
  event_ids: string[];
  status: IncidentStatus;
  exercise?: boolean;
  version: number;
}

export interface IncidentUpdate {
  incident: Incident;
  joined: { id: string; version: number }[];
}

export interface Alert {
  id: string;
  revision: number;
  references?: string;
  incident_id: string;
  item_id?: string;
  type: string;
  severity: Severity;
  title: string;
  message: string;
  area: string;
  country?: string;
  centre?: Centre;
  hazard: HazardType;
  status: AlertStatus;
  effective: Timestamp;
  expires: Timestamp;
  rule_id: string;
  data: { risk_score?: number; item_count?: number; source_count?: number };
}

export interface Delivery {
  channel: "inbox" | "email";
  status: "queued" | "sent" | "suppressed";
  provider?: string;
  provider_id?: string;
  attempts: Timestamp[];
  reason: string;
}

export interface Notification {
  id: string;
  type: "alert";
  recipient: string;
  alert_id: string;
  revision: number;
  priority: Severity;
  subject: string;
  body: string;
  exercise?: boolean;
  deliveries: Delivery[];
  created_at: Timestamp;
  read_at?: Timestamp;
}

export interface NotificationPage extends Page<Notification> {
  unread: number;
}

export interface Preferences {
  inbox: boolean;
  email: boolean;
  min_severity: Severity;
}

export interface User {
  id: string;
  email: string;
  name: string;
  role: Role;
  preferences: Preferences;
  created_at: Timestamp;
}

export interface OutboxMessage {
  id: string;
  channel: string;
  to: string;
  subject: string;
  text: string;
  html?: string | null;
  at: Timestamp;
  exercise: boolean;
  notification_id?: string | null;
}

export interface Skip {
  entry: string;
  reason: string;
  at: Timestamp;
}

export interface SourceStatus {
  name: string;
  kind: SourceKind;
  connector: string;
  url?: string;
  mode: string;
  last_polled_at?: Timestamp;
  last_ok_at?: Timestamp;
  last_error?: string;
  entries: number;
  published: number;
  skipped: number;
  recent_skips: Skip[];
}

export interface About {
  name: string;
  version: string;
  node: string;
  exercise: boolean;
  started_at: Timestamp;
}

export interface Tokens {
  access_token: string;
  refresh_token: string;
  token_type: string;
  /** Seconds. */
  expires_in: number;
}

/** RFC 9457. */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  errors?: unknown[];
}

export interface Ticket {
  ticket: string;
  expires_in: number;
}

export interface PresentUser {
  user_id: string;
  name: string;
}

interface EventBase {
  room: string;
  position: string;
  at: Timestamp;
}

/** What happened in a room. */
export type RoomEvent = EventBase &
  (
    | { type: "new_item"; data: Item }
    | { type: "item_update"; item_id: string; updates: Partial<Item>; version: number }
    | { type: "incident_update"; data: IncidentUpdate }
    | { type: "alert"; data: Alert; severity: Severity }
    | { type: "notification"; data: Notification }
  );

/** What the server says besides events. */
export type ControlFrame =
  | {
      type: "connection";
      status: string;
      session: string;
      user_id: string;
      heartbeat_s: number;
      node: string;
    }
  | { type: "pong" }
  | { type: "joined_room"; room: string; position: string; recovered: boolean }
  | { type: "left_room"; room: string }
  | { type: "resync"; room: string; reason: string }
  | { type: "presence_state"; resource_id: string; users: PresentUser[] }
  | {
      type: "presence_update";
      resource_id: string;
      user_id: string;
      action: "joined" | "left";
      active_users: PresentUser[];
    }
  | { type: "cursor_update"; resource_id: string; user_id: string; position: unknown }
  | { type: "error"; code: string; message: string; room?: string; retry_after?: number }
  | { type: "going_away"; reconnect_after_ms: number };

export type ServerFrame = RoomEvent | ControlFrame;

export type ClientFrame =
  | { type: "ping" }
  | { type: "auth"; token: string }
  | { type: "join_room"; room: string; position?: string }
  | { type: "leave_room"; room: string };
