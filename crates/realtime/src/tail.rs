//! The tail: reads every partition of the watched topics, without a group, and publishes to the hub.
//!
//! Each topic has its own task, which gathers a small batch of what its partitions have and publishes it together: what goes to
//! one connection is then written with one call. After that it rests for as long as the fan-out took, so that under load
//! more gathers; a quiet system is not held up. A partition that cannot be read is left out for a while.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crisislens_log::{EventLog, LogError, LogRecord, ReadLimit};
use crisislens_model::Topic;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::events;
use crate::hub::Hub;
use crate::options::TailOptions;

/// Rests below the runtime's timer are not slept.
const TIMER_STEP: Duration = Duration::from_millis(1);

/// A read that takes longer is not waited for with what others have brought.
const SLOW_READ: Duration = Duration::from_millis(10);

/// Follows the log for one hub.
#[derive(Debug)]
pub struct Tail {
    options: TailOptions,
    ready: watch::Sender<bool>,
}

/// Why the tail ended without being cancelled.
#[derive(Debug, thiserror::Error)]
pub enum TailError {
    /// The hub was made for another log.
    #[error("the hub was made for the log of epoch {hub}, but this log's epoch is {log}")]
    OtherLog {
        /// The hub's.
        hub: u32,
        /// The log's.
        log: u32,
    },
    /// The log cannot be followed any more.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A topic's task broke.
    #[error("the task that follows a topic broke: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl Tail {
    /// A tail that is not running yet.
    #[must_use]
    pub fn new(options: TailOptions) -> Self {
        Self { options, ready: watch::Sender::new(false) }
    }

    /// Turns true when the history is filled and the hub lets connections in.
    #[must_use]
    pub fn ready(&self) -> watch::Receiver<bool> {
        self.ready.subscribe()
    }

    /// Fills the hub's history with the end of each partition, then follows the log until cancelled.
    pub async fn run(
        self,
        log: Arc<dyn EventLog>,
        hub: Arc<Hub>,
        cancel: CancellationToken,
    ) -> Result<(), TailError> {
        let position = hub.position();
        if position.epoch != log.epoch() {
            return Err(TailError::OtherLog { hub: position.epoch, log: log.epoch() });
        }
        let follower = |(topic, offsets): (Topic, Vec<u64>)| Follower {
            changes: log.changes(topic),
            log: log.clone(),
            hub: hub.clone(),
            options: self.options.clone(),
            topic,
            partitions: (0..offsets.len() as u32).map(Partition::new).collect(),
            first: 0,
        };
        let followers: Vec<_> = position.offsets.into_iter().map(follower).collect();
        tokio::select! {
            () = cancel.cancelled() => Ok(()),
            ended = self.follow(followers, hub.clone()) => ended,
        }
    }

    async fn follow(&self, followers: Vec<Follower>, hub: Arc<Hub>) -> Result<(), TailError> {
        let mut filling = JoinSet::new();
        for mut follower in followers {
            filling.spawn(async move { follower.backfill().await.map(|()| follower) });
        }
        let mut following = JoinSet::new();
        let mut filled = Vec::new();
        while let Some(follower) = filling.join_next().await {
            filled.push(follower??);
        }
        hub.mark_ready();
        self.ready.send_replace(true);
        for mut follower in filled {
            following.spawn(async move { follower.follow().await });
        }
        while let Some(ended) = following.join_next().await {
            ended??;
        }
        Ok(())
    }
}

/// Follows one topic.
struct Follower {
    log: Arc<dyn EventLog>,
    hub: Arc<Hub>,
    options: TailOptions,
    topic: Topic,
    partitions: Vec<Partition>,
    /// The next pass begins here: a batch may be full before all have had their turn.
    first: usize,
    changes: watch::Receiver<u64>,
}

struct Partition {
    partition: u32,
    next: u64,
    failures: u32,
    /// Not read before, after a failure.
    retry_at: Option<Instant>,
}

impl Partition {
    fn new(partition: u32) -> Self {
        Self { partition, next: 0, failures: 0, retry_at: None }
    }

    fn may_read(&self, now: Instant) -> bool {
        self.retry_at.is_none_or(|at| at <= now)
    }

    fn failed(&mut self, options: &TailOptions) {
        self.retry_at = Some(Instant::now() + back_off(self.failures, options));
        self.failures += 1;
    }
}

fn size(record: &LogRecord) -> usize {
    record.key.len() + record.value.as_ref().map_or(0, |value| value.len())
}

fn back_off(failures: u32, options: &TailOptions) -> Duration {
    options.retry_min.saturating_mul(1 << failures.min(16)).min(options.retry_max)
}

impl Follower {
    /// Reads the end of each partition as it is now.
    async fn backfill(&mut self) -> Result<(), TailError> {
        let mut ends = Vec::new();
        for at in 0..self.partitions.len() {
            let bounds = self.bounds(at as u32).await?;
            let next = bounds.end.saturating_sub(self.options.backfill).max(bounds.start);
            self.partitions[at].next = next;
            self.hub.starts_at(self.topic, at as u32, next);
            ends.push(bounds.end);
        }
        while self.partitions.iter().zip(&ends).any(|(partition, end)| partition.next < *end) {
            let (before, read) = (self.nexts(), self.pass().await?);
            if !read && before == self.nexts() && !self.waits_for_retry() {
                break; // The log was cut below the end seen at first.
            }
            self.until_retry(read).await;
        }
        Ok(())
    }

