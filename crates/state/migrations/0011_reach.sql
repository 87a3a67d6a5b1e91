-- The development outbox is looked through by channel. Documents begin with an id of 36 characters and the channel.
ALTER TABLE outbox_messages ADD COLUMN channel TEXT NOT NULL DEFAULT '';
UPDATE outbox_messages SET channel = 'email' WHERE document LIKE '{"id":"____________________________________","channel":"email",%';
UPDATE outbox_messages SET channel = 'sms' WHERE document LIKE '{"id":"____________________________________","channel":"sms",%';
UPDATE outbox_messages SET channel = 'push' WHERE document LIKE '{"id":"____________________________________","channel":"push",%';
UPDATE outbox_messages SET channel = 'webhook' WHERE document LIKE '{"id":"____________________________________","channel":"webhook",%';
CREATE INDEX outbox_messages_by_channel ON outbox_messages (channel, at DESC, id DESC);

-- How soon somebody acknowledged an alert does not change when they say so again.
ALTER TABLE acknowledgements ADD COLUMN first_at INTEGER NOT NULL DEFAULT 0;
UPDATE acknowledgements SET first_at = at;
