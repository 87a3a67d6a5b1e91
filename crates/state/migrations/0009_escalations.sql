-- Escalations: alerts on their way along a chain until somebody acknowledges them. `chain` is the chain as it was when it began. `next_at`
-- is when the next step is due, or, while the alert is acknowledged, when that ends; without, nothing more happens.
CREATE TABLE escalations (
  id BLOB PRIMARY KEY,
  alert_id BLOB NOT NULL,
  chain_id BLOB NOT NULL,
  chain TEXT NOT NULL,
  step INTEGER NOT NULL,
  round INTEGER NOT NULL,
  next_at INTEGER,
  state TEXT NOT NULL,
  version INTEGER NOT NULL,
  started_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX escalations_due ON escalations (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX escalations_by_alert ON escalations (alert_id);

-- What went to a telephone, for answers that come from it.
CREATE INDEX deliveries_by_telephone ON deliveries (address, created_at) WHERE channel = 'sms';
