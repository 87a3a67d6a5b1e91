//! The records on disk: the segments of every topic in one fjall database, and the readable bounds of each partition.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use crisislens_model::Topic;
use fjall::{Database, Keyspace, PersistMode};

use super::codec::{self, Stored, place_key};
use super::segments::{Base, Segments};
use crate::{Bounds, LogError, LogRecord, ReadLimit};

/// The open database.
pub(super) struct Store {
    pub db: Database,
    /// Identity, partition counts and starts; see [`super::meta`].
    pub meta: Keyspace,
    /// In the order of [`Topic::ALL`].
    pub topics: Vec<TopicStore>,
}

/// One topic's segments and partitions.
pub(super) struct TopicStore {
    pub topic: Topic,
    pub segments: Segments,
    pub partitions: Vec<Partition>,
}

/// What is known of a partition without asking the disk.
///
/// Invariant: `start ≤ end`, and neither ever goes back.
pub(super) struct Partition {
    /// Oldest readable offset. Only retention moves it, after the new start is durable; compaction reads it.
    pub start: Arc<AtomicU64>,
    /// Next offset. Only the writer moves it, after the records before it are durable.
    pub end: AtomicU64,
    /// Bytes of all records ever appended, as retention by size counts them. Only the writer moves it.
    pub bytes: AtomicU64,
}

impl Partition {
    pub fn bounds(&self) -> Bounds {
        // `start` first: it only rises and never passes `end`, so the pair is one that held at some instant.
        let start = self.start.load(Ordering::Acquire);
        Bounds { start, end: self.end.load(Ordering::Acquire) }
    }
}

impl Store {
    pub fn topic(&self, topic: Topic) -> &TopicStore {
        &self.topics[topic.index()]
    }

    /// Makes everything written so far durable.
    pub fn sync(&self) -> Result<(), LogError> {
        self.db.persist(PersistMode::SyncAll).map_err(|e| unavailable(&e))
    }
}

impl TopicStore {
    pub fn partition(&self, partition: u32) -> Result<&Partition, LogError> {
        let topic = self.topic;
        self.partitions.get(partition as usize).ok_or(LogError::NoPartition { topic, partition })
    }

    /// The bounds, if `from` lies in them.
    pub fn bounds_with(&self, partition: u32, from: u64) -> Result<Bounds, LogError> {
        let Bounds { start, end } = self.partition(partition)?.bounds();
        if from < start || from > end {
            return Err(LogError::OutOfRange { topic: self.topic, partition, asked: from, start, end });
        }
        Ok(Bounds { start, end })
    }

    /// As [`crate::EventLog::read`]. Blocks on the disk.
    pub fn read(&self, partition: u32, from: u64, limit: ReadLimit) -> Result<Vec<LogRecord>, LogError> {
        let end = self.bounds_with(partition, from)?.end;
        let records = self.scan(partition, from, end, limit);
        // Retention may have passed by meanwhile, and then a gap is not damage.
        self.bounds_with(partition, from)?;
        records
    }

    fn scan(
        &self,
        partition: u32,
        from: u64,
        end: u64,
        limit: ReadLimit,
    ) -> Result<Vec<LogRecord>, LogError> {
        let most = limit.records.max(1).min(usize::try_from(end - from).unwrap_or(usize::MAX));
        let mut records = Vec::with_capacity(most.min(1024));
        let mut bytes = 0;
        let mut found = self.range(partition, from, end);
        for offset in from..end {
            if records.len() >= most || (bytes >= limit.bytes && !records.is_empty()) {
                break;
            }
            let guard = found.next().ok_or_else(|| self.damaged(partition, offset, "it is missing"))?;
            let stored = self.stored(partition, offset, guard)?;
            bytes += stored.size();
            records.push(self.record(partition, offset, stored));
        }
        Ok(records)
    }

    fn range(&self, partition: u32, from: u64, end: u64) -> impl Iterator<Item = fjall::Guard> {
        let pieces = self.segments.pieces(partition, from, end);
        pieces.into_iter().flat_map(|(keyspace, keys)| keyspace.range(keys))
    }

