//! The hub: what the tail publishes to and transports connect to.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use crisislens_log::LogRecord;
use crisislens_model::frame::{PresentUser, ServerFrame};
use crisislens_model::{Clock, Position, Room, Timestamp, Topic, UserId};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::access::Viewer;
use crate::admission::Admission;
use crate::broadcast::{Decoded, Order, Place, decode};
use crate::close;
use crate::dedup::Dedup;
use crate::events;
use crate::frame_text::{FrameText, Wire};
use crate::history::History;
use crate::joining::{JoinOutcome, POSITION_AHEAD, Wanted};
use crate::neighbours::Neighbours;
use crate::options::{HubOptions, QueueLimits};
use crate::outbox::Outbox;
use crate::people::People;
use crate::presence::Signs;
use crate::room::RoomState;
use crate::session::Session;
use crate::shard::{Connected, Published, SessionKey, Shards};
use crate::sink::{Direct, Sink};
use crate::vector;
use crate::visits::{Visit, Visits};
use crate::whereabouts::session_name;

/// Records applied under one hold of the locks, so that joins are not kept waiting by a long batch.
const APPLY_AT_ONCE: usize = 64;

/// How often the numbers of connections and rooms are reported.
const SIZES_EVERY: Duration = Duration::from_secs(1);

/// Everything live on one node.
///
/// Locks are taken in this order, each for a moment: `order` (by whoever publishes), `people`, a shard, `history`. Events wait for their
/// shard only; a shard waits for nobody.
pub struct Hub {
    node: String,
    /// Another after each start; names of sessions begin with it.
    pub(crate) life: u64,
    clock: Arc<dyn Clock>,
    pub(crate) options: HubOptions,
    pub(crate) admission: Mutex<Admission>,
    order: Mutex<Order>,
    pub(crate) people: Mutex<People>,
    pub(crate) shards: Shards,
    history: RwLock<History>,
}

/// Why a connection was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The history is still being filled; try again in a moment.
    #[error("the node is starting")]
    Starting,
    /// The node is about to stop; go to another.
    #[error("the node is stopping")]
    Draining,
    /// As many connections as this node may have.
    #[error("this node has its limit of {limit} connections")]
    TooManyConnections {
        /// `max_connections`.
        limit: usize,
    },
    /// As many connections as one person may have.
    #[error("this account has its limit of {limit} connections")]
    TooManyOfUser {
        /// `max_connections_per_user`.
        limit: usize,
    },
}

/// How much is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Connections.
    pub connections: usize,
    /// Rooms with somebody in them, or with a grace not over.
    pub rooms: usize,
    /// Records that can be replayed.
    pub history_records: usize,
}

impl Hub {
    /// A hub for the log of `epoch` with these watched topics and their numbers of partitions.
    #[must_use]
    pub fn new(
        options: HubOptions,
        epoch: u32,
        partitions: &[(Topic, u32)],
        node: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        let position = vector::zero(epoch, partitions);
        Arc::new(Self {
            node: node.into(),
            life: Uuid::new_v4().as_u64_pair().0,
            clock,
            admission: Mutex::default(),
            people: Mutex::new(People::new(options.clone())),
            shards: Shards::new(&options, &position),
            history: RwLock::new(History::new(options.history, &position)),
            order: Mutex::new(Order { position, dedup: Dedup::new(options.dedup_ids_per_partition) }),
            options,
        })
    }

    /// Opens a connection with the default queue. It has no rooms yet, and ends when the session is dropped.
    pub fn connect(self: &Arc<Self>, viewer: Viewer) -> Result<Session, ConnectError> {
        let queue = self.options.queue;
        self.connect_with(viewer, queue)
    }

    /// Opens a connection with a queue of the transport's choice ([`QueueLimits::SSE`]).
    pub fn connect_with(
        self: &Arc<Self>,
        viewer: Viewer,
        queue: QueueLimits,
    ) -> Result<Session, ConnectError> {
        self.open(viewer, queue, None)
    }

    /// Opens a connection with the default queue that the hub writes to itself, as WebSocket messages. The transport calls
    /// [`Session::flush`] whenever [`Session::changed`] returns and, after [`crate::Flushed::Blocked`], when the connection takes
    /// bytes again.
    pub fn connect_direct(
        self: &Arc<Self>,
        viewer: Viewer,
        sink: Arc<dyn Sink>,
        wire: Wire,
    ) -> Result<Session, ConnectError> {
        let queue = self.options.queue;
        self.open(viewer, queue, Some(Direct { sink, wire }))
    }

    fn open(
        self: &Arc<Self>,
        viewer: Viewer,
        queue: QueueLimits,
        direct: Option<Direct>,
    ) -> Result<Session, ConnectError> {
        let key = lock(&self.admission)
            .admit(viewer.user, &self.options)
            .inspect_err(|error| events::refused(error.code()))?;
        let id = session_name(self.life, key);
        let outbox = Arc::new(Outbox::new(id.clone(), queue, &self.options, direct));
        let signs = Signs::new(self.clock.now());
        let connected =
            Connected { viewer: viewer.clone(), outbox: outbox.clone(), rooms: Vec::new(), signs };
        self.shards.of(key).sessions.insert(key, connected);
        let session = Session::new(id, key, viewer, outbox, self.clone());
        // A drain that began in between has not seen this one.
        if self.is_draining() {
            return Err(ConnectError::Draining);
        }
        Ok(session)
    }

