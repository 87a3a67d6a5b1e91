//! How many messages a client may send: a token bucket, and the end of patience.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crisislens_model::UserId;
use tokio::time::Instant;

use crate::config::Realtime;

/// Messages refused in a row before the connection is closed.
const PATIENCE: u32 = 100;

/// How many messages a client may send.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// In a second.
    pub per_second: u32,
    /// At once, after a while without any.
    pub burst: u32,
}

impl Pace {
    /// As it is configured.
    pub fn of(config: &Realtime) -> Self {
        Self { per_second: config.messages_per_s, burst: config.message_burst }
    }
}

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
    pub fn full(pace: Pace) -> Self {
        Self { left: f64::from(pace.burst), at: Instant::now(), refused: 0 }
    }

    fn left(&self, pace: Pace, now: Instant) -> f64 {
        let come = (now - self.at).as_secs_f64() * f64::from(pace.per_second);
        (self.left + come).min(f64::from(pace.burst))
    }

    /// One message has come.
    pub fn take(&mut self, pace: Pace) -> Verdict {
        let now = Instant::now();
        self.left = self.left(pace, now);
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
    pub fn take(&self, user: UserId, pace: Pace) -> bool {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if people.len() >= MANY {
            let now = Instant::now();
            people.retain(|_, allowance| allowance.left(pace, now) < f64::from(pace.burst));
        }
        people.entry(user).or_insert_with(|| Allowance::full(pace)).take(pace) == Verdict::Taken
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn people_have_an_allowance_each_and_those_with_a_full_one_are_forgotten() {
        let pace = Pace { per_second: 50, burst: 100 };
        let (allowances, ada) = (Allowances::default(), UserId::random());
        assert!((0..100).all(|_| allowances.take(ada, pace)));
        assert!(!allowances.take(ada, pace));
        for _ in 0..2 * MANY {
            assert!(allowances.take(UserId::random(), pace), "of everybody else nothing is used up");
            tokio::time::advance(Duration::from_millis(20)).await;
        }
        assert!(allowances.0.lock().unwrap().len() <= MANY);
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_refused_first_and_then_ended() {
        let pace = Pace { per_second: 50, burst: 100 };
        let mut allowance = Allowance::full(pace);
        for _ in 0..100 {
            assert_eq!(allowance.take(pace), Verdict::Taken);
        }
        assert_eq!(allowance.take(pace), Verdict::Refused);
        tokio::time::advance(Duration::from_millis(20)).await;
        assert_eq!(allowance.take(pace), Verdict::Taken, "one more after a fiftieth of a second");
        for _ in 0..100 {
            assert_eq!(allowance.take(pace), Verdict::Refused);
        }
        assert_eq!(allowance.take(pace), Verdict::Exhausted);
    }
}
