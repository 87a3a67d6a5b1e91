//! Behaviour of the connectors, the poller and the replay, over the recordings of this repository.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy sees helpers outside of #[test] functions as production code"
)]

mod bad_input;
mod claim_review;
mod feeds;
mod ingest;
mod library;
mod poller_http;
mod poller_loop;
mod producers;
mod recordings;
mod replay;
mod shared_data;
mod support;
