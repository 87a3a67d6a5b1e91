//! From an alert to the inbox and the development outbox.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at the first thing that is not as it must be"
)]

mod decide;
mod desk;
mod escalation;
mod flow;
mod later;
mod lines;
mod news;
mod on_call;
mod own_templates;
mod places;
mod sending;
mod templates;
mod webhook_templates;
mod why;
