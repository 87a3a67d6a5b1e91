//! What the stand-ins got, in order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::Shared;

/// Entries that are kept; the oldest go.
const MOST: usize = 100_000;

/// One message that was taken, or refused.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Which stand-in.
    pub provider: &'static str,
    /// When.
    pub at: Timestamp,
    /// Whether it was taken; else why not.
    pub refused: Option<String>,
    /// Its name, as it was answered, or would have been.
    pub id: String,
    /// Whom it is for.
    pub to: String,
    /// What it says.
    pub message: Value,
}

/// What they got.
#[derive(Default)]
pub struct Journal(Mutex<VecDeque<Entry>>);

impl Journal {
    pub(crate) fn note(&self, entry: Entry) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == MOST {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    /// All of it, oldest first.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was taken by one of them.
    #[must_use]
    pub fn taken(&self, provider: &str) -> Vec<Entry> {
        let is_taken = |entry: &Entry| entry.provider == provider && entry.refused.is_none();
        self.entries().into_iter().filter(is_taken).collect()
    }

    /// Forgets everything.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

pub(crate) async fn read(State(shared): State<Arc<Shared>>) -> Json<Vec<Entry>> {
    Json(shared.journal.entries())
}

pub(crate) async fn forget(State(shared): State<Arc<Shared>>) {
    shared.journal.forget();
}
