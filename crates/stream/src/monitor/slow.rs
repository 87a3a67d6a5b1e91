//! Looks that take long. What is looked at is elsewhere.

use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

use crate::Health;

/// A look that takes longer is a trouble that health names.
const SLOW_LOOK: Duration = Duration::from_secs(5);

/// Waits for a look at `what`, and meanwhile says under `name` that it waits: a client of an engine may try for long before it
/// gives up.
pub(super) async fn told_when_slow<T>(
    look: impl Future<Output = T>,
    health: &Health,
    name: &str,
    what: &str,
) -> T {
    let mut look = pin!(look);
    let begun = Instant::now();
    loop {
        tokio::select! {
            looked = &mut look => return looked,
            () = tokio::time::sleep(SLOW_LOOK) => {
                let seconds = begun.elapsed().as_secs();
                health.failed(name, format!("{what} has not answered for {seconds} s"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_look_that_gets_no_answer_is_a_trouble_that_says_for_how_long() {
        let health = Health::default();
        told_when_slow(tokio::time::sleep(SLOW_LOOK / 2), &health, "monitor", "the log").await;
        assert!(health.troubles().is_empty());
        told_when_slow(tokio::time::sleep(SLOW_LOOK * 5 / 2), &health, "monitor", "the log").await;
        let reason = &health.troubles()["monitor"].reason;
        assert_eq!(reason, "the log has not answered for 10 s");
    }
}
