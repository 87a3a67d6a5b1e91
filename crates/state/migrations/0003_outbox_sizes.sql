-- The outbox is measured every few seconds and at every ingest: it must not be read off the records' bytes.
ALTER TABLE outbox ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
-- 1 for what was brought while the log was away, 0 for what transactions published.
ALTER TABLE outbox ADD COLUMN spooled INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET bytes = length(key) + length(headers) + coalesce(length(value), 0);
CREATE INDEX outbox_by_size ON outbox (spooled, seq, bytes);

-- Records that the log refuses for what they are; kept whole until a person sends them again or drops them.
CREATE TABLE stranded_records (
  seq INTEGER PRIMARY KEY,
  published_at INTEGER NOT NULL,
  topic TEXT NOT NULL,
  key BLOB NOT NULL,
  headers TEXT NOT NULL,
  value BLOB,
  bytes INTEGER NOT NULL,
  reason TEXT NOT NULL,
  stranded_at INTEGER NOT NULL
) STRICT;