    /// Publishes records, each partition's in order; what goes to one connection is written together as far as it fits. Called by
    /// the tail; records that were published are passed over.
    pub fn publish(&self, records: &[LogRecord]) {
        for records in records.chunks(APPLY_AT_ONCE) {
            let decoded: Vec<Decoded> = records.iter().map(decode).collect();
            let mut order = lock(&self.order);
            let events: Vec<_> = {
                let mut history = self.history.write().unwrap_or_else(PoisonError::into_inner);
                decoded.into_iter().filter_map(|record| order.take(record, &mut history)).collect()
            };
            let published = self.shards.publish(&events, &order.position);
            events::delivered(published.delivered);
            self.broke(published.left);
        }
    }

    /// The tail begins a partition at `next`; nothing before can be replayed.
    pub fn starts_at(&self, topic: Topic, partition: u32, next: u64) {
        self.moves_to(Place { topic, partition, next }, None);
    }

    /// Records before `next` are lost (or, going back, the log was cut): rooms that draw from the topic are told to refetch.
    pub fn lost(&self, topic: Topic, partition: u32, next: u64) {
        self.moves_to(Place { topic, partition, next }, Some("records_lost"));
    }

    fn moves_to(&self, place: Place, lost: Option<&'static str>) {
        let Place { topic, partition, next } = place;
        let mut order = lock(&self.order);
        vector::set(&mut order.position, topic, partition, next);
        self.history.write().unwrap_or_else(PoisonError::into_inner).starts_at(topic, partition, next);
        if lost.is_some() {
            order.dedup.forget(topic, partition);
        }
        let told = self.shards.each().map(|mut shard| shard.moves_to(place, lost));
        let told = told.fold(Published::default(), Published::and);
        if let Some(reason) = lost {
            events::resyncs(told.delivered, reason);
        }
        self.broke(told.left);
    }

    /// Sessions that were in rooms are closed or gone.
    fn broke(&self, left: Vec<(Room, UserId)>) {
        if left.is_empty() {
            return;
        }
        let now = self.clock.now();
        let mut people = lock(&self.people);
        for (room, user) in left {
            people.lose(room, user, now);
        }
    }

    /// Lets connections in: the history is filled.
    pub fn mark_ready(&self) {
        lock(&self.admission).is_ready = true;
    }

