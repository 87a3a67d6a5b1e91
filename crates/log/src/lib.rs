//! The event log: seven topics of partitions, appended durably and read by offset.
//!
//! [`EventLog`] is the port. [`embedded::EmbeddedLog`] keeps it on this machine's disk, [`kafka::KafkaLog`] on Apache Kafka.
//! `contract` holds the suite that every engine passes. Nothing here knows what the records mean.

mod appending;
pub mod contract;
pub mod definition;
pub mod embedded;
pub mod kafka;
mod partitioner;
mod rebalances;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use crisislens_model::{Header, NewRecord, Timestamp, Topic};
use tokio::sync::watch;

pub use appending::Appending;
pub use definition::{TopicDefinition, TopicDefinitions};
pub use partitioner::partition_for;
use rebalances::Rebalances;

/// A record with its place on the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// Which topic.
    pub topic: Topic,
    /// Which partition.
    pub partition: u32,
    /// Its offset there; offsets rise by one or more.
    pub offset: u64,
    /// When it was appended.
    pub timestamp: Timestamp,
    /// Decided the partition.
    pub key: Bytes,
    /// The payload; `None` is Kafka's null value.
    pub value: Option<Bytes>,
    /// CloudEvents attributes and others.
    pub headers: Vec<Header>,
}

/// Where an appended record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Which topic.
    pub topic: Topic,
    /// Which partition.
    pub partition: u32,
    /// Its offset there.
    pub offset: u64,
}

/// The readable part of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Offset of the oldest record kept (equal to `end` when none is).
    pub start: u64,
    /// Offset that the next record will get.
    pub end: u64,
}

/// How much one read may bring.
#[derive(Debug, Clone, Copy)]
pub struct ReadLimit {
    /// At most so many records.
    pub records: usize,
    /// Stops after the record that reaches so many bytes; always brings at least one record if there is one.
    pub bytes: usize,
}

/// The log of one installation.
///
/// Durability: when [`EventLog::append`] returns `Ok`, every record of the call survives `kill -9` and a power cut.
/// When it returns an error, none, some or all of them may be on the log: the caller appends again with the same
/// event ids, and consumers drop what they have applied.
/// Order: records of one key that are appended one call after the other, or in one call, keep that order.
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// What the topics are. Partitions may have been added since the log was opened: [`EventLog::partitions`].
    fn definitions(&self) -> &TopicDefinitions;

    /// How many partitions `topic` has, as far as is known here. It may rise while the log is open, and never falls; when it has
    /// risen, [`EventLog::changes`] signals.
    fn partitions(&self, topic: Topic) -> u32 {
        self.definitions().get(topic).partitions
    }

    /// Identifies this log's offsets: positions of another epoch mean nothing here.
    fn epoch(&self) -> u32;

    /// Hands records in, in the given order, and answers at once with a future of where they are; it resolves when all are
    /// durable. Waits only for room, when too much is in flight. What is handed in first comes first; dropping the future
    /// takes nothing back.
    ///
    /// Errors with [`LogError::TooLarge`] before anything is written if one exceeds its topic's `max_message_bytes`, with
    /// [`LogError::TooManyHeaders`] if one has more than [`TopicDefinitions::max_headers`]; later with [`LogError::Refused`] if the
    /// engine refuses one, while others of the call may have been written.
    async fn enqueue(&self, records: Vec<NewRecord>) -> Result<Appending, LogError>;

    /// Appends in the given order and answers where, in the same order, once all are durable. Waits for room when
    /// too much is in flight.
    ///
    /// Errors as [`EventLog::enqueue`] does.
    async fn append(&self, records: Vec<NewRecord>) -> Result<Vec<Placed>, LogError> {
        self.enqueue(records).await?.await
    }

    /// As [`EventLog::append`], for threads that are not asynchronous; it must not be called on an executor's thread.
    fn append_blocking(&self, records: Vec<NewRecord>) -> Result<Vec<Placed>, LogError> {
        // Deadlines need a timer, which a thread like this has not.
        let timer = tokio::runtime::Builder::new_current_thread().enable_time().build();
        timer.map_err(|error| LogError::Unavailable(error.to_string()))?.block_on(self.append(records))
    }

    /// Reads records with offset ≥ `from`, in order; an empty answer means the end was reached. Never waits for new ones.
    ///
    /// Errors with [`LogError::OutOfRange`] if `from` lies before the oldest record kept or beyond the end.
    async fn read(
        &self,
        topic: Topic,
        partition: u32,
        from: u64,
        limit: ReadLimit,
    ) -> Result<Vec<LogRecord>, LogError>;

    /// The readable part of a partition.
    async fn bounds(&self, topic: Topic, partition: u32) -> Result<Bounds, LogError>;

    /// A signal that changes whenever records of `topic` have become readable.
    fn changes(&self, topic: Topic) -> watch::Receiver<u64>;

    /// Joins a consumer group for one topic. The members of a group share its partitions; every partition is held by
    /// at most one member that has seen its latest assignment.
    async fn join(&self, group: &str, topic: Topic) -> Result<Membership, LogError>;

    /// The groups that have members now, on whatever node, with their members' partitions.
    async fn groups(&self) -> Result<Vec<GroupView>, LogError>;

    /// How often the partitions of each group and topic have changed hands, as this process saw it since it began: one for each
    /// time that a member of this process was given partitions or had to give some back.
    fn rebalances(&self) -> BTreeMap<(String, Topic), u64>;

    /// Drops records older than their topic's retention. Called from time to time by the server.
    async fn enforce_retention(&self) -> Result<(), LogError>;

    /// Finishes what is in flight and closes; later calls answer [`LogError::Closed`].
    async fn close(&self, within: Duration) -> Result<(), LogError>;
}

