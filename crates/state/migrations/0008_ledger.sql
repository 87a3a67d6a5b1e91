-- Notifications by the alert that they tell of. `in_inbox` is 1 where it stands in the recipient's inbox: who has switched that off
-- has the notification for their other channels.
ALTER TABLE notifications ADD COLUMN alert_id BLOB;
ALTER TABLE notifications ADD COLUMN revision INTEGER;
ALTER TABLE notifications ADD COLUMN in_inbox INTEGER;
CREATE INDEX notifications_by_alert ON notifications (alert_id, recipient) WHERE in_inbox = 1;

-- Deliveries: a notification on one channel to one address. `due_at` is when a worker may take it, and while one has it the end of
-- its lease; without, nobody takes it. `status` is the rank.
CREATE TABLE deliveries (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id BLOB NOT NULL UNIQUE,
  notification_id BLOB NOT NULL,
  alert_id BLOB NOT NULL,
  revision INTEGER NOT NULL,
  recipient BLOB NOT NULL,
  channel TEXT NOT NULL,
  address TEXT NOT NULL,
  priority INTEGER NOT NULL,
  exercise INTEGER NOT NULL,
  status INTEGER NOT NULL,
  reason TEXT NOT NULL,
  due_at INTEGER,
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  sent_at INTEGER,
  token INTEGER NOT NULL,
  provider TEXT,
  provider_id TEXT,
  attempts TEXT NOT NULL,
  digest BLOB
) STRICT;
CREATE INDEX deliveries_due ON deliveries (channel, priority, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_by_alert ON deliveries (alert_id, recipient);
CREATE INDEX deliveries_by_recipient ON deliveries (recipient, created_at);
CREATE INDEX deliveries_by_provider ON deliveries (provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX deliveries_by_digest ON deliveries (digest) WHERE digest IS NOT NULL;

-- What providers told of messages after they took them, each thing once. Without a delivery while none is known by that name.
CREATE TABLE provider_events (
  provider TEXT NOT NULL,
  event_key TEXT NOT NULL,
  delivery_id BLOB,
  message TEXT,
  event TEXT NOT NULL,
  status INTEGER,
  why TEXT,
  at INTEGER NOT NULL,
  PRIMARY KEY (provider, event_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX provider_events_by_delivery ON provider_events (delivery_id) WHERE delivery_id IS NOT NULL;
CREATE INDEX provider_events_unmatched ON provider_events (message) WHERE delivery_id IS NULL;

-- Addresses that nothing is sent to.
CREATE TABLE suppressions (
  channel TEXT NOT NULL,
  address TEXT NOT NULL,
  why TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (channel, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE contacts (
  id BLOB PRIMARY KEY,
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  document TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX contacts_by_user ON contacts (user_id);

-- Alerts whose recipients are being chosen, page by page in the order of people's ids; `after_user` is the last that was looked at.
CREATE TABLE fanouts (
  alert_id BLOB NOT NULL,
  revision INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  after_user BLOB,
  begun_at INTEGER NOT NULL,
  done_at INTEGER,
  considered INTEGER NOT NULL,
  told INTEGER NOT NULL,
  held TEXT,
  document TEXT NOT NULL,
  PRIMARY KEY (alert_id, revision)
) STRICT, WITHOUT ROWID;
CREATE INDEX fanouts_open ON fanouts (priority, begun_at) WHERE done_at IS NULL;

-- Who was told nothing of a revision, and why: a document for each page of people, known by the first of them.
CREATE TABLE passed_over (
  alert_id BLOB NOT NULL,
  revision INTEGER NOT NULL,
  first_user BLOB NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (alert_id, revision, first_user)
) STRICT, WITHOUT ROWID;

-- What people set up: subscriptions, teams, silences and the like, each a document of its kind.
CREATE TABLE desk_objects (
  kind TEXT NOT NULL,
  id BLOB NOT NULL,
  owner BLOB NOT NULL,
  version INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX desk_objects_by_owner ON desk_objects (kind, owner);

-- Who has acknowledged an alert, from where, and until when that counts.
CREATE TABLE acknowledgements (
  alert_id BLOB NOT NULL,
  user_id BLOB NOT NULL,
  via TEXT NOT NULL,
  at INTEGER NOT NULL,
  expires_at INTEGER,
  PRIMARY KEY (alert_id, user_id)
) STRICT, WITHOUT ROWID;
