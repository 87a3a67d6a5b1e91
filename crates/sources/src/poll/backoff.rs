//! Exponential back-off with full jitter, so that sources that failed together do not come back together.
//! <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Longest wait that a server may ask for: a wrong header must not silence a source for days.
const MAX_ASKED: Duration = Duration::from_secs(3600);
/// Shortest wait: full jitter alone could draw zero.
const MIN_WAIT: Duration = Duration::from_millis(500);

/// Waits between attempts that fail.
#[derive(Debug, Clone)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    failures: u32,
    random: StdRng,
}

impl Backoff {
    /// Ceilings of `base`, 2 × `base`, 4 × `base`… up to `cap`; the waits below them are drawn with `seed`.
    #[must_use]
    pub fn new(base: Duration, cap: Duration, seed: u64) -> Self {
        Self { base, cap, failures: 0, random: StdRng::seed_from_u64(seed) }
    }

    /// How long to wait after one more failure; never less than the server `asked` for, up to an hour.
    pub fn after_failure(&mut self, asked: Option<Duration>) -> Duration {
        let factor = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        let ceiling = self.base.saturating_mul(factor).min(self.cap);
        self.failures = (self.failures + 1).min(31);
        let drawn = ceiling.mul_f64(self.random.random_range(0.0..=1.0)).max(MIN_WAIT);
        drawn.max(asked.unwrap_or_default().min(MAX_ASKED))
    }

    /// Forgets the failures.
    pub fn after_success(&mut self) {
        self.failures = 0;
    }

    /// Failures since the last success.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Duration = Duration::from_secs(5);
    const CAP: Duration = Duration::from_secs(900);

    #[test]
    fn waits_stay_below_a_doubling_ceiling_and_the_cap() {
        let mut backoff = Backoff::new(BASE, CAP, 7);
        let mut ceiling = BASE;
        let mut longest = Duration::ZERO;
        for _ in 0..40 {
            let wait = backoff.after_failure(None);
            assert!(wait >= MIN_WAIT && wait <= ceiling.min(CAP), "{wait:?} of {ceiling:?}");
            longest = longest.max(wait);
            ceiling = ceiling.saturating_mul(2);
        }
        assert!(longest > CAP / 2);
        backoff.after_success();
        assert!(backoff.after_failure(None) <= BASE);
    }

    #[test]
    fn the_same_seed_draws_the_same_waits() {
        let waits = |seed| {
            let mut backoff = Backoff::new(BASE, CAP, seed);
            (0..5).map(|_| backoff.after_failure(None)).collect::<Vec<_>>()
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
    }

    #[test]
    fn a_server_that_asks_for_longer_gets_it_within_reason() {
        let mut backoff = Backoff::new(BASE, CAP, 7);
        assert_eq!(backoff.after_failure(Some(Duration::from_secs(120))), Duration::from_secs(120));
        assert_eq!(backoff.after_failure(Some(Duration::from_secs(1_000_000))), MAX_ASKED);
    }
}
