//! The recent past: a bounded ring of routed records for each topic, from which rooms are replayed.
//!
//! Each ring knows from which offset on it holds everything of each partition. A replay from an earlier position is a
//! [`Gap`]: an honest answer instead of a silent loss.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crisislens_model::{ItemFilter, Position, Room, Timestamp, Topic};

use crate::options::HistoryLimits;
use crate::presence::has_passed;
use crate::route::{Routed, topics_of};
use crate::vector::set_or_add;

/// Fetching an event from memory takes as long as so many comparisons.
const EVENT: usize = 20;
/// Records between two checkpoints.
const CHECKPOINT_EVERY: u64 = 256;

/// The history does not reach back to the position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap;

/// What a replay found.
#[derive(Debug, Default)]
pub(crate) struct Missed {
    /// The events, in this node's order.
    pub(crate) events: Vec<Arc<Routed>>,
    /// What finding them took, in comparisons of an event with an entry of the filter.
    pub(crate) comparisons: u64,
}

/// The rings of all watched topics.
#[derive(Debug)]
pub(crate) struct History {
    rings: Vec<Ring>,
    next_seq: u64,
}

#[derive(Debug)]
struct Ring {
    topic: Topic,
    limits: HistoryLimits,
    slots: VecDeque<Slot>,
    bytes: usize,
    /// For each partition the offset from which on every record is here.
    covered: Vec<u64>,
    /// Next offsets after the record with this sequence number: replays start at the last one the client has reached.
    checkpoints: VecDeque<(u64, Vec<u64>)>,
    since_checkpoint: u64,
}

#[derive(Debug)]
struct Slot {
    /// The order in which this node has seen records, over all topics.
    seq: u64,
    /// A bit for each room that shows the record; most slots are passed over by it without touching the record.
    rooms: u64,
    partition: u32,
    offset: u64,
    routed: Arc<Routed>,
}

impl History {
    /// Empty rings for the topics of `start`, which hold everything from there on.
    pub(crate) fn new(limits: HistoryLimits, start: &Position) -> Self {
        let ring = |(topic, offsets): &(Topic, Vec<u64>)| {
            let limits = if *topic == Topic::NormalizedItems { limits } else { limits.quarter() };
            Ring::new(*topic, limits, offsets.clone())
        };
        Self { rings: start.offsets.iter().map(ring).collect(), next_seq: 0 }
    }

    /// Adds a record; `position` has already passed it.
    pub(crate) fn push(&mut self, routed: Arc<Routed>, position: &Position) {
        let seq = self.next_seq;
        self.next_seq += 1;
        if let Some(ring) = self.rings.iter_mut().find(|ring| ring.topic == routed.topic) {
            ring.push(seq, routed, position);
        }
    }

    /// Whether something is older than is kept.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.rings.iter().any(|ring| ring.is_due(now))
    }

    /// Forgets what is older than is kept.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        for ring in &mut self.rings {
            while ring.is_due(now) {
                ring.evict();
            }
        }
    }

    /// Everything before `next` of the partition is not held, and what comes is held from there on.
    pub(crate) fn starts_at(&mut self, topic: Topic, partition: u32, next: u64) {
        if let Some(ring) = self.rings.iter_mut().find(|ring| ring.topic == topic) {
            ring.starts_at(partition, next);
        }
    }

    /// The events of `room` from `from` (which has the shape of the hub's position) up to `until`, in this node's order.
    pub(crate) fn replay(
        &self,
        room: &Room,
        (from, until): (&Position, &Position),
        filter: Option<&ItemFilter>,
    ) -> Result<Missed, Gap> {
        let rings = || self.rings.iter().filter(|ring| topics_of(room).contains(&ring.topic));
        // All of them first: to look through one for nothing would cost as much as a replay.
        let starts: Vec<&[u64]> = rings().map(|ring| ring.start(from)).collect::<Result<_, Gap>>()?;
        let (mut found, mut comparisons) = (Vec::new(), 0);
        for (ring, from) in rings().zip(starts) {
            comparisons += ring.collect(room, (from, until), filter, &mut found);
        }
        found.sort_by_key(|(seq, _)| *seq);
        Ok(Missed { events: found.into_iter().map(|(_, routed)| routed).collect(), comparisons })
    }

    /// Records held, for tests and figures.
    pub(crate) fn len(&self) -> usize {
        self.rings.iter().map(|ring| ring.slots.len()).sum()
    }
}

