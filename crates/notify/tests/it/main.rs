//! From an alert to the inbox and the development outbox.
#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it must be")]

mod decide;
mod flow;
mod templates;
