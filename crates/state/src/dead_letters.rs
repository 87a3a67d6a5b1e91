//! The index of the dead-letter topic: which letters there are, why they died, and what was decided about each.
//!
//! A letter's bytes stay on the log; this holds what a list shows and a filter asks for.

use std::str::FromStr;

use async_trait::async_trait;
use crisislens_model::{EventId, Timestamp, Topic};
use serde::{Deserialize, Serialize};

use crate::StateError;

/// Where a dead letter stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LetterStatus {
    /// Nobody has decided about it.
    Waiting,
    /// It was sent to its consumer again.
    Replayed,
    /// It died too often to be sent again by rule; only a person may.
    Parked,
    /// Somebody decided that it will not be applied.
    Discarded,
}

impl LetterStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Replayed, Self::Parked, Self::Discarded];

    /// The word used on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Replayed => "replayed",
            Self::Parked => "parked",
            Self::Discarded => "discarded",
        }
    }
}

/// The word names no status of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a dead letter is waiting, replayed, parked or discarded, never {0:?}")]
pub struct UnknownLetterStatus(pub String);

impl FromStr for LetterStatus {
    type Err = UnknownLetterStatus;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == word)
            .ok_or_else(|| UnknownLetterStatus(word.to_owned()))
    }
}

/// A record that could not be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Where it stands on the dead-letter topic, which has one partition.
    pub offset: u64,
    /// The event that the record carried.
    pub event_id: EventId,
    /// The topic it came from.
    pub topic: Topic,
    /// The partition it came from.
    pub partition: u32,
    /// Its offset there.
    pub origin_offset: u64,
    /// Its key.
    pub key: Vec<u8>,
    /// Group and stage of the consumer that gave it up.
    pub consumer: String,
    /// The step that failed: decoding, checking, handling.
    pub stage: String,
    /// The kind of failure, for counting.
    pub error_class: String,
    /// The failure in words.
    pub message: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it first failed.
    pub first_failed_at: Timestamp,
    /// When it last failed.
    pub last_failed_at: Timestamp,
    /// Size of its value.
    pub size_bytes: u64,
    /// How often it had been replayed before it died this time.
    pub redrive_count: u32,
    /// Where it stands.
    pub status: LetterStatus,
    /// When that was decided.
    pub decided_at: Option<Timestamp>,
    /// Who decided it.
    pub decided_by: Option<String>,
}

/// Which letters: what is not set holds for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LetterFilter {
    /// The topic they came from.
    pub topic: Option<Topic>,
    /// The kind of failure.
    pub error_class: Option<String>,
    /// Who gave them up.
    pub consumer: Option<String>,
    /// The event they carry.
    pub event_id: Option<EventId>,
    /// Last failed at or after this.
    pub since: Option<Timestamp>,
    /// Last failed before this.
    pub until: Option<Timestamp>,
    /// They stand at any of these; empty for all.
    pub status: Vec<LetterStatus>,
    /// Any of these offsets on the dead-letter topic; empty for all.
    pub offsets: Vec<u64>,
}

/// A page of letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterPage {
    /// The letters, in the order asked for.
    pub items: Vec<Letter>,
    /// How many there are on all pages.
    pub total: u64,
    /// The offset behind which the next page begins, if there is one.
    pub next: Option<u64>,
}

/// How many letters of a kind there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LetterCount {
    /// The topic they came from.
    pub topic: Topic,
    /// The kind of failure.
    pub error_class: String,
    /// Where they stand.
    pub status: LetterStatus,
    /// How many.
    pub letters: u64,
    /// When the oldest of them last failed.
    pub oldest: Timestamp,
}

/// Reads of dead letters.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// The matching letters, newest first, those before the offset `after`.
    async fn letters(
        &self,
        filter: &LetterFilter,
        limit: usize,
        after: Option<u64>,
    ) -> Result<LetterPage, StateError>;

    /// The matching letters behind the offset `after`, oldest first: for going through them in the order in which they
    /// died. `total` counts only those behind `after`; `limit` 0 counts and answers none.
    async fn letters_after(
        &self,
        filter: &LetterFilter,
        limit: usize,
        after: Option<u64>,
    ) -> Result<LetterPage, StateError>;

    /// One letter.
    async fn letter(&self, offset: u64) -> Result<Option<Letter>, StateError>;

    /// How many letters there are, by topic, kind of failure and status.
    async fn letter_counts(&self) -> Result<Vec<LetterCount>, StateError>;
}

/// Writes of dead letters.
#[async_trait]
pub trait DeadLettersTx: Send {
    /// Notes letters; one that is noted stays as it is.
    async fn put_letters(&mut self, letters: &[Letter]) -> Result<(), StateError>;

    /// Moves one letter from `from` to `to`, as `by` decided. Answers false, and changes nothing, if it was not at
    /// `from`.
    async fn decide_letter(
        &mut self,
        offset: u64,
        from: LetterStatus,
        to: LetterStatus,
        at: Timestamp,
        by: &str,
    ) -> Result<bool, StateError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_reads_back_from_its_word_and_is_the_same_in_json() {
        for status in LetterStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        assert!("Waiting".parse::<LetterStatus>().is_err());
    }
}
