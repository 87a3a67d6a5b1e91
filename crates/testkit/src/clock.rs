//! A clock that is set by hand.

use std::sync::{Mutex, PoisonError};

use crisislens_model::{Clock, Timestamp};

/// A clock that stands until it is moved.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock at `text`, RFC 3339.
    #[must_use]
    pub fn at(text: &str) -> Self {
        Self(Mutex::new(text.parse().unwrap_or(Timestamp::UNIX_EPOCH)))
    }

    /// Moves it on.
    pub fn advance(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = Timestamp::from_second(now.as_second() + seconds).unwrap_or(*now);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
