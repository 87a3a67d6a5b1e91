//! Live sources: each is asked at its interval, and what is new or changed is published.

mod backoff;
mod config;
mod fetch;
mod guard;
mod poller;

pub use backoff::Backoff;
pub use config::PollerConfig;
pub use fetch::{Fetch, FetchError, Fetched, HttpFetch};
pub use guard::{AddressPolicy, ForbiddenAddress, GuardedClient};
pub use poller::{PollError, Polled, Poller};
