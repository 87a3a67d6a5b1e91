//! What the hub knows, under its one lock: sessions, rooms, history, position.
//!
//! The lock makes a join atomic: the history is read and the member added between two records, so nothing is missed
//! and nothing comes twice. No code under the lock waits or does I/O.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crisislens_model::{Position, Room, Timestamp, UserId};

use crate::access::Viewer;
use crate::cursors::Cursors;
use crate::dedup::Dedup;
use crate::events;
use crate::history::History;
use crate::leases::Lease;
use crate::neighbours::Neighbours;
use crate::options::{HubOptions, QueueLimits};
use crate::outbox::Outbox;
use crate::presence::Signs;
use crate::room::RoomState;
use crate::sink::Direct;
use crate::visits::Visits;

/// Names a session within its hub.
pub(crate) type SessionKey = u64;

/// The hub's state.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) options: HubOptions,
    /// Next offsets: everything before them has been delivered.
    pub(crate) position: Position,
    /// Whether the history is filled and sessions may come.
    pub(crate) is_ready: bool,
    /// Whether the node is about to stop and no more sessions may come.
    pub(crate) is_draining: bool,
    pub(crate) sessions: HashMap<SessionKey, Connected>,
    pub(crate) rooms: HashMap<Room, RoomState>,
    pub(crate) history: History,
    pub(crate) dedup: Dedup,
    pub(crate) cursors: Cursors,
    /// The other nodes, where there may be some.
    pub(crate) neighbours: Option<Neighbours>,
    /// Broken presences with the time they began, oldest first.
    pub(crate) leaving: VecDeque<(Timestamp, Room, UserId)>,
    /// People without a connection, by room.
    pub(crate) leases: HashMap<(Room, UserId), Lease>,
    /// Where comings and goings are kept, if they are.
    pub(crate) visits: Option<Visits>,
    /// When it was last looked whether people are at their screens.
    pub(crate) looked_at: Option<Timestamp>,
    next_session: SessionKey,
    per_user: HashMap<UserId, usize>,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) viewer: Viewer,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) rooms: Vec<Room>,
    /// What it tells of its person.
    pub(crate) signs: Signs,
}

impl State {
    pub(crate) fn new(options: HubOptions, position: Position) -> Self {
        Self {
            history: History::new(options.history, &position),
            dedup: Dedup::new(options.dedup_ids_per_partition),
            cursors: Cursors::new(options.cursors_per_second),
            neighbours: None,
            options,
            position,
            is_ready: false,
            is_draining: false,
            sessions: HashMap::new(),
            rooms: HashMap::new(),
            leaving: VecDeque::new(),
            leases: HashMap::new(),
            visits: None,
            looked_at: None,
            next_session: 0,
            per_user: HashMap::new(),
        }
    }

    /// Connections of a person.
    pub(crate) fn connections_of(&self, user: UserId) -> usize {
        self.per_user.get(&user).copied().unwrap_or(0)
    }

    /// Adds a connection.
    pub(crate) fn connect(
        &mut self,
        viewer: Viewer,
        id: String,
        queue: QueueLimits,
        direct: Option<Direct>,
        now: Timestamp,
    ) -> (SessionKey, Arc<Outbox>) {
        let key = self.next_session;
        self.next_session += 1;
        *self.per_user.entry(viewer.user).or_default() += 1;
        let outbox = Arc::new(Outbox::new(id, queue, &self.options, direct));
        let (rooms, signs) = (Vec::new(), Signs::new(now));
        self.sessions.insert(key, Connected { viewer, outbox: outbox.clone(), rooms, signs });
        self.report_sizes();
        (key, outbox)
    }

    /// Removes a connection whose transport is gone.
    pub(crate) fn disconnect(&mut self, key: SessionKey, now: Timestamp) {
        self.detach(key, now);
        let Some(connected) = self.sessions.remove(&key) else { return };
        if let Some(count) = self.per_user.get_mut(&connected.viewer.user) {
            *count -= 1;
            if *count == 0 {
                self.per_user.remove(&connected.viewer.user);
            }
        }
        self.report_sizes();
    }

    /// Takes a closed session out of its rooms; the connection counts until its transport lets go.
    pub(crate) fn detach(&mut self, key: SessionKey, now: Timestamp) {
        let Some(connected) = self.sessions.get_mut(&key) else { return };
        let user = connected.viewer.user;
        for room in std::mem::take(&mut connected.rooms) {
            let Some(state) = self.rooms.get_mut(&room) else { continue };
            state.remove(key);
            if RoomState::shows_presence(&room) && state.presence.lose(user, now) {
                self.leaving.push_back((now, room, user));
            }
            self.prune(&room);
        }
    }

    /// Closes a person's connections at once.
    pub(crate) fn close_user(&mut self, user: UserId, code: u16, now: Timestamp) -> usize {
        let theirs = self.sessions.iter().filter(|(_, connected)| connected.viewer.user == user);
        let keys: Vec<_> = theirs.map(|(key, connected)| (*key, connected.outbox.clone())).collect();
        for (key, outbox) in &keys {
            outbox.close(code);
            self.detach(*key, now);
        }
        keys.len()
    }

    /// Forgets a room without people.
    pub(crate) fn prune(&mut self, room: &Room) {
        if self.rooms.get(room).is_some_and(RoomState::is_empty) {
            self.rooms.remove(room);
        }
    }

    pub(crate) fn report_sizes(&self) {
        events::sizes(self.sessions.len(), self.rooms.len());
    }
}
