-- Part of an exercise, and of which where people have started it: lists are asked for one exercise, or for what is meant in earnest. Exercises
-- are few beside what is real, so that their indexes cost nothing else anything.
ALTER TABLE items ADD COLUMN exercise INTEGER NOT NULL DEFAULT 0;
ALTER TABLE items ADD COLUMN exercise_id BLOB;
UPDATE items SET exercise = 1, exercise_id = played.id FROM (
  SELECT seq, CASE WHEN document LIKE '%"exercise_id":"%'
    THEN unhex(replace(substr(document, instr(document, '"exercise_id":"') + 15, 36), '-', ''), 'hex') END AS id
  FROM item_documents WHERE document LIKE '%"exercise":true%'
) AS played WHERE played.seq = items.seq;
CREATE INDEX items_of_exercises ON items (exercise_id, said_at DESC, id DESC) WHERE exercise_id IS NOT NULL;
CREATE INDEX items_in_exercises ON items (said_at DESC, id DESC) WHERE exercise = 1;

ALTER TABLE incidents ADD COLUMN exercise INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incidents ADD COLUMN exercise_id BLOB;
UPDATE incidents SET exercise = 1, exercise_id = CASE WHEN document LIKE '%"exercise_id":"%'
  THEN unhex(replace(substr(document, instr(document, '"exercise_id":"') + 15, 36), '-', ''), 'hex') END
WHERE document LIKE '%"exercise":true%';
CREATE INDEX incidents_of_exercises ON incidents (exercise_id, last_seen DESC, id DESC) WHERE exercise_id IS NOT NULL;
CREATE INDEX incidents_in_exercises ON incidents (last_seen DESC, id DESC) WHERE exercise = 1;

-- Those of the incident that an alert is about.
ALTER TABLE alerts ADD COLUMN exercise INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN exercise_id BLOB;
UPDATE alerts SET exercise = i.exercise, exercise_id = i.exercise_id FROM incidents i WHERE i.id = alerts.incident_id;
CREATE INDEX alerts_of_exercises ON alerts (exercise_id, effective DESC, id DESC) WHERE exercise_id IS NOT NULL;
CREATE INDEX alerts_in_exercises ON alerts (effective DESC, id DESC) WHERE exercise = 1;

ALTER TABLE claims ADD COLUMN exercise_id BLOB;
UPDATE claims SET exercise_id =
  unhex(replace(substr(document, instr(document, '"exercise_id":"') + 15, 36), '-', ''), 'hex')
WHERE exercise = 1 AND document LIKE '%"exercise_id":"%';
CREATE INDEX claims_of_exercises ON claims (exercise_id, risk, id) WHERE exercise_id IS NOT NULL;
CREATE INDEX claims_in_exercises ON claims (risk, id) WHERE exercise = 1;

-- Incidents that are to be made anew of their items, each in a transaction of its own.
CREATE TABLE stale_incidents (
  incident BLOB PRIMARY KEY,
  asked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX stale_incidents_by_time ON stale_incidents (asked_at, incident);
