-- Counts up whenever what a person's tokens say is no longer so: another role, another password.
ALTER TABLE users ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;

-- Tokens that are withdrawn before their time: of a session (the family of its refresh tokens), or of an account those
-- that were made under a lower generation. Kept for longer than any access token holds.
CREATE TABLE revocations (
  subject BLOB PRIMARY KEY,
  generation INTEGER NOT NULL,
  revoked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revocations_by_time ON revocations (revoked_at);
