-- Who is looked at when items come: 1 where the preferences have a channel for new items or those of high risk.
ALTER TABLE users ADD COLUMN asks_for_items INTEGER NOT NULL DEFAULT 0;
UPDATE users SET asks_for_items = 1
WHERE preferences LIKE '%"high_risk":["%' OR preferences LIKE '%"new_items":["%';
CREATE INDEX users_asking_for_items ON users (id) WHERE asks_for_items = 1;

-- Items whose news are still to be told, as batches of a consumer brought them, from `due_at` on; `after_user` is the last person that
-- was looked at.
CREATE TABLE bulletins (
  id BLOB PRIMARY KEY,
  due_at INTEGER NOT NULL,
  after_user BLOB,
  document TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX bulletins_due ON bulletins (due_at);

-- Tests are about no alert.
UPDATE deliveries SET revision = 0 WHERE alert_id = notification_id;
UPDATE notifications SET revision = 0 WHERE alert_id = id;

-- Notifications and the outbox's messages in the order in which they come: their ids are spread evenly, and a table that is kept by them
-- is written in as many places as there are rows.
CREATE TABLE notifications_in_order (
  id BLOB NOT NULL UNIQUE,
  recipient BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  read_at INTEGER,
  document TEXT NOT NULL,
  alert_id BLOB,
  revision INTEGER,
  in_inbox INTEGER
) STRICT;
INSERT INTO notifications_in_order (id, recipient, created_at, read_at, document, alert_id, revision, in_inbox)
SELECT id, recipient, created_at, read_at, document, alert_id, revision, in_inbox FROM notifications ORDER BY created_at;
DROP TABLE notifications;
ALTER TABLE notifications_in_order RENAME TO notifications;
CREATE INDEX notifications_by_recipient ON notifications (recipient, created_at DESC, id DESC);
CREATE INDEX notifications_unread ON notifications (recipient) WHERE read_at IS NULL;
CREATE INDEX notifications_by_alert ON notifications (alert_id, recipient) WHERE in_inbox = 1;

CREATE TABLE outbox_messages_in_order (
  id BLOB NOT NULL UNIQUE,
  at INTEGER NOT NULL,
  document TEXT NOT NULL
) STRICT;
INSERT INTO outbox_messages_in_order (id, at, document) SELECT id, at, document FROM outbox_messages ORDER BY at;
DROP TABLE outbox_messages;
ALTER TABLE outbox_messages_in_order RENAME TO outbox_messages;
CREATE INDEX outbox_messages_by_time ON outbox_messages (at DESC, id DESC);
