-- Beside each key of an incident stands how large it is, by doublings of its items (0, 1, 2 to 3, 4 to 7, … up to 24), so that the largest
-- of a key are a range of it, however many there are. It changes as seldom as an incident doubles.
CREATE TABLE sized_keys (
  key INTEGER NOT NULL,
  size INTEGER NOT NULL,
  incident BLOB NOT NULL,
  PRIMARY KEY (key, size, incident)
) STRICT, WITHOUT ROWID;
WITH RECURSIVE sizes (size, items) AS (
  SELECT 0, 0 UNION ALL SELECT size + 1, CASE items WHEN 0 THEN 1 ELSE 2 * items END FROM sizes WHERE size < 24
)
INSERT INTO sized_keys (key, size, incident)
SELECT k.key, max(s.size), k.incident FROM incident_keys k JOIN incidents i ON i.id = k.incident
JOIN sizes s ON s.items <= i.item_count GROUP BY k.key, k.incident;
DROP TABLE incident_keys;
ALTER TABLE sized_keys RENAME TO incident_keys;
CREATE INDEX incident_keys_by_incident ON incident_keys (incident);

-- The item that a copy counts for: what it repeats, once the incident of that has heard of it. An incident's copies are those that count for
-- its items. Copies that were there before have been counted, but for those of which no incident had heard yet.
ALTER TABLE items ADD COLUMN counts_for BLOB;
UPDATE items SET counts_for = duplicate_of WHERE duplicate_of IS NOT NULL AND incident_id IS NULL;
CREATE INDEX items_by_counted ON items (counts_for) WHERE counts_for IS NOT NULL;
DROP INDEX items_by_original;
