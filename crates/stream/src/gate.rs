//! The gate before every batch: closed while what consumers produce has nowhere to go.

use std::sync::{Arc, Mutex, PoisonError};

/// Shared by all consumers of a process; set by the monitor.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<Mutex<Closed>>);

#[derive(Debug, Clone, Default)]
struct Closed {
    /// Why no batch may be applied.
    all: Option<String>,
    /// Why no batch that holds a dead letter may be applied.
    letters: Option<String>,
}

impl Gate {
    /// Opens or closes it: `all` for every batch, `letters` for batches with dead letters.
    pub fn set(&self, all: Option<String>, letters: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Closed { all, letters };
    }

    /// Whether every batch must wait.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed(false).is_some()
    }

    /// Why a batch must wait, if it must.
    pub(crate) fn closed(&self, has_letters: bool) -> Option<String> {
        let closed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        closed.all.clone().or_else(|| closed.letters.clone().filter(|_| has_letters))
    }
}
