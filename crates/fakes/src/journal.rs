//! What the stand-ins got and told, in order.

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

/// Whose word a callback is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// The provider's.
    Theirs,
    /// The provider's, caught by another and sent once more.
    Replayed,
    /// Another's, who signs nothing.
    Unsigned,
    /// Another's, with the signature of something else that the provider said.
    Altered,
    /// The provider's of long ago.
    Old,
}

impl Word {
    /// Whether it is to be refused.
    #[must_use]
    pub const fn is_forged(self) -> bool {
        matches!(self, Self::Unsigned | Self::Altered | Self::Old)
    }
}

/// One try to tell what became of a message.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    /// Which stand-in.
    pub provider: &'static str,
    /// When it was answered, or given up.
    pub at: Timestamp,
    /// The name of the message, as it was answered.
    pub message: String,
    /// Whom that was for.
    pub to: String,
    /// The provider's word for what happened.
    pub event: &'static str,
    /// Whose word it is.
    pub word: Word,
    /// The status of the answer; none where there was none.
    pub status: Option<u16>,
}

/// What they got, or told.
pub struct Journal<T = Entry>(Mutex<VecDeque<T>>);

impl<T> Default for Journal<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Journal<T> {
    pub(crate) fn note(&self, entry: T) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == MOST {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    /// All of it, oldest first.
    #[must_use]
    pub fn entries(&self) -> Vec<T> {
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

    /// Forgets everything.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Journal {
    /// What was taken by one of them.
    #[must_use]
    pub fn taken(&self, provider: &str) -> Vec<Entry> {
        let is_taken = |entry: &Entry| entry.provider == provider && entry.refused.is_none();
        self.entries().into_iter().filter(is_taken).collect()
    }
}

pub(crate) async fn read(State(shared): State<Arc<Shared>>) -> Json<Vec<Entry>> {
    Json(shared.journal.entries())
}

pub(crate) async fn told(State(shared): State<Arc<Shared>>) -> Json<Vec<Told>> {
    Json(shared.callbacks.told().entries())
}

pub(crate) async fn forget(State(shared): State<Arc<Shared>>) {
    shared.journal.forget();
    shared.callbacks.told().forget();
}
