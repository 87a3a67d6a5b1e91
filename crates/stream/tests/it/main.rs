//! The runner and the relay on the real engines, stopped, failed and raced.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at the first thing that is not as it must be"
)]

mod dying;
mod once;
mod relay;
mod toy;
mod waiting;
