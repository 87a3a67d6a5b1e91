//! How many messages a client may send: a token bucket, and the end of patience.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crisislens_model::UserId;
use tokio::time::Instant;

/// Messages a client may send in a burst, and per second after it.
const BURST: f64 = 100.0;
/// See [`BURST`].
pub const PER_SECOND: f64 = 50.0;
/// Messages refused in a row before the connection is closed.
const PATIENCE: u32 = 100;

/// What is left of one client's allowance.
pub struct Allowance {
    left: f64,
    at: Instant,
    refused: u32,
}

/// What to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Read it.
    Taken,
    /// Pass it over, and say so.
    Refused,
    /// The client does not stop: close.
    Exhausted,
}

impl Allowance {
    /// A full bucket.
    pub fn full() -> Self {
        Self { left: BURST, at: Instant::now(), refused: 0 }
    }

    fn left(&self, now: Instant) -> f64 {
        (self.left + (now - self.at).as_secs_f64() * PER_SECOND).min(BURST)
    }

    /// One message has come.
    pub fn take(&mut self) -> Verdict {
        let now = Instant::now();
        self.left = self.left(now);
        self.at = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            self.refused = 0;
            return Verdict::Taken;
        }
        self.refused += 1;
        if self.refused > PATIENCE { Verdict::Exhausted } else { Verdict::Refused }
    }
}

/// Buckets are looked through for full ones when there are so many.
const MANY: usize = 1024;

/// What is left of the allowances of people who do over HTTP what others say over a socket.
#[derive(Default)]
pub struct Allowances(Mutex<HashMap<UserId, Allowance>>);

impl Allowances {
    /// One message of this person has come; whether it is to be read.
    pub fn take(&self, user: UserId) -> bool {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if people.len() >= MANY {
            let now = Instant::now();
            people.retain(|_, allowance| allowance.left(now) < BURST);
        }
        people.entry(user).or_insert_with(Allowance::full).take() == Verdict::Taken
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn people_have_an_allowance_each_and_those_with_a_full_one_are_forgotten() {
        let (allowances, ada) = (Allowances::default(), UserId::random());
        assert!((0..100).all(|_| allowances.take(ada)));
        assert!(!allowances.take(ada));
        for _ in 0..2 * MANY {
            assert!(allowances.take(UserId::random()), "of everybody else nothing is used up");
            tokio::time::advance(Duration::from_millis(20)).await;
        }
        assert!(allowances.0.lock().unwrap().len() <= MANY);
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_refused_first_and_then_ended() {
        let mut allowance = Allowance::full();
        for _ in 0..100 {
            assert_eq!(allowance.take(), Verdict::Taken);
        }
        assert_eq!(allowance.take(), Verdict::Refused);
        tokio::time::advance(Duration::from_millis(20)).await;
        assert_eq!(allowance.take(), Verdict::Taken, "one more after a fiftieth of a second");
        for _ in 0..100 {
            assert_eq!(allowance.take(), Verdict::Refused);
        }
        assert_eq!(allowance.take(), Verdict::Exhausted);
    }
}
