//! How often a person's cursor is passed on. Between two moves only the latest waits; nothing is stored.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crisislens_model::{Room, Timestamp, UserId};
use serde_json::Value;

use crate::presence::has_passed;

/// A move that may be passed on.
pub(crate) type Move = (Room, UserId, Value);

/// The pace of every person who moves a cursor: a token bucket of one.
#[derive(Debug)]
pub(crate) struct Cursors {
    interval: Duration,
    people: HashMap<UserId, Pace>,
}

#[derive(Debug, Default)]
struct Pace {
    last: Option<Timestamp>,
    /// The latest move in each room, in the order in which they came.
    waiting: VecDeque<(Room, Value)>,
}

impl Cursors {
    pub(crate) fn new(per_second: u32) -> Self {
        Self { interval: Duration::from_secs(1) / per_second.max(1), people: HashMap::new() }
    }

    /// Takes a move: it may go at once, or waits for [`Cursors::due`] in place of an older one.
    pub(crate) fn moved(&mut self, (room, user, position): Move, now: Timestamp) -> Option<Move> {
        let pace = self.people.entry(user).or_default();
        pace.waiting.retain(|(other, _)| *other != room);
        if !pace.waiting.is_empty() || !pace.may_go(self.interval, now) {
            pace.waiting.push_back((room, position));
            return None;
        }
        pace.last = Some(now);
        Some((room, user, position))
    }

    /// The waiting moves that may go now; forgets people who have not moved for a while.
    pub(crate) fn due(&mut self, now: Timestamp) -> Vec<Move> {
        let mut due = Vec::new();
        for (user, pace) in &mut self.people {
            if pace.may_go(self.interval, now)
                && let Some((room, position)) = pace.waiting.pop_front()
            {
                pace.last = Some(now);
                due.push((room, *user, position));
            }
        }
        self.people.retain(|_, pace| !pace.waiting.is_empty() || !pace.may_go(self.interval, now));
        due
    }

    /// Forgets a waiting move of a person who has left the room.
    pub(crate) fn forget(&mut self, room: Room, user: UserId) {
        if let Some(pace) = self.people.get_mut(&user) {
            pace.waiting.retain(|(other, _)| *other != room);
        }
    }
}

impl Pace {
    fn may_go(&self, interval: Duration, now: Timestamp) -> bool {
        self.last.is_none_or(|last| now < last || has_passed(last, now, interval))
    }
}
