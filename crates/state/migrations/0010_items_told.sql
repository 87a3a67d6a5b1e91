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
