// Wire types of what the desk sets up: what keeps alerts from people, and who is told of those that nobody acknowledges.
import type { Channel, Timestamp } from "@crisislens/client";
import type { AlertMatch, QuietHours } from "./notification-types";
import type { Role } from "./types";

/** Alerts that fit are told to nobody for a while. */
export interface Silence {
  match: AlertMatch;
  reason: string;
  /** Filled in by the server. */
  author?: string;
  starts_at: Timestamp;
  ends_at: Timestamp;
}

/** The same at hours of the week. */
export interface MaintenanceWindow {
  match: AlertMatch;
  reason: string;
  author?: string;
  /** IANA name. */
  zone: string;
  hours: QuietHours[];
}

export const SHARED = ["country", "hazard", "area"] as const;
export type Shared = (typeof SHARED)[number];

/** What fits `target` is told to nobody while there is an alert that fits `source`. */
export interface Inhibition {
  reason: string;
  source: AlertMatch;
  target: AlertMatch;
  equal: Shared[];
  within_s: number;
}

export interface Team {
  name: string;
  /** Ids of accounts. */
  members: string[];
}

export type Handover = { every: "day"; hour: number } | { every: "week"; day: number; hour: number };

export interface Override {
  user: string;
  from: Timestamp;
  until: Timestamp;
}

export interface Schedule {
  name: string;
  zone: string;
  /** In the order in which they follow each other. */
  members: string[];
  handover: Handover;
  /** A day, `2026-03-02`. */
  starts_on: string;
  overrides: Override[];
}

export interface OnCall {
  user?: string | null;
  name?: string | null;
  until?: Timestamp | null;
}

export interface Step {
  /** After the step before, or after the alert. */
  wait_s: number;
  users: string[];
  teams: string[];
  schedules: string[];
  roles: Role[];
  /** All that each person has, where it is missing. */
  channels?: Channel[] | null;
}

export interface Chain {
  name: string;
  match: AlertMatch;
  steps: Step[];
  /** How often it begins again behind the last step. */
  repeat: number;
}
