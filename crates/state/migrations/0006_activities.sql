-- What people did to resources, as it came from the log.
CREATE TABLE activities (
  id BLOB PRIMARY KEY,
  at INTEGER NOT NULL,
  resource TEXT NOT NULL,
  user_id BLOB NOT NULL,
  document TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX activities_by_resource ON activities (resource, at DESC, id DESC);
CREATE INDEX activities_by_user ON activities (user_id, at DESC, id DESC);