    /// Whether connections are let in.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let admission = lock(&self.admission);
        admission.is_ready && !admission.is_draining
    }

    /// Whether the node is about to stop.
    pub(crate) fn is_draining(&self) -> bool {
        lock(&self.admission).is_draining
    }

    /// Everything before it has been delivered.
    #[must_use]
    pub fn position(&self) -> Position {
        lock(&self.order).position.clone()
    }

    /// How much is live. It looks at every room: not for hot paths.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut rooms: HashSet<Room> = lock(&self.people).rooms.keys().copied().collect();
        for shard in self.shards.each() {
            rooms.extend(shard.rooms.keys());
        }
        Counts {
            connections: lock(&self.admission).connections(),
            rooms: rooms.len(),
            history_records: self.history.read().unwrap_or_else(PoisonError::into_inner).len(),
        }
    }

    /// Who is in a room.
    #[must_use]
    pub fn present(&self, room: Room) -> Vec<PresentUser> {
        lock(&self.people).present(&room)
    }

    /// Puts a session into a room.
    pub(crate) fn join(&self, key: SessionKey, wanted: Wanted) -> JoinOutcome {
        let room = wanted.room;
        // Held until the session is both a member and present: whoever finds it closed in between notes its loss after.
        let mut people = RoomState::shows_presence(&room).then(|| lock(&self.people));
        let joined = self.shards.of(key).join(key, wanted, &self.history, (&self.options, self.clock.now()));
        let joined = match joined {
            Ok(joined) => joined,
            Err(refusal) => return JoinOutcome::Refused(refusal),
        };
        match &mut people {
            Some(people) if joined.is_new => people.enter(&self.shards, room, key, &joined.viewer),
            Some(people) => drop(people.tell_all(&self.shards, key, room)),
            None => {}
        }
        joined.outcome
    }

    /// Takes a session out of a room on its own wish; whether it was in.
    pub(crate) fn leave(&self, key: SessionKey, room: Room) -> bool {
        let mut people = RoomState::shows_presence(&room).then(|| lock(&self.people));
        let left = self.shards.of(key).leave(key, &room);
        if let (Some(people), Some(user)) = (&mut people, left) {
            people.depart(&self.shards, room, user);
        }
        left.is_some()
    }

    /// Moves a person's cursor, at the pace that the options set.
    pub(crate) fn cursor(&self, room: Room, user: UserId, position: Value) {
        lock(&self.people).move_cursor(&self.shards, (room, user, position), self.clock.now());
    }

    /// Tells a session who is in a room; whether it is in, and the room shows that.
    pub(crate) fn tell_all(&self, key: SessionKey, room: Room) -> bool {
        lock(&self.people).tell_all(&self.shards, key, room)
    }

    /// Notes a sign of a session's person.
    pub(crate) fn sign(&self, key: SessionKey, note: impl FnOnce(&mut Connected, Timestamp)) {
        if let Some(connected) = self.shards.of(key).sessions.get_mut(&key) {
            note(connected, self.clock.now());
        }
    }

    /// Forgets a connection whose transport is gone.
    pub(crate) fn disconnect(&self, key: SessionKey) {
        let (left, connected) = {
            let mut shard = self.shards.of(key);
            (shard.detach(key), shard.sessions.remove(&key))
        };
        self.broke(left);
        if let Some(connected) = connected {
            lock(&self.admission).release(connected.viewer.user, key);
        }
    }

    /// From now on who comes into a room that shows presence, and who goes, is told here, for the resource's story. At most
    /// `most` wait; more are dropped and counted.
    #[must_use]
    pub fn visits(&self, most: usize) -> mpsc::Receiver<Visit> {
        let (visits, receiver) = Visits::new(Arc::clone(&self.clock), most);
        lock(&self.people).visits = Some(visits);
        receiver
    }

    /// From now on other nodes are told who is here: [`Hub::say`] has what they are to be told, and what they say goes to
    /// [`Hub::hear`].
    pub fn meet_neighbours(&self) {
        lock(&self.people).neighbours = Some(Neighbours::new(self.node.clone(), self.life));
    }

    /// What other nodes are to be told now; to be asked for every few milliseconds.
    #[must_use]
    pub fn say(&self) -> Vec<String> {
        lock(&self.people).say(self.clock.now())
    }

    /// Takes in what another node said; what cannot be read is an error and changes nothing.
    pub fn hear(&self, message: &str) -> Result<(), serde_json::Error> {
        let now = self.clock.now();
        let mut people = lock(&self.people);
        if let Some(neighbours) = &mut people.neighbours {
            let heard = neighbours.hear(message, now)?;
            people.take_in(&self.shards, heard);
        }
        Ok(())
    }

    /// What other nodes said may have been missed.
    pub fn missed(&self) {
        if let Some(neighbours) = &mut lock(&self.people).neighbours {
            neighbours.missed();
        }
    }

    /// The last word of a node that stops.
    #[must_use]
    pub fn bye(&self) -> Option<String> {
        lock(&self.people).neighbours.as_ref().map(Neighbours::bye)
    }

    /// The node's name, as in `connection` frames.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Ends graces that are over by `now`, passes waiting cursors on, and forgets history that is too old.
    pub fn tick(&self, now: Timestamp) {
        lock(&self.people).tick(&self.shards, now);
        if let Ok(since) = now.checked_sub(self.options.ahead_for) {
            let told: u64 = self.shards.each().map(|mut shard| shard.doubt_positions(since)).sum();
            if told > 0 {
                events::resyncs(told, POSITION_AHEAD);
            }
        }
        // Who replays is not to wait for a look that finds nothing.
        if self.history.read().unwrap_or_else(PoisonError::into_inner).is_due(now) {
            self.history.write().unwrap_or_else(PoisonError::into_inner).expire(now);
        }
    }

    /// Ticks until cancelled.
    pub async fn run_clock(self: Arc<Self>, cancel: CancellationToken) {
        let mut ticks = tokio::time::interval(self.options.tick);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut sizes = tokio::time::interval(SIZES_EVERY);
        sizes.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                _ = ticks.tick() => self.tick(self.clock.now()),
                _ = sizes.tick() => {
                    let counts = self.counts();
                    events::sizes(counts.connections, counts.rooms);
                }
            }
        }
    }

    /// Lets nobody in any more, and sends everybody away behind what waits for them: `going_away` with waiting times
    /// spread evenly over `reconnect_after_ms`, then close 1012.
    pub fn drain(&self, reconnect_after_ms: RangeInclusive<u64>) {
        let count = {
            let mut admission = lock(&self.admission);
            admission.is_draining = true;
            admission.connections().max(2) as u128 - 1
        };
        let (first, last) = reconnect_after_ms.into_inner();
        let span = u128::from(last.saturating_sub(first));
        let mut place = 0;
        for shard in self.shards.each() {
            for connected in shard.sessions.values() {
                let wait = first.saturating_add((span * place / count) as u64).min(last);
                let frame = FrameText::control(&ServerFrame::GoingAway { reconnect_after_ms: wait });
                connected.outbox.close_after(frame, close::SERVICE_RESTART);
                place += 1;
            }
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl ConnectError {
    /// A stable word.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Draining => "draining",
            Self::TooManyConnections { .. } => "too_many_connections",
            Self::TooManyOfUser { .. } => "too_many_connections_of_user",
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
