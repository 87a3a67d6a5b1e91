-- An incident that people have merged into another: what would join it joins that one.
ALTER TABLE incidents ADD COLUMN merged INTEGER NOT NULL DEFAULT 0;
DROP INDEX incidents_open;
CREATE INDEX incidents_open ON incidents (hazard, last_seen) WHERE status <> 'closed' OR merged = 1;
