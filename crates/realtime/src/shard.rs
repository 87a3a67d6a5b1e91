//! A share of a node's connections, under a lock of its own: sessions, and the rooms as far as these sessions are in them.
//!
//! The lock makes a join atomic: the history is read up to the shard's position and the member added between two records, so
//! nothing is missed and nothing comes twice. No code under the lock waits for a client.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crisislens_model::frame::ServerFrame;
use crisislens_model::{Position, Room, Timestamp, UserId};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::access::Viewer;
use crate::broadcast::{Event, Place};
use crate::frame_text::FrameText;
use crate::options::HubOptions;
use crate::outbox::{Outbox, Pushed};
use crate::presence::Signs;
use crate::room::{Member, RoomState, Tally};
use crate::route;
use crate::vector;

/// Names a session within its hub.
pub(crate) type SessionKey = u64;

/// A presence that ends: a session was in this room under this person.
pub(crate) type Left = (Room, UserId);

/// A connection.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) viewer: Viewer,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) rooms: Vec<Room>,
    /// What it tells of its person.
    pub(crate) signs: Signs,
}

/// One share.
#[derive(Debug)]
pub(crate) struct Shard {
    /// Next offsets: everything before them has been given to this shard's members.
    pub(crate) position: Position,
    pub(crate) sessions: HashMap<SessionKey, Connected>,
    pub(crate) rooms: HashMap<Room, RoomState>,
    /// Who joined with a position that this node had not come to, and when, the oldest first.
    pub(crate) unsure: VecDeque<(Timestamp, SessionKey, Room)>,
}

/// What a shard did with events.
#[derive(Debug, Default)]
pub(crate) struct Published {
    /// Frames that were written or wait.
    pub(crate) delivered: u64,
    /// Presences of sessions that turned out to be closed.
    pub(crate) left: Vec<Left>,
}

impl Shard {
    fn new(position: Position) -> Self {
        Self { position, sessions: HashMap::new(), rooms: HashMap::new(), unsure: VecDeque::new() }
    }

    /// Gives events, after which the node is at `position`, to the members of their rooms.
    fn publish(&mut self, events: &[Event], position: &Position) -> Published {
        let mut tally = Tally::default();
        let mut waiting = Vec::new();
        for event in events {
            self.deliver(event, &mut tally, &mut waiting);
        }
        for room in waiting {
            if let Some(room) = self.rooms.get_mut(&room) {
                room.flush(&mut tally);
            }
        }
        self.position.clone_from(position);
        self.settle(tally)
    }

    /// Gives an event to its rooms; those to be flushed are noted in `waiting`, once each.
    fn deliver(&mut self, event: &Event, tally: &mut Tally, waiting: &mut Vec<Room>) {
        for target in event.targets() {
            let Some(room) = self.rooms.get_mut(&target.room()) else { continue };
            let was_waiting = room.has_waiting();
            if room.deliver(event, &target, tally) && !was_waiting {
                waiting.push(target.room());
            }
        }
    }

    /// What the session has been told of all its rooms; `None` while something waits for it, or where it has seen more of one
    /// elsewhere.
    pub(crate) fn settled_position(&self, key: SessionKey) -> Option<&Position> {
        let connected = self.sessions.get(&key)?;
        let is_behind = |room| {
            let member = self.rooms.get(room).and_then(|state| state.members.get(&key));
            member.is_none_or(|member| member.ahead.is_some())
        };
        (connected.outbox.is_drained() && !connected.rooms.iter().any(is_behind)).then_some(&self.position)
    }

    /// Members of the rooms that the events go to.
    fn audience(&self, events: &[Event]) -> usize {
        let rooms = events.iter().flat_map(Event::targets);
        rooms.filter_map(|target| self.rooms.get(&target.room())).map(|room| room.members.len()).sum()
    }

    /// The partition goes on at `next`; members of every room that draws from the topic are told to refetch where `lost` says why.
    pub(crate) fn moves_to(&mut self, place: Place, lost: Option<&'static str>) -> Published {
        vector::set(&mut self.position, place.topic, place.partition, place.next);
        let mut tally = Tally::default();
        let Some(reason) = lost else { return self.settle(tally) };
        let draws = |room: &Room| route::topics_of(room).contains(&place.topic);
        for (room, state) in self.rooms.iter().filter(|(room, _)| draws(room)) {
            let frame = FrameText::control(&ServerFrame::Resync { room: room.to_string(), reason });
            for (session, member) in &state.members {
                match member.outbox.push(frame.clone()) {
                    Pushed::Queued => tally.delivered += 1,
                    Pushed::Closed => tally.gone.push(*session),
                }
            }
        }
        self.settle(tally)
    }