    /// Where the next segment begins, were it to begin now.
    pub fn bases(&self) -> Vec<Base> {
        let base = |partition: &Partition| Base {
            offset: partition.end.load(Ordering::Relaxed),
            bytes: partition.bytes.load(Ordering::Relaxed),
        };
        self.partitions.iter().map(base).collect()
    }

    /// Bytes of the records in the segment that is written.
    pub fn segment_bytes(&self) -> u64 {
        let last = self.segments.last();
        let bytes = |(n, base): (u32, Base)| base.bytes.saturating_sub(last.base(n).bytes);
        (0..).zip(self.bases()).map(bytes).sum()
    }

    /// The first record at or after `from` and before `end` that can be read, with its offset.
    pub fn first_readable(&self, partition: u32, from: u64, end: u64) -> Option<(u64, Stored)> {
        let mut found = self.range(partition, from, end);
        found.find_map(|guard| readable(guard.into_inner().ok()?))
    }

    /// The next offset and the bytes of all records, found from the last ones at or after `from` on disk.
    pub fn tail(&self, partition: u32, from: u64) -> Result<(u64, u64), LogError> {
        let last = self.segments.last();
        let base = last.base(partition);
        let from = from.max(base.offset);
        let found = last.keyspace.range(place_key(partition, from)..=place_key(partition, u64::MAX));
        let mut end = None;
        for guard in found.rev() {
            let (key, value) = guard.into_inner().map_err(|e| unavailable(&e))?;
            let after = codec::offset_of(&key).map_or(from, |offset| offset + 1);
            let end = *end.get_or_insert(after);
            // The key tells the end even if the record itself is damaged; only the count of bytes is then short.
            if let Ok(stored) = codec::decode(&key, Bytes::copy_from_slice(&value)) {
                return Ok((end, stored.bytes_before + stored.size() as u64));
            }
        }
        Ok((end.unwrap_or(from), base.bytes))
    }

    fn stored(&self, partition: u32, offset: u64, guard: fjall::Guard) -> Result<Stored, LogError> {
        let (key, value) = guard.into_inner().map_err(|e| self.unreadable(partition, offset, &e))?;
        if codec::offset_of(&key) != Some(offset) {
            return Err(self.damaged(partition, offset, "it is missing"));
        }
        // Copied once: a slice would keep the whole cached block alive for as long as somebody holds the record.
        let stored = codec::decode(&key, Bytes::copy_from_slice(&value));
        stored.map_err(|reason| self.damaged(partition, offset, reason))
    }

    fn record(&self, partition: u32, offset: u64, stored: Stored) -> LogRecord {
        let Stored { timestamp, key, value, headers, .. } = stored;
        LogRecord { topic: self.topic, partition, offset, timestamp, key, value, headers }
    }

    fn unreadable(&self, partition: u32, offset: u64, error: &fjall::Error) -> LogError {
        match error {
            fjall::Error::Io(_) | fjall::Error::Storage(fjall::LsmError::Io(_)) => unavailable(error),
            _ => self.damaged(partition, offset, &error.to_string()),
        }
    }

    fn damaged(&self, partition: u32, offset: u64, reason: &str) -> LogError {
        LogError::Damaged { topic: self.topic, partition, offset, reason: reason.to_owned() }
    }
}

fn readable((key, value): (fjall::Slice, fjall::Slice)) -> Option<(u64, Stored)> {
    let offset = codec::offset_of(&key)?;
    Some((offset, codec::decode(&key, Bytes::copy_from_slice(&value)).ok()?))
}

/// What callers see of an error of the storage engine.
pub(super) fn unavailable(error: &fjall::Error) -> LogError {
    match error {
        fjall::Error::Poisoned => {
            LogError::Unavailable("the disk has refused a write, and the log must be opened again".to_owned())
        }
        fjall::Error::Io(error) => LogError::Unavailable(error.to_string()),
        error => LogError::Unavailable(error.to_string()),
    }
}
