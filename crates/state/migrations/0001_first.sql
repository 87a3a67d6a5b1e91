-- Items: what is filtered, sorted and counted stands in narrow columns; the rest is one JSON document beside it.
CREATE TABLE items (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id BLOB NOT NULL UNIQUE,
  source TEXT NOT NULL,
  status TEXT NOT NULL,
  hazard TEXT NOT NULL,
  country TEXT,
  severity INTEGER NOT NULL,
  lat REAL,
  lon REAL,
  risk REAL NOT NULL,
  said_at INTEGER NOT NULL,
  incident_id BLOB,
  duplicate_of BLOB,
  assignee BLOB,
  fingerprint INTEGER,
  content_hash BLOB NOT NULL,
  revision INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT;
CREATE INDEX items_by_time ON items (said_at DESC, id DESC);
CREATE INDEX items_by_incident ON items (incident_id, said_at DESC) WHERE incident_id IS NOT NULL;
CREATE INDEX items_by_fingerprint ON items (fingerprint) WHERE fingerprint IS NOT NULL;

CREATE TABLE item_documents (
  seq INTEGER PRIMARY KEY REFERENCES items (seq),
  document TEXT NOT NULL,
  raw_data TEXT
) STRICT;

CREATE TABLE incidents (
  id BLOB PRIMARY KEY,
  hazard TEXT NOT NULL,
  status TEXT NOT NULL,
  country TEXT,
  severity INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  version INTEGER NOT NULL,
  document TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX incidents_by_time ON incidents (last_seen DESC, id DESC);
CREATE INDEX incidents_open ON incidents (hazard, last_seen) WHERE status <> 'closed';

CREATE TABLE alerts (
  id BLOB PRIMARY KEY,
  incident_id BLOB NOT NULL UNIQUE,
  severity INTEGER NOT NULL,
  effective INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  document TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_by_time ON alerts (effective DESC, id DESC);
CREATE TABLE alert_revisions (
  id BLOB NOT NULL,
  revision INTEGER NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (id, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE notifications (
  id BLOB PRIMARY KEY,
  recipient BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  read_at INTEGER,
  document TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX notifications_by_recipient ON notifications (recipient, created_at DESC, id DESC);
CREATE INDEX notifications_unread ON notifications (recipient) WHERE read_at IS NULL;

CREATE TABLE outbox_messages (
  id BLOB PRIMARY KEY,
  at INTEGER NOT NULL,
  document TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_messages_by_time ON outbox_messages (at DESC, id DESC);

CREATE TABLE users (
  id BLOB PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  preferences TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE refresh_tokens (
  hash BLOB PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  family BLOB NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE sources (
  name TEXT PRIMARY KEY,
  status TEXT NOT NULL,
  memory TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Stream bookkeeping: moved only in the transaction that holds a record's effects.
CREATE TABLE consumer_offsets (
  consumer TEXT NOT NULL,
  topic TEXT NOT NULL,
  part INTEGER NOT NULL,
  next INTEGER NOT NULL,
  PRIMARY KEY (consumer, topic, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE inbox (
  consumer TEXT NOT NULL,
  event_id BLOB NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (consumer, event_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  topic TEXT NOT NULL,
  key BLOB NOT NULL,
  headers TEXT NOT NULL,
  value BLOB
) STRICT;

-- Records that failed and wait for another try, apart from their partition; their bytes stay on the log.
CREATE TABLE delayed_records (
  consumer TEXT NOT NULL,
  topic TEXT NOT NULL,
  part INTEGER NOT NULL,
  record_offset INTEGER NOT NULL,
  key BLOB NOT NULL,
  failures INTEGER NOT NULL,
  first_failed_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  last_error TEXT NOT NULL,
  PRIMARY KEY (consumer, topic, part, record_offset)
) STRICT, WITHOUT ROWID;

-- What only one node does at a time. A row stays when its lease is given back, so that the token never falls.
CREATE TABLE leases (
  name TEXT PRIMARY KEY,
  holder TEXT,
  token INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The index of the dlq topic, and what was decided about each letter.
CREATE TABLE dead_letters (
  dlq_offset INTEGER PRIMARY KEY,
  event_id BLOB NOT NULL,
  topic TEXT NOT NULL,
  part INTEGER NOT NULL,
  origin_offset INTEGER NOT NULL,
  key BLOB NOT NULL,
  consumer TEXT NOT NULL,
  stage TEXT NOT NULL,
  error_class TEXT NOT NULL,
  message TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  first_failed_at INTEGER NOT NULL,
  last_failed_at INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  redrive_count INTEGER NOT NULL,
  status TEXT NOT NULL,
  decided_at INTEGER,
  decided_by TEXT
) STRICT;
CREATE INDEX dead_letters_by_event ON dead_letters (event_id);
CREATE INDEX dead_letters_by_status ON dead_letters (status, dlq_offset DESC);

-- What people and operators did.
CREATE TABLE audit_entries (
  id BLOB PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_entries_by_time ON audit_entries (at DESC, id DESC);
