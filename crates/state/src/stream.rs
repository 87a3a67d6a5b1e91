//! How far consumers have come, what they have applied, and what waits to be appended to the log.

use async_trait::async_trait;
use crisislens_model::{EventId, NewRecord, Timestamp, Topic};

use crate::StateError;

/// [`StreamState::waiting`] stops behind the record that reaches so many bytes.
pub const WAITING_BYTES: u64 = 16 * 1024 * 1024;

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

/// What waits in the outbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxDepth {
    /// How many records.
    pub records: u64,
    /// Their keys, headers and values together.
    pub bytes: u64,
    /// When the oldest of them was published.
    pub oldest: Option<Timestamp>,
    /// How many of them were spooled ([`StreamTx::spool`]).
    pub spooled_records: u64,
    /// Keys, headers and values of those.
    pub spooled_bytes: u64,
    /// Records that do not wait any more, because the log refuses them ([`StreamTx::strand`]).
    pub stranded: u64,
}

/// A record that the log refuses for what it is: it left the outbox, so that those behind it may go, and is kept whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranded {
    /// Its place in the outbox, when it was there.
    pub seq: i64,
    /// Where it was to go.
    pub topic: Topic,
    /// Its key.
    pub key: Vec<u8>,
    /// Bytes of key, headers and value.
    pub bytes: u64,
    /// Why the log refused it.
    pub reason: String,
    /// When it was published.
    pub published_at: Timestamp,
    /// When the log refused it.
    pub stranded_at: Timestamp,
}

/// A record that failed and waits to be tried again, apart from its partition. Its bytes stay on the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delayed {
    /// Where it stands in its partition.
    pub offset: u64,
    /// Its key: what comes behind it with the same key must wait too.
    pub key: Vec<u8>,
    /// How often it has failed.
    pub failures: u32,
    /// When it first did.
    pub first_failed_at: Timestamp,
    /// When it is to be tried again.
    pub due_at: Timestamp,
    /// What it last failed with.
    pub last_error: String,
}

/// How many records of one partition a consumer has put off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelayedCount {
    /// Group and stage.
    pub consumer: String,
    /// The topic.
    pub topic: Topic,
    /// The partition.
    pub partition: u32,
    /// How many.
    pub records: u64,
    /// When the one that has failed for longest first did.
    pub oldest_failed_at: Timestamp,
}

/// Reads of stream bookkeeping.
#[async_trait]
pub trait StreamState: Send + Sync {
    /// The next offset a consumer will read; 0 before its first commit.
    async fn offset(&self, consumer: &str, topic: Topic, partition: u32) -> Result<u64, StateError>;

    /// Every consumer's place.
    async fn offsets(&self) -> Result<Vec<ConsumerOffset>, StateError>;

    /// The oldest records waiting in the outbox behind `after`, at most `limit`, in commit order. None follows the one that
    /// reaches [`WAITING_BYTES`], so that a reader's memory is bounded whatever waits.
    async fn waiting(&self, after: i64, limit: usize) -> Result<Vec<Waiting>, StateError>;

    /// How much waits in the outbox, and since when.
    async fn outbox_depth(&self) -> Result<OutboxDepth, StateError>;

    /// Whether something spooled waits in the outbox.
    async fn has_spooled(&self) -> Result<bool, StateError>;

    /// The oldest stranded records, at most `limit`.
    async fn stranded(&self, limit: usize) -> Result<Vec<Stranded>, StateError>;

    /// What a consumer has put off of one partition, by offset.
    async fn delayed(&self, consumer: &str, topic: Topic, partition: u32)
    -> Result<Vec<Delayed>, StateError>;

    /// How much every consumer has put off, by consumer, topic and partition.
    async fn delayed_counts(&self) -> Result<Vec<DelayedCount>, StateError>;
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
    /// twice in one call only the first is. An event that comes again is remembered from then on anew.
    async fn claim(
        &mut self,
        consumer: &str,
        events: &[EventId],
        at: Timestamp,
    ) -> Result<Vec<bool>, StateError>;

    /// Puts records into the outbox at the time `at`; the relay appends them to the log after the commit, in this
    /// order.
    async fn publish(&mut self, records: Vec<NewRecord>, at: Timestamp) -> Result<(), StateError>;

    /// Puts records into the outbox that could not be brought to the log directly, behind everything that waits there.
    /// They are counted apart, and survive a power cut once the transaction is committed with [`crate::Durability::Power`].
    async fn spool(&mut self, records: Vec<NewRecord>, at: Timestamp) -> Result<(), StateError>;

    /// Takes the record at `seq` out of the outbox and keeps it apart, because the log refuses it for `reason`. Does nothing
    /// where it is not in the outbox any more.
    async fn strand(&mut self, seq: i64, reason: &str, at: Timestamp) -> Result<(), StateError>;

    /// Publishes a stranded record again, at the end of the outbox. Answers whether there was one.
    async fn send_stranded(&mut self, seq: i64, at: Timestamp) -> Result<bool, StateError>;

    /// Gives a stranded record up. Answers whether there was one.
    async fn drop_stranded(&mut self, seq: i64) -> Result<bool, StateError>;

    /// Removes what the relay has appended: everything up to `seq`.
    async fn relayed(&mut self, seq: i64) -> Result<(), StateError>;

    /// Forgets events applied before `before`, some thousands at a time. Answers how many; zero when none is left.
    async fn forget_applied(&mut self, before: Timestamp) -> Result<u64, StateError>;

    /// Puts records of one partition off, over what stood there of the same offsets.
    async fn delay(
        &mut self,
        consumer: &str,
        topic: Topic,
        partition: u32,
        records: &[Delayed],
    ) -> Result<(), StateError>;

    /// Takes back what was put off. Errors with [`StateError::Fenced`] if one of `offsets` is not there any more:
    /// another consumer has dealt with it, and the transaction must then be dropped.
    async fn undelay(
        &mut self,
        consumer: &str,
        topic: Topic,
        partition: u32,
        offsets: &[u64],
    ) -> Result<(), StateError>;

    /// Takes or renews a lease until `until`. Answers its fencing token if `holder` now has it, `None` while it is
    /// another's, whose time has not passed at `now`. The token rises whenever the lease changes hands.
    async fn take_lease(
        &mut self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<u64>, StateError>;

    /// Gives a lease back; changes nothing where it is not `holder`'s.
    async fn release_lease(&mut self, name: &str, holder: &str) -> Result<(), StateError>;
}
