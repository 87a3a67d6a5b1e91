-- Keys of items that came lately, those of a batch in one row: pairs of a key and an item's `seq`, 16 bytes each, in the order of the keys.
-- They go into `item_keys` many at a time: keys are evenly spread, and a batch's own would go into as many pages as it has keys.
CREATE TABLE item_key_runs (
  run INTEGER PRIMARY KEY AUTOINCREMENT,
  week INTEGER NOT NULL,
  entries BLOB NOT NULL
) STRICT;

-- The items under a key: their numbers, with commas between them.
CREATE TABLE item_keys (
  week INTEGER NOT NULL,
  band INTEGER NOT NULL,
  seqs TEXT NOT NULL,
  PRIMARY KEY (week, band)
) STRICT, WITHOUT ROWID;
INSERT INTO item_keys (week, band, seqs)
SELECT week, band, string_agg('' || seq, ',') FROM item_bands GROUP BY week, band;
DROP TABLE item_bands;

-- The item's id beside its sketch: its row, which may be long, need not be read for it.
CREATE TABLE known_sketches (
  seq INTEGER PRIMARY KEY REFERENCES items (seq),
  id BLOB NOT NULL,
  week INTEGER NOT NULL,
  said_at INTEGER NOT NULL,
  sketch BLOB NOT NULL
) STRICT;
INSERT INTO known_sketches (seq, id, week, said_at, sketch)
SELECT s.seq, i.id, s.week, s.said_at, s.sketch FROM item_sketches s JOIN items i ON i.seq = s.seq;
DROP TABLE item_sketches;
ALTER TABLE known_sketches RENAME TO item_sketches;
CREATE INDEX item_sketches_by_week ON item_sketches (week);
