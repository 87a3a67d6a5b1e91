//! How far consumers have come, what they have applied, and what waits to be appended to the log.

use async_trait::async_trait;
use crisislens_model::{EventId, NewRecord, Timestamp, Topic};

use crate::StateError;

/// A consumer's place in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerOffset {
    /// Group and stage.
    pub consumer: String,
    /// The topic.
    pub topic: Topic,
    /// The partition.
    pub partition: u32,
    /// The next offset it will read.
    pub next: u64,
}

/// A record waiting in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its place in the outbox; rises in commit order.
    pub seq: i64,
    /// The record.
    pub record: NewRecord,
}

/// Reads of stream bookkeeping.
#[async_trait]
pub trait StreamState: Send + Sync {
    /// The next offset a consumer will read; 0 before its first commit.
    async fn offset(&self, consumer: &str, topic: Topic, partition: u32) -> Result<u64, StateError>;

    /// Every consumer's place.
    async fn offsets(&self) -> Result<Vec<ConsumerOffset>, StateError>;

    /// The oldest records waiting in the outbox behind `after`, at most `limit`, in commit order.
    async fn waiting(&self, after: i64, limit: usize) -> Result<Vec<Waiting>, StateError>;
}

/// Writes of stream bookkeeping.
#[async_trait]
pub trait StreamTx: Send {
    /// Moves a consumer from `from` to `to`. Errors with [`StateError::Fenced`] if it is not at `from`; the
    /// transaction must then be dropped.
    async fn advance(
        &mut self,
        consumer: &str,
        topic: Topic,
        partition: u32,
        from: u64,
        to: u64,
    ) -> Result<(), StateError>;

    /// Notes that `consumer` applies these events. Answers for each whether it is the first time; of the same id
    /// twice in one call only the first is.
    async fn claim(
        &mut self,
        consumer: &str,
        events: &[EventId],
        at: Timestamp,
    ) -> Result<Vec<bool>, StateError>;

    /// Puts records into the outbox; the relay appends them to the log after the commit, in this order.
    async fn publish(&mut self, records: &[NewRecord]) -> Result<(), StateError>;

    /// Removes what the relay has appended: everything up to `seq`.
    async fn relayed(&mut self, seq: i64) -> Result<(), StateError>;

    /// Forgets events applied before `before`, some thousands at a time. Answers how many; zero when none is left.
    async fn forget_applied(&mut self, before: Timestamp) -> Result<u64, StateError>;
}