    fn settle(&mut self, tally: Tally) -> Published {
        let left = tally.gone.into_iter().flat_map(|session| self.detach(session)).collect();
        Published { delivered: tally.delivered, left }
    }

    /// Takes a closed session out of its rooms; the connection counts until its transport lets go.
    pub(crate) fn detach(&mut self, key: SessionKey) -> Vec<Left> {
        let Some(connected) = self.sessions.get_mut(&key) else { return Vec::new() };
        let user = connected.viewer.user;
        let mut left = Vec::new();
        for room in std::mem::take(&mut connected.rooms) {
            self.take_out(key, &room);
            if RoomState::shows_presence(&room) {
                left.push((room, user));
            }
        }
        left
    }

    /// Takes the session out of the room on its own wish; whose it is, if it was in.
    pub(crate) fn leave(&mut self, key: SessionKey, room: &Room) -> Option<UserId> {
        let connected = self.sessions.get_mut(&key)?;
        let at = connected.rooms.iter().position(|joined| joined == room)?;
        connected.rooms.swap_remove(at);
        connected.outbox.forget_volatile(*room);
        connected.outbox.forget_replay(*room);
        let user = connected.viewer.user;
        self.take_out(key, room);
        Some(user)
    }

    /// Takes a member out of its room, and forgets a room without members.
    pub(crate) fn take_out(&mut self, key: SessionKey, room: &Room) -> Option<Member> {
        let state = self.rooms.get_mut(room)?;
        let member = state.members.swap_remove(&key);
        if state.members.is_empty() {
            self.rooms.remove(room);
        }
        member
    }
}

/// All shares.
#[derive(Debug)]
pub(crate) struct Shards {
    shards: Box<[Mutex<Shard>]>,
    /// For all shards but the first, which the publisher works for itself.
    pool: Option<ThreadPool>,
    parallel_from: usize,
}

impl Shards {
    pub(crate) fn new(options: &HubOptions, position: &Position) -> Self {
        let count = options.shards.max(1);
        let shards = (0..count).map(|_| Mutex::new(Shard::new(position.clone()))).collect();
        let pool = (count > 1).then(|| {
            ThreadPoolBuilder::new()
                .num_threads(count - 1)
                .thread_name(|n| format!("fan-out-{}", n + 1))
                .build()
        });
        // Without its threads the hub only works more slowly.
        Self { shards, pool: pool.and_then(Result::ok), parallel_from: options.parallel_from }
    }

    /// The session's shard.
    pub(crate) fn of(&self, key: SessionKey) -> MutexGuard<'_, Shard> {
        lock(&self.shards[(key % self.shards.len() as u64) as usize])
    }

    /// Every shard in turn.
    pub(crate) fn each(&self) -> impl Iterator<Item = MutexGuard<'_, Shard>> {
        self.shards.iter().map(lock)
    }

    /// Gives events to every shard: side by side where many want them. The caller sees to it that events come one after another.
    pub(crate) fn publish(&self, events: &[Event], position: &Position) -> Published {
        let audience = || self.each().map(|shard| shard.audience(events)).sum::<usize>();
        let pool = self.pool.as_ref().filter(|_| audience() >= self.parallel_from);
        let Some(pool) = pool else {
            return self
                .each()
                .map(|mut shard| shard.publish(events, position))
                .fold(Published::default(), Published::and);
        };
        let mut done: Vec<_> = self.shards.iter().map(|shard| (shard, Published::default())).collect();
        pool.in_place_scope(|scope| {
            let mut work = done.iter_mut();
            let first = work.next();
            for (shard, published) in work {
                scope.spawn(move |_| *published = lock(shard).publish(events, position));
            }
            if let Some((shard, published)) = first {
                *published = lock(shard).publish(events, position);
            }
        });
        done.into_iter().map(|(_, published)| published).fold(Published::default(), Published::and)
    }

    /// Every member of a room, whatever its shard.
    pub(crate) fn each_member(&self, room: &Room, mut visit: impl FnMut(SessionKey, &Member)) {
        for shard in self.each() {
            for (session, member) in shard.rooms.get(room).into_iter().flat_map(|state| &state.members) {
                visit(*session, member);
            }
        }
    }
}

impl Published {
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.delivered += other.delivered;
        self.left.extend(other.left);
        self
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