    /// Reads until the log is closed.
    async fn follow(&mut self) -> Result<(), TailError> {
        loop {
            self.changes.mark_unchanged();
            self.grow();
            if self.pass().await? {
                continue;
            }
            let wait = self.wait();
            tokio::select! {
                changed = self.changes.changed() => if changed.is_err() { return Err(LogError::Closed.into()) },
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Follows partitions that were added to the topic as well, from their first record on.
    fn grow(&mut self) {
        for partition in self.partitions.len() as u32..self.log.partitions(self.topic) {
            self.hub.starts_at(self.topic, partition, 0);
            self.partitions.push(Partition::new(partition));
        }
    }

    /// One batch of what is there of all partitions, published together; whether there was any. More than a batch at once, and
    /// clients that read would be overrun before they have a turn.
    async fn pass(&mut self) -> Result<bool, TailError> {
        let mut gathered = Vec::new();
        let (mut moved, mut left) = (false, self.options.batch);
        let (first, count) = (self.first, self.partitions.len());
        for at in (first..first + count).map(|n| n % count) {
            if left.records == 0 || left.bytes == 0 {
                self.first = at;
                break;
            }
            if !self.partitions[at].may_read(Instant::now()) {
                continue;
            }
            match self.read(at, left, &mut gathered).await {
                Ok(records) => {
                    left.records = left.records.saturating_sub(records.len());
                    left.bytes = left.bytes.saturating_sub(records.iter().map(size).sum());
                    gathered.extend(records);
                }
                Err(error) => moved |= self.read_failed(at, error)?,
            }
        }
        // What went out before its time counts, too.
        moved |= left.records < self.options.batch.records;
        if !gathered.is_empty() {
            let began = Instant::now();
            self.hub.publish(&gathered);
            self.rest(began.elapsed()).await;
        }
        Ok(moved)
    }

    /// Reads a partition. What was gathered before does not wait for one whose log is slow to answer.
    async fn read(
        &mut self,
        at: usize,
        limit: ReadLimit,
        gathered: &mut Vec<LogRecord>,
    ) -> Result<Vec<LogRecord>, LogError> {
        let partition = &mut self.partitions[at];
        let mut reading = pin!(self.log.read(self.topic, partition.partition, partition.next, limit));
        let read = match timeout(SLOW_READ, reading.as_mut()).await {
            Ok(read) => read,
            Err(_) => {
                self.hub.publish(&std::mem::take(gathered));
                reading.await
            }
        };
        let records = read?;
        (partition.failures, partition.retry_at) = (0, None);
        if let Some(last) = records.last() {
            partition.next = last.offset + 1;
        }
        Ok(records)
    }

    /// Lets others work, and what they append gather, for about as long as the fan-out took.
    async fn rest(&self, took: Duration) {
        let rest = took.min(self.options.rest_max);
        if rest < TIMER_STEP {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(rest).await;
        }
    }

    fn read_failed(&mut self, at: usize, error: LogError) -> Result<bool, TailError> {
        let partition = &mut self.partitions[at];
        let resume_at = match &error {
            LogError::Unavailable(_) => {
                events::read_failed(self.topic, partition.partition, &error);
                partition.failed(&self.options);
                return Ok(false);
            }
            LogError::OutOfRange { start, end, .. } => {
                if partition.next > *end {
                    *end
                } else {
                    *start
                }
            }
            LogError::Damaged { offset, .. } => offset + 1,
            _ => return Err(error.into()),
        };
        events::lost(self.topic, partition.partition, &error);
        partition.next = resume_at;
        self.hub.lost(self.topic, partition.partition, resume_at);
        Ok(true)
    }

    async fn bounds(&self, partition: u32) -> Result<crisislens_log::Bounds, TailError> {
        let mut failures = 0;
        loop {
            match self.log.bounds(self.topic, partition).await {
                Ok(bounds) => return Ok(bounds),
                Err(error @ LogError::Unavailable(_)) => {
                    events::read_failed(self.topic, partition, &error);
                    tokio::time::sleep(back_off(failures, &self.options)).await;
                    failures += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn nexts(&self) -> Vec<u64> {
        self.partitions.iter().map(|partition| partition.next).collect()
    }

    fn waits_for_retry(&self) -> bool {
        self.partitions.iter().any(|partition| partition.retry_at.is_some())
    }

    async fn until_retry(&self, read: bool) {
        if !read && self.waits_for_retry() {
            tokio::time::sleep(self.wait()).await;
        }
    }

    /// Until the next retry, or the next look without a signal.
    fn wait(&self) -> Duration {
        let retries = self.partitions.iter().filter_map(|partition| partition.retry_at);
        let retry = retries.map(|at| at.saturating_duration_since(Instant::now())).min();
        retry.map_or(self.options.recheck, |retry| retry.min(self.options.recheck))
    }
}
