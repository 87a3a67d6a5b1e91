//! A topic's segments: keyspaces that follow one another, of which only the last is written.
//!
//! The engine merges what it has flushed, and the more a keyspace holds, the more each merge rewrites. So a topic goes on in a
//! new keyspace after [`super::EmbeddedOptions::segment_bytes`]: what an append costs then depends on the segment's size and no
//! more on the log's. Segment 0 is named like the topic, the others carry their number; the notes say which there are and where
//! each begins.

use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use crisislens_model::Topic;
use fjall::{Database, Keyspace, PersistMode};

use super::codec::{KEY_BYTES, place_key};
use super::meta;
use super::open::sync_entry_of;
use super::store::{Partition, unavailable};
use crate::LogError;

/// Where a segment begins in one partition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Base {
    /// Its first offset.
    pub offset: u64,
    /// Bytes of the partition's records before it.
    pub bytes: u64,
}

/// One keyspace of a topic.
pub(super) struct Segment {
    pub number: u32,
    pub keyspace: Keyspace,
    /// By partition. One that came later begins at zero in every segment that was there before.
    pub bases: Vec<Base>,
}

/// A piece of a partition: the keys of one segment.
type Piece = (Keyspace, Range<[u8; KEY_BYTES]>);

/// The segments of a topic.
pub(super) struct Segments(RwLock<Line>);

/// Segments in their order.
#[derive(Clone)]
struct Line {
    /// Those that are full, oldest first.
    full: Arc<Vec<Arc<Segment>>>,
    /// The one that is written.
    last: Arc<Segment>,
}

impl Line {
    fn all(&self) -> impl Iterator<Item = &Arc<Segment>> {
        self.full.iter().chain([&self.last])
    }
}

impl Segment {
    pub fn base(&self, partition: u32) -> Base {
        self.bases.get(partition as usize).copied().unwrap_or_default()
    }
}

impl Segments {
    /// Opens the segments that the notes name, and removes those that they don't: a crash has left them. But for an empty one
    /// behind the last, which is what [`Self::roll`] makes next: the engine would give the number of the newest keyspace again
    /// once that is gone.
    ///
    /// Errors where a segment that the notes name is not there: made anew, it would give offsets a second time.
    pub fn open(
        db: &Database,
        notes: &Keyspace,
        topic: Topic,
        create: impl Fn(&str) -> Result<Keyspace, LogError>,
    ) -> Result<Self, LogError> {
        let mut noted = meta::segments(notes, topic)?;
        let last = noted.pop().unwrap_or_default();
        let known: Vec<String> =
            noted.iter().chain([&last]).map(|(number, _)| name(topic, *number)).collect();
        let present = db.list_keyspace_names();
        let was_made = last.0 > 0 || meta::is_made(notes, topic)?;
        let missing = known.iter().find(|known| !present.iter().any(|name| **name == ***known));
        if let Some(missing) = missing.filter(|_| was_made) {
            let reason = format!(
                "the segment {missing} of the log is missing; put its folder back, or restore a copy"
            );
            return Err(LogError::Unavailable(reason));
        }
        for left in present {
            if topic_of(&left) != Some(topic) || known.iter().any(|known| **known == *left) {
                continue;
            }
            let keyspace = create(&left)?;
            let is_next = *left == *name(topic, last.0 + 1);
            if !is_next || !keyspace.is_empty().map_err(|e| unavailable(&e))? {
                db.delete_keyspace(keyspace).map_err(|e| unavailable(&e))?;
            }
        }
        let open = |(number, bases): (u32, Vec<Base>)| {
            let keyspace = create(&name(topic, number))?;
            Ok(Arc::new(Segment { number, keyspace, bases }))
        };
        let full = noted.into_iter().map(open).collect::<Result<_, LogError>>()?;
        Ok(Self(RwLock::new(Line { full: Arc::new(full), last: open(last)? })))
    }

