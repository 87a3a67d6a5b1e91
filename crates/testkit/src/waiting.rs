//! Waiting for what others do, without guessing how long it takes.
#![expect(clippy::panic, reason = "test support: what does not happen ends the test")]

use std::time::Duration;

/// How long something may take before the test fails; far more than it ever does.
const PATIENCE: Duration = Duration::from_secs(60);
/// First pause between two looks; doubles up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_micros(200);
/// Longest pause between two looks.
const PAUSE_MAX: Duration = Duration::from_millis(10);

/// Looks until `check` is true; panics with `what` if it does not become so.
pub async fn until(what: &str, check: impl AsyncFn() -> bool) {
    let looking = async {
        let mut pause = PAUSE;
        while !check().await {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    };
    if tokio::time::timeout(PATIENCE, looking).await.is_err() {
        panic!("within {} s it did not come to this: {what}", PATIENCE.as_secs());
    }
}
