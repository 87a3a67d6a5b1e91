-- What an incident is found by. `due_at` is when its status is to be looked at again; those that were there before are looked at at once,
-- and get their keys then. `merged_into` is the incident that stands for it.
ALTER TABLE incidents ADD COLUMN item_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incidents ADD COLUMN merged_into BLOB;
ALTER TABLE incidents ADD COLUMN due_at INTEGER;
UPDATE incidents SET due_at = 0 WHERE status <> 'closed';
CREATE INDEX incidents_due ON incidents (due_at) WHERE due_at IS NOT NULL;
DROP INDEX incidents_open;

CREATE TABLE incident_keys (
  key INTEGER NOT NULL,
  incident BLOB NOT NULL,
  PRIMARY KEY (key, incident)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_keys_by_incident ON incident_keys (incident);

-- Items that people have taken out of incidents: they are not put back.
CREATE TABLE parted_items (
  item BLOB NOT NULL,
  incident BLOB NOT NULL,
  PRIMARY KEY (item, incident)
) STRICT, WITHOUT ROWID;
