-- What an item's near copies are known by, of items that repeat none. `week` is that in which it came: look-ups go through this week and
-- the one before, and what is older is dropped by ranges. `said_at` is when it was said.
CREATE TABLE item_sketches (
  seq INTEGER PRIMARY KEY REFERENCES items (seq),
  week INTEGER NOT NULL,
  said_at INTEGER NOT NULL,
  sketch BLOB NOT NULL
) STRICT;
CREATE INDEX item_sketches_by_week ON item_sketches (week);

-- Copies have one of these keys in common. A row may outlive what its item says: who has no sketch any more is not found, and who has
-- another is compared by that.
CREATE TABLE item_bands (
  week INTEGER NOT NULL,
  band INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (week, band, seq)
) STRICT, WITHOUT ROWID;
