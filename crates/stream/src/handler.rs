//! The seam between the runner and the meaning of records.

use async_trait::async_trait;
use crisislens_log::LogRecord;
use crisislens_model::{EventId, Topic};
use crisislens_state::{StateError, Tx};

use crate::dead_letter::event_id_of;

/// What a consumer does with the records of one topic.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// A record, decoded and analysed.
    type Work: Send + 'static;

    /// The consumer group it works for.
    fn group(&self) -> &'static str;

    /// Which of the group's handlers it is; group and stage together own an offset for each partition.
    fn stage(&self) -> &'static str;

    /// The topic it reads.
    fn topic(&self) -> Topic;

    /// Decodes and analyses one record: no I/O, may take its time, runs off the async executor.
    ///
    /// `Ok(None)` means that the record is not for this handler; `Err` makes it a dead letter at once.
    fn prepare(&self, record: &LogRecord) -> Result<Option<Self::Work>, Reject>;

    /// Applies records in order. Everything it changes and publishes goes through `tx`; it must not talk to anyone else,
    /// because the transaction may be undone and the records given again.
    async fn apply(&self, tx: &mut dyn Tx, work: &[Self::Work]) -> Result<(), ApplyError>;

    /// The event that a record carries: what has been applied once under this id is not applied again.
    fn event_id(&self, record: &LogRecord) -> EventId {
        event_id_of(record)
    }

    /// The consumer's name in the store.
    fn consumer(&self) -> String {
        format!("{}/{}", self.group(), self.stage())
    }
}

/// A record that can never be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{class}: {message}")]
pub struct Reject {
    /// Where it failed: `decode`, `validate`, `handle`.
    pub stage: &'static str,
    /// A stable word for the kind of failure.
    pub class: &'static str,
    /// What is wrong with it, for a person.
    pub message: String,
}

impl Reject {
    /// The value is not what its type says.
    pub fn decode(error: impl std::fmt::Display) -> Self {
        Self { stage: "decode", class: "undecodable", message: error.to_string() }
    }

    /// The value is well formed and says something impossible.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self { stage: "validate", class: "invalid", message: message.into() }
    }
}

/// Why a batch was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The store failed or refused.
    #[error(transparent)]
    State(#[from] StateError),
    /// The handler failed in a way it does not know; tried again as the policy says, then a dead letter.
    #[error("{0}")]
    Failed(String),
    /// The handler knows that trying again will not help: a dead letter at once.
    #[error(transparent)]
    Never(#[from] Reject),
    /// Something that the handler needs is away. Nothing dies of it: the partition waits, and health names it.
    #[error("{name} is unavailable: {reason}")]
    Dependency {
        /// What is away.
        name: String,
        /// What is known of why.
        reason: String,
    },
}

impl ApplyError {
    /// Whether trying the same again may help without anybody doing anything about the record.
    #[must_use]
    pub fn is_dependency(&self) -> bool {
        matches!(
            self,
            Self::Dependency { .. } | Self::State(StateError::Unavailable(_) | StateError::Migration(_))
        )
    }
}
