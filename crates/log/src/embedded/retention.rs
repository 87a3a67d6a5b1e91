//! Retention: a partition's start moves past what is too old or too much, and the disk space before it is given back.
//!
//! The engine's own FIFO compaction does not serve here: it insists on tables that do not overlap, but every table spans
//! all partitions of its topic; and it goes by the tables' age on the system's clock. So the new start is made durable
//! first: from then on the records are gone for readers, also after a crash. Then segments and tables that lie wholly before
//! it are dropped without being read, and compaction leaves out the rest whenever it comes by ([`super::compaction`]). A level
//! is one sorted run, so what stays behind is at most one table per partition and level.

use std::sync::atomic::Ordering;

use crisislens_model::Timestamp;
use fjall::{AbstractTree as _, PersistMode};

use super::codec::{Stored, place_key};
use super::meta::start_key;
use super::store::{Partition, Store, TopicStore, unavailable};
use super::{codec, events};
use crate::{Bounds, LogError, TopicDefinition, TopicDefinitions};

/// From so many journals on, one is taken to be stuck.
const MANY_JOURNALS: usize = 4;
/// A key after every partition, which nobody reads.
const TOUCH_KEY: [u8; codec::KEY_BYTES] = [0xff; codec::KEY_BYTES];

/// A start that moves.
struct Move<'a> {
    topic: &'a TopicStore,
    partition: u32,
    state: &'a Partition,
    from: u64,
    to: u64,
}

/// Drops what every topic's definition lets go. Blocks on the disk; one call at a time.
pub(super) fn enforce(store: &Store, definitions: &TopicDefinitions, now: Timestamp) -> Result<(), LogError> {
    let moves = due(store, definitions, now);
    let mut batch = store.db.batch().durability(Some(PersistMode::SyncAll));
    for Move { topic, partition, to, .. } in &moves {
        batch.insert(&store.meta, start_key(topic.topic, *partition), to.to_le_bytes());
    }
    batch.commit().map_err(|e| unavailable(&e))?;
    for Move { topic, partition, state, from, to } in &moves {
        state.start.store(*to, Ordering::Release);
        events::dropped(topic.topic, *partition, to - from);
    }
    for Move { topic, partition, to, .. } in &moves {
        let before = place_key(*partition, 0)..place_key(*partition, *to);
        for segment in topic.segments.all().iter().take_while(|it| it.base(*partition).offset < *to) {
            let tree = &segment.keyspace.tree;
            tree.drop_range(before.clone()).map_err(|e| unavailable(&e.into()))?;
        }
    }
    for topic in &store.topics {
        topic.segments.drop_passed(&store.db, &store.meta, topic.topic, &topic.partitions)?;
    }
    unstick_journals(store)
}

fn due<'a>(store: &'a Store, definitions: &TopicDefinitions, now: Timestamp) -> Vec<Move<'a>> {
    let mut moves = Vec::new();
    for topic in &store.topics {
        let definition = definitions.get(topic.topic);
        for (partition, state) in (0..).zip(&topic.partitions) {
            let from = state.start.load(Ordering::Relaxed);
            let to = new_start(topic, partition, state, definition, now);
            if to > from {
                moves.push(Move { topic, partition, state, from, to });
            }
        }
    }
    moves
}

fn new_start(
    topic: &TopicStore,
    partition: u32,
    state: &Partition,
    definition: &TopicDefinition,
    now: Timestamp,
) -> u64 {
    let bounds = state.bounds();
    let total = state.bytes.load(Ordering::Relaxed);
    let keep_micros = i64::try_from(definition.retention_ms).unwrap_or(i64::MAX).saturating_mul(1000);
    let oldest = now.as_microsecond().saturating_sub(keep_micros);
    let by_age = boundary(topic, partition, bounds, |record| record.timestamp.as_microsecond() < oldest);
    let Some(limit) = definition.retention_bytes else { return by_age };
    // The newest record stays, however large it is.
    let all_but_one = Bounds { start: by_age, end: bounds.end.saturating_sub(1).max(by_age) };
    boundary(topic, partition, all_but_one, |record| total.saturating_sub(record.bytes_before) > limit)
}

/// The first offset in `bounds` whose record is not `dropped`, searched from the start in growing steps.
///
/// Append times may step back with the clock: then the boundary nearest the start is found, which drops less.
fn boundary(topic: &TopicStore, partition: u32, bounds: Bounds, dropped: impl Fn(&Stored) -> bool) -> u64 {
    let Bounds { start, end } = bounds;
    // A record that cannot be read goes with the next one that can.
    let gone =
        |offset| topic.first_readable(partition, offset, end).is_some_and(|(_, record)| dropped(&record));
    let (mut low, mut step) = (start, 1);
    while low < end && gone(low) {
        let next = low.saturating_add(step).min(end);
        if next == end || !gone(next) {
            return between(low + 1, next, gone);
        }
        low = next;
        step *= 2;
    }
    low
}

/// The first offset in `low..high` that is not `gone`, or `high`.
fn between(mut low: u64, mut high: u64, gone: impl Fn(u64) -> bool) -> u64 {
    while low < high {
        let middle = low + (high - low) / 2;
        if gone(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

/// Lets closed journals go that only wait for topics in which nothing is written any more.
///
/// The engine removes a journal once every topic in it has a table as new as it. When all of a topic was dropped it has
/// no table left, and only a new record would free the journal; this writes one that nobody reads.
fn unstick_journals(store: &Store) -> Result<(), LogError> {
    if store.db.journal_count() < MANY_JOURNALS {
        return Ok(());
    }
    let mut batch = store.db.batch();
    for topic in &store.topics {
        for segment in topic.segments.all().iter() {
            batch.insert(&segment.keyspace, TOUCH_KEY, []);
        }
    }
    batch.commit().map_err(|e| unavailable(&e))
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn the_search_finds_the_first_kept_offset() {
        for kept in 0..=20 {
            assert_eq!(between(0, 20, |offset| offset < kept), kept);
        }
    }
}
