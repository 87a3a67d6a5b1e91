//! The hub: what the tail publishes to and transports connect to.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crisislens_log::LogRecord;
use crisislens_model::frame::{PresentUser, ServerFrame};
use crisislens_model::{Clock, Position, Room, Timestamp, Topic, UserId};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::access::Viewer;
use crate::broadcast::{Decoded, decode};
use crate::close;
use crate::events;
use crate::frame_text::{FrameText, Wire};
use crate::neighbours::Neighbours;
use crate::options::{HubOptions, QueueLimits};
use crate::session::Session;
use crate::sink::{Direct, Sink};
use crate::state::State;
use crate::vector;

/// Records applied under one hold of the lock, so that joins are not kept waiting by a long batch.
const APPLY_AT_ONCE: usize = 64;

/// Everything live on one node.
pub struct Hub {
    node: String,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
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
        let state = Mutex::new(State::new(options, vector::zero(epoch, partitions)));
        Arc::new(Self { node: node.into(), clock, state })
    }

    /// Opens a connection with the default queue. It has no rooms yet, and ends when the session is dropped.
    pub fn connect(self: &Arc<Self>, viewer: Viewer) -> Result<Session, ConnectError> {
        let queue = self.lock().options.queue;
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
        let queue = self.lock().options.queue;
        self.open(viewer, queue, Some(Direct { sink, wire }))
    }

    fn open(
        self: &Arc<Self>,
        viewer: Viewer,
        queue: QueueLimits,
        direct: Option<Direct>,
    ) -> Result<Session, ConnectError> {
        let id = Uuid::now_v7().simple().to_string();
        let mut state = self.lock();
        if let Err(error) = admit(&state, &viewer) {
            events::refused(error.code());
            return Err(error);
        }
        let (key, outbox) = state.connect(viewer.clone(), id.clone(), queue, direct);
        drop(state);
        Ok(Session::new(id, key, viewer, outbox, self.clone()))
    }

    /// Publishes records of one partition in order. Called by the tail; records that were published are passed over.
    pub fn publish(&self, records: &[LogRecord]) {
        let now = self.clock.now();
        for records in records.chunks(APPLY_AT_ONCE) {
            let decoded: Vec<Decoded> = records.iter().map(decode).collect();
            self.lock().publish(decoded.into_iter(), now);
        }
    }

    /// The tail begins a partition at `next`; nothing before can be replayed.
    pub fn starts_at(&self, topic: Topic, partition: u32, next: u64) {
        self.lock().starts_at(topic, partition, next);
    }

    /// Records before `next` are lost: rooms that draw from the topic are told to refetch.
    pub fn lost(&self, topic: Topic, partition: u32, next: u64) {
        let now = self.clock.now();
        self.lock().lost(topic, partition, next, now);
    }

    /// Lets connections in: the history is filled.
    pub fn mark_ready(&self) {
        self.lock().is_ready = true;
    }

    /// Whether connections are let in.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let state = self.lock();
        state.is_ready && !state.is_draining
    }

    /// Everything before it has been delivered.
    #[must_use]
    pub fn position(&self) -> Position {
        self.lock().position.clone()
    }

    /// How much is live.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let state = self.lock();
        Counts {
            connections: state.sessions.len(),
            rooms: state.rooms.len(),
            history_records: state.history.len(),
        }
    }

    /// Who is in a room.
    #[must_use]
    pub fn present(&self, room: Room) -> Vec<PresentUser> {
        self.lock().present(&room)
    }

    /// From now on other nodes are told who is here: [`Hub::say`] has what they are to be told, and what they say goes to
    /// [`Hub::hear`]. `life` is another after each start.
    pub fn meet_neighbours(&self, life: u64) {
        self.lock().neighbours = Some(Neighbours::new(self.node.clone(), life));
    }

    /// What other nodes are to be told now; to be asked for every few milliseconds.
    #[must_use]
    pub fn say(&self) -> Vec<String> {
        let now = self.clock.now();
        let mut state = self.lock();
        let Some(mut neighbours) = state.neighbours.take() else { return Vec::new() };
        let everybody = || {
            let mut people = Vec::new();
            for (room, here) in &state.rooms {
                people.extend(here.presence.users().map(|(user_id, name)| {
                    (*room, PresentUser { user_id, name: name.to_owned() })
                }));
            }
            people
        };
        let words = neighbours.say(everybody, now);
        state.neighbours = Some(neighbours);
        words
    }

    /// Takes in what another node said; what cannot be read is an error and changes nothing.
    pub fn hear(&self, message: &str) -> Result<(), serde_json::Error> {
        let now = self.clock.now();
        let mut state = self.lock();
        if let Some(neighbours) = &mut state.neighbours {
            let heard = neighbours.hear(message, now)?;
            state.take_in(heard);
        }
        Ok(())
    }

    /// What other nodes said may have been missed.
    pub fn missed(&self) {
        if let Some(neighbours) = &mut self.lock().neighbours {
            neighbours.missed();
        }
    }

    /// The last word of a node that stops.
    #[must_use]
    pub fn bye(&self) -> Option<String> {
        self.lock().neighbours.as_ref().map(Neighbours::bye)
    }

    /// The node's name, as in `connection` frames.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Ends graces that are over by `now` and passes waiting cursors on.
    pub fn tick(&self, now: Timestamp) {
        self.lock().tick(now);
    }

    /// Ticks until cancelled.
    pub async fn run_clock(self: Arc<Self>, cancel: CancellationToken) {
        let mut ticks = tokio::time::interval(self.lock().options.tick);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                _ = ticks.tick() => self.tick(self.clock.now()),
            }
        }
    }

    /// Closes a person's connections at once, unsent frames included; answers how many. See [`close`] for codes.
    pub fn close_user(&self, user: UserId, code: u16) -> usize {
        let now = self.clock.now();
        self.lock().close_user(user, code, now)
    }

    /// Lets nobody in any more, and sends everybody away behind what waits for them: `going_away` with waiting times
    /// spread evenly over `reconnect_after_ms`, then close 1012.
    pub fn drain(&self, reconnect_after_ms: RangeInclusive<u64>) {
        let mut state = self.lock();
        state.is_draining = true;
        let (first, last) = reconnect_after_ms.into_inner();
        let span = u128::from(last.saturating_sub(first));
        let count = state.sessions.len().max(2) as u128 - 1;
        for (place, connected) in state.sessions.values().enumerate() {
            let wait = first.saturating_add((span * place as u128 / count) as u64);
            let frame = FrameText::control(&ServerFrame::GoingAway { reconnect_after_ms: wait });
            connected.outbox.close_after(frame, close::SERVICE_RESTART);
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

fn admit(state: &State, viewer: &Viewer) -> Result<(), ConnectError> {
    let options = &state.options;
    if state.is_draining {
        return Err(ConnectError::Draining);
    }
    if !state.is_ready {
        return Err(ConnectError::Starting);
    }
    if state.sessions.len() >= options.max_connections {
        return Err(ConnectError::TooManyConnections { limit: options.max_connections });
    }
    if state.connections_of(viewer.user) >= options.max_connections_per_user {
        return Err(ConnectError::TooManyOfUser { limit: options.max_connections_per_user });
    }
    Ok(())
}