impl Ring {
    fn new(topic: Topic, limits: HistoryLimits, covered: Vec<u64>) -> Self {
        Self {
            topic,
            limits,
            slots: VecDeque::new(),
            bytes: 0,
            covered,
            checkpoints: VecDeque::new(),
            since_checkpoint: 0,
        }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.slots.front().is_some_and(|slot| has_passed(slot.routed.appended_at, now, self.limits.age))
    }

    fn push(&mut self, seq: u64, routed: Arc<Routed>, position: &Position) {
        self.bytes += routed.size();
        let rooms = routed.all_rooms().fold(0, |bits, room| bits | bit(&room));
        self.slots.push_back(Slot { seq, rooms, partition: routed.partition, offset: routed.offset, routed });
        while self.slots.len() > self.limits.records
            || (self.bytes > self.limits.bytes && self.slots.len() > 1)
        {
            self.evict();
        }
        self.since_checkpoint += 1;
        if self.since_checkpoint == CHECKPOINT_EVERY {
            self.since_checkpoint = 0;
            let offsets = position.offsets.iter().find(|(topic, _)| *topic == self.topic);
            self.checkpoints.extend(offsets.map(|(_, offsets)| (seq, offsets.clone())));
        }
    }

    fn evict(&mut self) {
        let Some(slot) = self.slots.pop_front() else { return };
        self.bytes -= slot.routed.size();
        if let Some(covered) = self.covered.get_mut(slot.partition as usize) {
            *covered = (*covered).max(slot.offset + 1);
        }
        while self.checkpoints.front().is_some_and(|(seq, _)| *seq <= slot.seq) {
            self.checkpoints.pop_front();
        }
    }

    fn starts_at(&mut self, partition: u32, next: u64) {
        self.slots.retain(|slot| slot.partition != partition);
        self.bytes = self.slots.iter().map(|slot| slot.routed.size()).sum();
        self.checkpoints.clear();
        set_or_add(&mut self.covered, partition, next);
    }

    /// The offsets of `position` here, if everything from there on is held.
    fn start<'a>(&self, position: &'a Position) -> Result<&'a [u64], Gap> {
        let (_, from) = position.offsets.iter().find(|(topic, _)| *topic == self.topic).ok_or(Gap)?;
        let is_held = from.iter().zip(&self.covered).all(|(from, covered)| from >= covered);
        if is_held { Ok(from) } else { Err(Gap) }
    }

    /// Answers how many comparisons it took.
    fn collect(
        &self,
        room: &Room,
        (from, until): (&[u64], &Position),
        filter: Option<&ItemFilter>,
        found: &mut Vec<(u64, Arc<Routed>)>,
    ) -> u64 {
        let bit = bit(room);
        let each = EVENT + filter.map_or(0, ItemFilter::entries);
        let mut looked_at = 0;
        for slot in self.slots.range(self.first_after(from)..) {
            if slot.rooms & bit != 0
                && from.get(slot.partition as usize).is_none_or(|from| slot.offset >= *from)
                && until.offset(self.topic, slot.partition).is_none_or(|until| slot.offset < until)
                && slot.routed.all_rooms().any(|shown| shown == *room)
            {
                looked_at += 1;
                if filter.is_none_or(|filter| slot.routed.pass(room, filter)) {
                    found.push((slot.seq, slot.routed.clone()));
                }
            }
        }
        (looked_at * each) as u64
    }

    /// The first slot that may lie after `from`: everything up to a checkpoint that `from` has reached is skipped.
    fn first_after(&self, from: &[u64]) -> usize {
        let reached = |(_, at): &(u64, Vec<u64>)| at.iter().zip(from).all(|(at, from)| at <= from);
        let passed = self.checkpoints.partition_point(reached);
        let Some((seq, _)) = passed.checked_sub(1).and_then(|last| self.checkpoints.get(last)) else {
            return 0;
        };
        self.slots.partition_point(|slot| slot.seq <= *seq)
    }
}

/// The room's bit in a slot's mask.
fn bit(room: &Room) -> u64 {
    let mut hasher = DefaultHasher::new();
    room.hash(&mut hasher);
    1 << (hasher.finish() % 64)
}
