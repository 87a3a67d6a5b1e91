-- Who works on what. A row stays when its lock is given back or ends, so that the token never falls; one without a holder is
-- nobody's.
CREATE TABLE edit_locks (
  resource TEXT PRIMARY KEY,
  token INTEGER NOT NULL,
  lock_type TEXT NOT NULL,
  holder BLOB,
  holder_name TEXT NOT NULL,
  connection TEXT NOT NULL,
  taken_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  asker BLOB,
  asker_name TEXT NOT NULL,
  asked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX edit_locks_by_end ON edit_locks (expires_at) WHERE holder IS NOT NULL;
CREATE INDEX edit_locks_by_holder ON edit_locks (holder, connection) WHERE holder IS NOT NULL;
