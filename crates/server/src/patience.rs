//! Servers that start beside us may be late, and one that was just started may not lead its partitions yet.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Does `attempt` again, with growing pauses, while it fails with what `may_pass` and a try may begin within `within`. The last
/// failure is answered; `tell` hears of those before it.
pub async fn insist<T, E>(
    within: Duration,
    may_pass: impl Fn(&E) -> bool,
    mut tell: impl FnMut(&E),
    mut attempt: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, E> {
    let until = Instant::now() + within;
    let mut pause = Duration::from_millis(100);
    loop {
        let error = match attempt().await {
            Err(error) if may_pass(&error) && Instant::now() + pause < until => error,
            done => return done,
        };
        tell(&error);
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITHIN: Duration = Duration::from_secs(60);

    /// Fails with "away" so many times, and then as `last` says; how many tries and failures told of there were.
    async fn tried(
        within: Duration,
        away: usize,
        last: Result<(), &'static str>,
    ) -> (usize, usize, Result<(), &'static str>) {
        let (mut tries, mut told) = (0, 0);
        let attempt = async || {
            tries += 1;
            if tries <= away { Err("away") } else { last }
        };
        let done = insist(within, |error| *error == "away", |_| told += 1, attempt).await;
        (tries, told, done)
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_waited_for_and_nothing_else() {
        assert_eq!(tried(WITHIN, 5, Ok(())).await, (6, 5, Ok(())));
        assert_eq!(tried(WITHIN, 3, Err("another log")).await, (4, 3, Err("another log")));
        assert_eq!(tried(WITHIN, 0, Err("another log")).await, (1, 0, Err("another log")));
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_with_the_last_reason() {
        let started = Instant::now();
        let (tries, told, done) = tried(WITHIN, usize::MAX, Ok(())).await;
        assert_eq!(done, Err("away"));
        assert!(tries > 20 && told == tries - 1, "{tries}");
        let waited = started.elapsed();
        assert!(waited > WITHIN - Duration::from_secs(5) && waited <= WITHIN, "{waited:?}");
        assert_eq!(tried(Duration::ZERO, usize::MAX, Ok(())).await, (1, 0, Err("away")));
    }
}
