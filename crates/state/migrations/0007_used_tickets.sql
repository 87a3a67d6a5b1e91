-- One-time tickets that were used, until long after they would have ended by themselves.
CREATE TABLE used_tickets (
  id BLOB PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_tickets_by_end ON used_tickets (expires_at);
