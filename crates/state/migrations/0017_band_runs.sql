-- Keys of items that came lately, those of a batch in one row: pairs of a key and an item's `seq`, 16 bytes each, in the order of the rows
-- of `item_bands`, where they go many at a time. Keys are evenly spread: a batch's own would go into as many pages as it has keys.
CREATE TABLE item_band_runs (
  run INTEGER PRIMARY KEY AUTOINCREMENT,
  week INTEGER NOT NULL,
  entries BLOB NOT NULL
) STRICT;
