//! How many messages a client may send: a token bucket, and the end of patience.

use tokio::time::Instant;

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

    /// One message has come.
    pub fn take(&mut self, pace: Pace) -> Verdict {
        let now = Instant::now();
        let come = (now - self.at).as_secs_f64() * f64::from(pace.per_second);
        self.left = (self.left + come).min(f64::from(pace.burst));
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

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
