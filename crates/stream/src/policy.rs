//! What happens to records that fail: the one table that every consumer on every engine follows.
//!
//! | failure | example | what happens |
//! |---|---|---|
//! | permanent | undecodable, invalid, panics on decoding, the handler says never | dead letter at once |
//! | unknown | the handler fails, the store refuses | tried in place, then delayed beside its partition, then a dead letter |
//! | dependency | the store, the log or a service is away | nothing dies: the partition waits, health says why, it resumes by itself |

use std::time::Duration;

/// How often and after which waits a record is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailurePolicy {
    /// Tries in place, one after the other, while the partition waits.
    pub in_place_attempts: u32,
    /// First wait between tries in place; doubles up to `in_place_back_off_max`, with jitter.
    pub in_place_back_off: Duration,
    /// Longest wait between tries in place.
    pub in_place_back_off_max: Duration,
    /// Waits before the tries that follow, while other keys go on. Empty: a dead letter after the tries in place.
    pub delays: Vec<Duration>,
    /// Longest wait between tries while a dependency is away; so long after it is back, at most, work goes on.
    pub dependency_back_off_max: Duration,
    /// Records of one partition that may be delayed; with more, the partition waits.
    pub max_delayed: usize,
}

impl Default for FailurePolicy {
    fn default() -> Self {
        Self {
            in_place_attempts: 3,
            in_place_back_off: Duration::from_millis(100),
            in_place_back_off_max: Duration::from_secs(2),
            delays: [10, 60, 300].map(Duration::from_secs).to_vec(),
            dependency_back_off_max: Duration::from_secs(5),
            max_delayed: 10_000,
        }
    }
}

/// What follows a failure that nobody knows the reason of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Try it in place again.
    InPlace,
    /// Put it off for so long.
    Delay(Duration),
    /// Give it up.
    Die,
}

impl FailurePolicy {
    /// What follows the `failures`-th failure in a row.
    pub(crate) fn after(&self, failures: u32) -> Next {
        if failures < self.in_place_attempts {
            return Next::InPlace;
        }
        match self.delays.get((failures - self.in_place_attempts) as usize) {
            Some(delay) => Next::Delay(*delay),
            None => Next::Die,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_goes_in_place_then_delayed_then_dead() {
        let policy = FailurePolicy {
            in_place_attempts: 2,
            delays: vec![Duration::from_secs(10), Duration::from_secs(60)],
            ..FailurePolicy::default()
        };
        let ladder: Vec<Next> = (1..=5).map(|failures| policy.after(failures)).collect();
        let delay = |seconds| Next::Delay(Duration::from_secs(seconds));
        assert_eq!(ladder, [Next::InPlace, delay(10), delay(60), Next::Die, Next::Die]);
        let none = FailurePolicy { delays: Vec::new(), ..policy };
        assert_eq!(none.after(2), Next::Die);
    }
}
