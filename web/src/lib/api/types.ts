// The wire types of the web app, after crates/model; those of the operators' view are in log-types.ts, those about who is told what
// in notification-types.ts. What live events carry is made from the Rust types, in @crisislens/client; nothing else in web/
// declares one.
import type {
  HazardType,
  ItemStatus,
  Notification,
  Severity,
  SourceKind,
  Timestamp,
} from "@crisislens/client";
import type { Preferences } from "./notification-types";

export type {
  Activity,
  ActivityKind,
  Alert,
  AlertStatus,
  Attempt,
  BoundingBox,
  Centre,
  Channel,
  Delivery,
  DeliveryStatus,
  EditLock,
  Entity,
  HazardType,
  Incident,
  IncidentStatus,
  IncidentUpdate,
  Item,
  ItemStatus,
  Location,
  LockAction,
  LockChange,
  LockUpdate,
  Notification,
  NotificationType,
  Precision,
  PresentUser,
  RiskLevel,
  RiskPart,
  RoomEvent,
  ServerFrame,
  Severity,
  SourceKind,
  Timestamp,
  UserActivity,
} from "@crisislens/client";

/** The worst first. */
export const SEVERITIES = ["critical", "high", "medium", "low"] as const satisfies readonly Severity[];

export const ITEM_STATUSES = [
  "new",
  "triaged",
  "in_review",
  "verified",
  "dismissed",
] as const satisfies readonly ItemStatus[];

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
] as const satisfies readonly HazardType[];

/** What a person may do, rising. */
export const ROLES = ["viewer", "analyst", "approver", "admin"] as const;
export type Role = (typeof ROLES)[number];

export interface Page<T> {
  items: T[];
  total: number;
  next: string | null;
  /** With `q`: why something that matches may not be found now. */
  stale?: string;
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

export interface NotificationPage extends Page<Notification> {
  unread: number;
}

export interface User {
  id: string;
  email: string;
  name: string;
  role: Role;
  preferences: Preferences;
  created_at: Timestamp;
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

/** What is wrong with one field of a body. */
export interface FieldError {
  /** Dotted. */
  field: string;
  problem: string;
}

/** RFC 9457. */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  errors?: FieldError[];
}

export interface Ticket {
  ticket: string;
  expires_in: number;
}
