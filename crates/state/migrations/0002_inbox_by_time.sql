-- Forgetting old events must not read the whole inbox under the only writer.
CREATE INDEX inbox_by_time ON inbox (at);
