-- What items state, and how far its verification is. `risk` is in millionths, so that lists have one order everywhere.
CREATE TABLE claims (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id BLOB NOT NULL UNIQUE,
  incident_id BLOB,
  topic TEXT NOT NULL,
  status TEXT NOT NULL,
  verdict TEXT NOT NULL,
  risk INTEGER NOT NULL,
  last_said INTEGER NOT NULL,
  exercise INTEGER NOT NULL,
  version INTEGER NOT NULL,
  document TEXT NOT NULL
) STRICT;
CREATE INDEX claims_by_risk ON claims (risk, id);
CREATE INDEX claims_by_status ON claims (status, risk, id);
CREATE INDEX claims_by_time ON claims (last_said, id);
CREATE INDEX claims_by_incident ON claims (incident_id, risk, id);

-- Claims that can be compared have one of these keys in common.
CREATE TABLE claim_keys (
  key INTEGER NOT NULL,
  claim INTEGER NOT NULL REFERENCES claims (seq),
  PRIMARY KEY (key, claim)
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_keys_by_claim ON claim_keys (claim);

-- Which claims an item makes, in the order of its text.
CREATE TABLE item_claims (
  item_id BLOB NOT NULL,
  place INTEGER NOT NULL,
  claim_id BLOB NOT NULL,
  PRIMARY KEY (item_id, claim_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX item_claims_by_claim ON item_claims (claim_id);

-- The verification of a claim, one for each round. `due_at` is there while its next step is to be done by itself.
CREATE TABLE workflows (
  id BLOB PRIMARY KEY,
  claim_id BLOB NOT NULL,
  round INTEGER NOT NULL,
  status TEXT NOT NULL,
  step TEXT NOT NULL,
  waits INTEGER NOT NULL,
  due_at INTEGER,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  document TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX workflows_by_claim ON workflows (claim_id, round);
CREATE INDEX workflows_due ON workflows (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX workflows_by_change ON workflows (updated_at, id);
CREATE INDEX workflows_waiting ON workflows (updated_at, id) WHERE waits = 1;

-- Who was right and wrong about claims that were decided.
CREATE TABLE adjudications (
  source TEXT NOT NULL,
  claim_id BLOB NOT NULL,
  decided_at INTEGER NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (source, claim_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX adjudications_by_claim ON adjudications (claim_id);
CREATE INDEX adjudications_by_time ON adjudications (source, decided_at);

-- What people decided, for training.
CREATE TABLE training_examples (
  id BLOB PRIMARY KEY,
  decided_at INTEGER NOT NULL,
  document TEXT NOT NULL
) STRICT;
CREATE INDEX training_examples_by_time ON training_examples (decided_at, id);
