//! Servers that start beside us may be late, and one that was just started may not lead its partitions yet.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long a process that opens its engines waits for those that are away.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    within: Duration,
    until: Instant,
}

impl Patience {
    /// From now on.
    #[must_use]
    pub fn within(within: Duration) -> Self {
        Self { within, until: Instant::now() + within }
    }

    /// One try, for commands: who types them is there to try again.
    #[must_use]
    pub fn none() -> Self {
        Self::within(Duration::ZERO)
    }

    /// Does `attempt` again, with growing pauses, while it fails with what `may_pass`. The last failure is answered; `what`
    /// is what is waited for.
    pub async fn wait_for<T, E: Display>(
        self,
        what: &str,
        may_pass: impl Fn(&E) -> bool,
        mut attempt: impl AsyncFnMut() -> Result<T, E>,
    ) -> Result<T, E> {
        let mut pause = Duration::from_millis(100);
        let mut said = false;
        loop {
            let error = match attempt().await {
                Err(error) if may_pass(&error) && Instant::now() + pause < self.until => error,
                done => return done,
            };
            if said {
                tracing::debug!(%error, "still waiting for {what}");
            } else {
                tracing::warn!(%error, "waiting for {what} for up to {} s (node.start_within_s)", self.within.as_secs());
                said = true;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails with "away" so many times, and then as `last` says; counts the tries.
    async fn tried(
        patience: Patience,
        away: usize,
        last: Result<(), &'static str>,
    ) -> (usize, Result<(), &'static str>) {
        let mut tries = 0;
        let attempt = async || {
            tries += 1;
            if tries <= away { Err("away") } else { last }
        };
        let done = patience.wait_for("the log", |error| *error == "away", attempt).await;
        (tries, done)
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_waited_for_and_nothing_else() {
        let patience = || Patience::within(Duration::from_secs(60));
        assert_eq!(tried(patience(), 5, Ok(())).await, (6, Ok(())));
        assert_eq!(tried(patience(), 3, Err("another log")).await, (4, Err("another log")));
        assert_eq!(tried(patience(), 0, Err("another log")).await, (1, Err("another log")));
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_with_the_last_reason() {
        let started = Instant::now();
        let (tries, done) = tried(Patience::within(Duration::from_secs(60)), usize::MAX, Ok(())).await;
        assert_eq!(done, Err("away"));
        assert!(tries > 20, "{tries}");
        let waited = started.elapsed();
        assert!(waited > Duration::from_secs(55) && waited <= Duration::from_secs(60), "{waited:?}");
        assert_eq!(tried(Patience::none(), usize::MAX, Ok(())).await, (1, Err("away")));
    }
}
