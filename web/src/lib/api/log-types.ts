// Wire types of the operators' view of the log; those of the desk are in types.ts.
import type { Page, Timestamp } from "./types";

export interface Behind {
  records: number;
  /** Age of the oldest record not applied, when it was last measured. */
  seconds: number | null;
  delayed: number;
  /** How often the answering node has tried again since it began. */
  retries: number;
  /** What it waits for, where it is paused. */
  paused: string | null;
}

export interface PartitionView {
  partition: number;
  start: number;
  end: number;
  consumers: Record<string, number>;
  behind: Record<string, Behind>;
}

export interface TopicView {
  name: string;
  retention_ms: number;
  max_message_bytes: number;
  partitions: PartitionView[];
  lag: Record<string, number>;
  /** Dead letters of its records that wait for a decision. */
  dead_letters: number;
  /** How often partitions have changed hands in each group, as the answering node saw it since it began. */
  rebalances: Record<string, number>;
  /** Consumers whose places cannot be told now. */
  unknown: string[];
}

export interface Trouble {
  name: string;
  reason: string;
  failures: number;
}

export interface LogView extends Page<TopicView> {
  /** `spooled` of the records were brought while the log was away; `stranded` ones left the outbox, as the log refuses them. */
  outbox: { records: number; spooled: number; stranded: number; seconds: number };
  seen_at: Timestamp | null;
  node: string;
  troubles: Trouble[];
}

export interface GroupView {
  group: string;
  topic: string;
  members: { id: string; host: string; partitions: number[] }[];
}

/** A value as the API shows it: JSON, or base64 where it is none; neither where there is no value. */
export interface ShownValue {
  value?: unknown;
  value_base64?: string;
}

export interface RecordView extends ShownValue {
  partition: number;
  offset: number;
  timestamp: Timestamp;
  key: string;
  headers: Record<string, string>;
}

export const LETTER_STATUSES = ["waiting", "parked", "replayed", "discarded"] as const;
export type LetterStatus = (typeof LETTER_STATUSES)[number];

export interface Letter {
  offset: number;
  event_id: string;
  topic: string | null;
  partition: number;
  origin_offset: number;
  key: string;
  consumer: string;
  stage: string;
  error_class: string;
  message: string;
  attempts: number;
  first_failed_at: Timestamp;
  last_failed_at: Timestamp;
  size_bytes: number;
  redrive_count: number;
  status: LetterStatus;
  decided_at: Timestamp | null;
  decided_by: string | null;
}

export interface DeadRecord extends ShownValue {
  key_base64?: string;
  /** The value letter by letter, where it is text. */
  value_text?: string;
  headers: { name: string; value?: string; value_base64?: string }[];
  death: Record<string, string>;
}

export interface LetterDetail {
  letter: Letter;
  decided_by_name: string | null;
  record: DeadRecord | null;
}

export interface LetterCount {
  topic: string;
  error_class: string;
  status: LetterStatus;
  letters: number;
  oldest: Timestamp;
}

/** A record that the log refuses for what it is. */
export interface StrandedRecord {
  seq: number;
  topic: string;
  key: string;
  bytes: number;
  reason: string;
  published_at: Timestamp;
  stranded_at: Timestamp;
}

/** Conditions of a bulk call; what is not set holds for all. */
export interface LetterConditions {
  topic?: string;
  error_class?: string;
  consumer?: string;
  event_id?: string;
  since?: Timestamp;
  until?: Timestamp;
}

export type Outcome = "replayed" | "discarded" | "due" | "already_decided" | "gone" | "foreign" | "too_large";

export interface BulkAnswer {
  outcomes: { offset: number; event_id: string; topic: string; outcome: Outcome }[];
  counts: Partial<Record<Outcome, number>>;
  remaining: number;
  next: number | null;
  until: Timestamp;
}

export interface AuditEntry {
  id: string;
  at: Timestamp;
  actor: string;
  /** Where it is a person. */
  actor_name: string | null;
  action: string;
  subject: string;
  detail: Record<string, unknown>;
}

export interface IndexTotals {
  items: number;
  checksum: string;
}

export interface IndexView {
  engine: "tantivy" | "opensearch";
  index: IndexTotals;
  stored_items: number;
  running: { started_at: Timestamp; items: number; of: number } | null;
  last: {
    started_at: Timestamp;
    finished_at: Timestamp;
    items: number;
    error: string | null;
    equal: boolean;
  } | null;
}