    fn line(&self) -> Line {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All of them as they are now, oldest first.
    pub fn all(&self) -> Vec<Arc<Segment>> {
        self.line().all().cloned().collect()
    }

    /// The one that is written.
    pub fn last(&self) -> Arc<Segment> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).last)
    }

    /// Where `from..end` of a partition lies, in order.
    pub fn pieces(&self, partition: u32, from: u64, end: u64) -> Vec<Piece> {
        let line = self.line();
        let begins = |segment: &Arc<Segment>| segment.base(partition).offset;
        // Of segments that begin alike, the earlier ones hold nothing of this partition.
        let before = line.full.partition_point(|segment| begins(segment) <= from).saturating_sub(1);
        let mut segments = line.all().skip(before).peekable();
        let mut pieces = Vec::with_capacity(1);
        while let Some(segment) = segments.next() {
            let from = from.max(begins(segment));
            let end = segments.peek().map_or(end, |next| end.min(begins(next)));
            if from < end {
                pieces
                    .push((segment.keyspace.clone(), place_key(partition, from)..place_key(partition, end)));
            }
        }
        pieces
    }

    /// Goes on in a new segment, which begins where the partitions end now. Only the writer calls this, between commits.
    pub fn roll(
        &self,
        db: &Database,
        notes: &Keyspace,
        topic: Topic,
        bases: Vec<Base>,
        create: impl Fn(&str) -> Result<Keyspace, LogError>,
    ) -> Result<(), LogError> {
        let last = self.last();
        let number = last.number + 1;
        let keyspace = create(&name(topic, number))?;
        sync_entry_of(&keyspace)?;
        let mut batch = db.batch().durability(Some(PersistMode::SyncAll));
        // The first segment of a log is not noted until there is a second one.
        batch.insert(notes, meta::segment_key(topic, last.number), meta::bases(&last.bases));
        batch.insert(notes, meta::segment_key(topic, number), meta::bases(&bases));
        batch.commit().map_err(|e| unavailable(&e))?;
        let next = Arc::new(Segment { number, keyspace, bases });
        self.change(|line| Arc::make_mut(&mut line.full).push(std::mem::replace(&mut line.last, next)));
        // Nothing more comes to fill its write buffer.
        last.keyspace.rotate_memtable().map_err(|e| unavailable(&e))?;
        Ok(())
    }

    /// Removes the segments that lie wholly before the partitions' starts.
    pub fn drop_passed(
        &self,
        db: &Database,
        notes: &Keyspace,
        topic: Topic,
        partitions: &[Partition],
    ) -> Result<(), LogError> {
        let segments = self.all();
        let is_passed = |next: &Arc<Segment>| {
            let mut each = (0..).zip(partitions);
            each.all(|(n, partition)| next.base(n).offset <= partition.bounds().start)
        };
        let passed = segments.iter().skip(1).take_while(|next| is_passed(next)).count();
        if passed == 0 {
            return Ok(());
        }
        let mut batch = db.batch().durability(Some(PersistMode::SyncAll));
        for segment in &segments[..passed] {
            batch.remove(notes, meta::segment_key(topic, segment.number));
        }
        batch.commit().map_err(|e| unavailable(&e))?;
        self.change(|line| drop(Arc::make_mut(&mut line.full).drain(..passed)));
        for segment in &segments[..passed] {
            db.delete_keyspace(segment.keyspace.clone()).map_err(|e| unavailable(&e))?;
        }
        Ok(())
    }

    fn change(&self, change: impl FnOnce(&mut Line)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The name of a segment's keyspace.
fn name(topic: Topic, number: u32) -> String {
    if number == 0 { topic.to_string() } else { format!("{topic}.{number}") }
}

/// The topic that a keyspace belongs to; `None` for the notes.
pub(super) fn topic_of(keyspace: &str) -> Option<Topic> {
    let name = keyspace.split_once('.').map_or(keyspace, |(topic, _)| topic);
    Topic::parse(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_segment_is_known_by_its_name() {
        for topic in Topic::ALL {
            for number in [0, 1, 4_000_000_000] {
                assert_eq!(topic_of(&name(topic, number)), Some(topic));
            }
        }
        assert_eq!(topic_of(meta::NAME), None);
    }
}
