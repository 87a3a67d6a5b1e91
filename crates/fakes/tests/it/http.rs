//! Requests of `notify` over the wire.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::time::Duration;

use crisislens_fakes::{Fakes, Settings};
use crisislens_model::{Clock, SystemClock, Timestamp};
use crisislens_notify::provider::client::{Client, Failure};
use crisislens_notify::provider::http::{Answer, Request};

/// Stand-ins on free ports.
pub async fn fakes(settings: Settings) -> Fakes {
    let free = "127.0.0.1:0".to_owned();
    Fakes::start(Settings { http: free.clone(), smtp: free, ..settings }).await.unwrap()
}

/// The originals go by the wall clock, and so do their stand-ins.
pub fn now() -> Timestamp {
    SystemClock.now()
}

/// What came of it.
pub async fn try_post(request: Request) -> Result<Answer, Failure> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
    Client::new(client).post(request).await
}

/// The answer.
pub async fn post(request: Request) -> Answer {
    try_post(request).await.unwrap()
}
