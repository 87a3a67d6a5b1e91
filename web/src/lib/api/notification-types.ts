// Wire types about who is told what: preferences, devices, subscriptions, messages and how they went.
import type {
  Alert,
  BoundingBox,
  Channel,
  Delivery,
  DeliveryStatus,
  HazardType,
  Severity,
  Timestamp,
} from "@crisislens/client";

export const CHANNELS = ["inbox", "email", "sms", "push", "webhook"] as const satisfies readonly Channel[];

/** What a notification can be about, as far as people choose. */
export const NOTICE_KINDS = ["alerts", "high_risk", "new_items", "claims", "mentions"] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** Hours in which nothing is sent but into the inbox, in the person's zone. */
export interface QuietHours {
  /** Days on which they begin: Monday is 1, Sunday 7; every day where it is empty. */
  days: number[];
  /** `22:00:00`. */
  start: string;
  /** On the next day where that is not later than `start`. */
  end: string;
}

/** How often what has gathered is sent. */
export type DigestTime =
  | { every: "hour" }
  | { every: "day"; hour: number }
  | { every: "week"; day: number; hour: number };

export interface Digest {
  at: DigestTime;
  channels: Channel[];
  /** What is of this severity or above is told at once all the same. */
  below: Severity;
}

export interface Preferences {
  /** A kind that is missing is told nowhere. */
  channels: Partial<Record<NoticeKind, Channel[]>>;
  min_severity: Severity;
  /** IANA name. */
  zone: string;
  /** BCP 47. */
  locale: string;
  quiet_hours: QuietHours[];
  /** What is of this severity or above is sent in quiet hours, too; null for nothing. */
  quiet_except: Severity | null;
  digest: Digest | null;
  /** On each channel but the inbox; 0 for no bound. */
  max_per_hour: number;
}

export interface WebPushTarget {
  kind: "web_push";
  endpoint: string;
  p256dh: string;
  auth: string;
}

export type Target =
  | { kind: "phone"; number: string }
  | WebPushTarget
  | { kind: "fcm_token"; token: string }
  | { kind: "fcm_installation"; fid: string }
  | { kind: "webhook"; url: string; secrets: string[] };

export interface NewDevice {
  label: string;
  target: Target;
}

export interface Device extends NewDevice {
  id: string;
  user: string;
  created_at: Timestamp;
  /** Nothing goes to it any more, and why. */
  suppressed?: string;
}

export interface Circle {
  lat: number;
  lon: number;
  km: number;
}

/** Alerts that fit every part that is given; of a list, one entry is enough. */
export interface AlertMatch {
  country: string[];
  hazard: HazardType[];
  source: string[];
  keyword: string[];
  incident: string[];
  min_severity?: Severity;
  max_severity?: Severity;
  bbox?: BoundingBox;
  circle?: Circle;
}

export interface Subscription {
  name: string;
  match: AlertMatch;
}

/** A message that the development outbox holds. What `payload` has depends on the channel. */
export interface OutboxMessage {
  id: string;
  channel: Channel;
  to: string;
  subject: string;
  text: string;
  html?: string | null;
  payload?: Record<string, unknown> | null;
  at: Timestamp;
  exercise: boolean;
  notification_id: string;
}

/** How a provider does. */
export interface ProviderHealth {
  channel: Channel;
  provider: string;
  /** Missing where it is well. */
  rests_until?: Timestamp | null;
  /** What it said last, where it rests. */
  why?: string | null;
}

export interface Providers {
  /** In the order in which they are tried; a channel without one goes to the development outbox. */
  items: ProviderHealth[];
  /** Deliveries that are still to leave. */
  open_deliveries: number;
}

/** A delivery with its notification and whole history. */
export interface DeliveryHistory extends Delivery {
  notification_id: string;
  alert_id?: string;
  revision: number;
  recipient: string;
  priority: Severity;
  created_at: Timestamp;
  exercise: boolean;
  /** What providers told of it, first first. */
  told: Told[];
  provenance: Provenance;
}

export interface Told {
  provider: string;
  event: string;
  why?: string;
  at: Timestamp;
}

/** From a delivery back to the post behind it. */
export interface Provenance {
  incident_id?: string | null;
  rule_id?: string | null;
  item_id?: string | null;
  source?: string | null;
  url?: string | null;
  said_at?: Timestamp | null;
  ingested_at?: Timestamp | null;
  raised_at?: Timestamp | null;
  decided_at: Timestamp;
  sent_at?: Timestamp | null;
}

/** Why somebody was, or was not, told of an alert. */
export interface Why {
  revision: number;
  told: boolean;
  reasons: string[];
}

export interface AlertHistory extends Alert {
  /** First first. */
  revisions: Alert[];
  /** First first; a person once. */
  acknowledged: Acknowledgement[];
}

export interface AlertCorrection {
  reason: string;
  title?: string;
  message?: string;
  severity?: Severity;
  area?: string;
}

export interface Acknowledgement {
  alert: string;
  user: string;
  /** What colleagues call them; null where the account is gone. */
  name: string | null;
  /** Whether it is who asks. */
  mine: boolean;
  /** `app`, `email`, `sms`, `api`. */
  via: string;
  at: Timestamp;
  /** Until when it counts; without, for good. */
  expires_at?: Timestamp | null;
  /** Whether the alert's escalations rest by it; if not, it is counted alone. */
  rests: boolean;
}

/** An alert on its way along a chain. */
export interface Escalation {
  id: string;
  chain_id: string;
  /** As it was when it began. */
  chain: { name: string; steps: unknown[] };
  /** The step that comes next, from 0. */
  step: number;
  /** How often the chain was gone through. */
  round: number;
  /** When the next step is due; while it is acknowledged, when that ends. */
  next_at?: Timestamp | null;
  state: "running" | "acknowledged" | "ended" | "cancelled";
  started_at: Timestamp;
}

/** How choosing the recipients of a revision went. */
export interface Fanout {
  alert: Alert;
  begun_at: Timestamp;
  done_at?: Timestamp | null;
  considered: number;
  told: number;
  /** Why nobody is told, where that is so. */
  held?: string | null;
}

export interface ReachCount {
  revision: number;
  channel: Channel;
  priority: Severity;
  status: DeliveryStatus;
  count: number;
}

/** How many were quick. */
export interface Within {
  seconds: number;
  people: number;
}

/** How far an alert got at a severity. */
export interface SeverityReach {
  severity: Severity;
  /** Messages that were handed over and have not failed; those of them that arrived; those that were read. */
  sent: number;
  delivered: number;
  read: number;
  /** People told, and those of them who have acknowledged it. */
  told: number;
  acknowledged: number;
  /** Within so many seconds of when they were first told of it at this severity. */
  acknowledged_within: Within[];
}

export interface Reach {
  revisions: Fanout[];
  deliveries: ReachCount[];
  acknowledged: Acknowledgement[];
  /** Of those told, within so many seconds of when they first were. */
  acknowledged_within: Within[];
  /** Who has acknowledged it without having been told. */
  acknowledged_untold: number;
  /** The worst first; who was told twice, as it got worse, counts at both. */
  by_severity: SeverityReach[];
}
