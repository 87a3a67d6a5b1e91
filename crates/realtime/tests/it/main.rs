//! What the hub and the tail promise, proved from outside. Time is the tests' own; nothing sleeps.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as the tests do")]

mod collaboration;
mod fake_log;
mod limits;
mod line;
mod presence;
mod replay;
mod resume;
mod rooms;
mod routes;
mod shards;
mod support;
mod tail;
