//! How long a WebSocket whose client reads too slowly is helped along.

use tokio::time::Instant;

use super::ws::WRITE_TIMEOUT;
use crate::http::listener::{LEAST_TAKEN, SLOWEST};

/// A socket that has taken no more than a part of what waits.
pub struct Stuck {
    /// Until then it must take something.
    anything: Instant,
    /// And until then as much as a slow network carries.
    enough: Instant,
    taken: usize,
}

impl Stuck {
    /// From now.
    pub fn begin() -> Self {
        let now = Instant::now();
        Self { anything: now + WRITE_TIMEOUT, enough: now + SLOWEST, taken: 0 }
    }

    /// It has taken so many bytes.
    pub fn took(&mut self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        self.anything = Instant::now() + WRITE_TIMEOUT;
        self.taken += bytes;
        if self.taken >= LEAST_TAKEN {
            self.enough = Instant::now() + SLOWEST;
            self.taken = 0;
        }
    }

    /// When it is given up, if it takes nothing more.
    pub fn ends(&self) -> Instant {
        self.anything.min(self.enough)
    }
}