/// A member of a consumer group. Dropping it leaves the group.
pub struct Membership {
    /// Partitions this member holds now; changes when members come and go. Closed when the member has lost its place for
    /// good.
    pub assignment: watch::Receiver<Vec<u32>>,
    /// What keeps this member from a place in the group, and what can be done about it; `None` while it has one or is only
    /// joining.
    pub trouble: watch::Receiver<Option<String>>,
    /// What the holder tells the group; dropped when the membership ends.
    pub control: Box<dyn MemberControl>,
}

/// What the holder of a membership tells its group.
pub trait MemberControl: Send + Sync {
    /// Says which partitions are worked on now. A holder that calls this after every change is given time to finish its
    /// work before a partition goes to another member.
    fn settled(&self, held: &[u32]);

    /// Says how far a partition is consumed, for tools that show lag. A hint: nothing depends on it.
    fn consumed(&self, partition: u32, next: u64);
}

impl std::fmt::Debug for Membership {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Membership").field("assignment", &*self.assignment.borrow()).finish()
    }
}

/// A consumer group as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupView {
    /// The group's name.
    pub group: String,
    /// The topic it reads.
    pub topic: Topic,
    /// Who belongs to it.
    pub members: Vec<Member>,
}

/// A member of a group as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its id in the group.
    pub id: String,
    /// Where it runs.
    pub host: String,
    /// The partitions that it holds.
    pub partitions: Vec<u32>,
}

/// Why the log could not do something.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The record can never be appended.
    #[error("a record of {size} bytes is over the {limit} bytes that {topic} takes")]
    TooLarge {
        /// The topic.
        topic: Topic,
        /// Bytes of key, value and headers.
        size: usize,
        /// The topic's `max_message_bytes`.
        limit: usize,
    },
    /// The record has more headers than an engine takes, whatever their size.
    #[error("a record with {headers} headers is over the {limit} headers that {topic} takes")]
    TooManyHeaders {
        /// The topic.
        topic: Topic,
        /// How many it has.
        headers: usize,
        /// How many are taken.
        limit: usize,
    },
    /// The engine can never append the record, for a reason of its own.
    #[error("the log refuses the record: {0}")]
    Refused(String),
    /// The offset is not on the log.
    #[error("offset {asked} of {topic}/{partition} is not on the log, which holds {start} to {end}")]
    OutOfRange {
        /// The topic.
        topic: Topic,
        /// The partition.
        partition: u32,
        /// What was asked for.
        asked: u64,
        /// The oldest kept.
        start: u64,
        /// The end.
        end: u64,
    },
    /// There is no such partition.
    #[error("{topic} has no partition {partition}")]
    NoPartition {
        /// The topic.
        topic: Topic,
        /// The partition.
        partition: u32,
    },
    /// The engine cannot be used as it is set up; somebody must change something.
    #[error("{0}")]
    Setup(String),
    /// `topics.yaml` cannot be used.
    #[error("topics.yaml: {0}")]
    Definition(String),
    /// Another process has the log open.
    #[error("the log in {0} is in use by another process")]
    InUse(String),
    /// The disk or the broker failed; trying again may help.
    #[error("the log is unavailable: {0}")]
    Unavailable(String),
    /// A record on disk cannot be read back.
    #[error("the record at {topic}/{partition}/{offset} is damaged: {reason}")]
    Damaged {
        /// The topic.
        topic: Topic,
        /// The partition.
        partition: u32,
        /// The offset.
        offset: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
}

impl LogError {
    /// Whether it is a record itself that the log does not take, now or later, while it takes others. Everything else that keeps
    /// an append from succeeding may pass, with or without somebody's help.
    #[must_use]
    pub fn is_about_the_record(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::TooManyHeaders { .. } | Self::Refused(_))
    }
}
