//! Joining and leaving rooms, with exact resume from a position.

use crisislens_model::frame::ServerFrame;
use crisislens_model::{ItemFilter, Position, Room};

use crate::events;
use crate::frame_text::FrameText;
use crate::replay::Replay;
use crate::room::{Member, RoomState};
use crate::route::Routed;
use crate::state::{SessionKey, State};
use crate::vector;

/// What came of a join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinOutcome {
    /// The session is in the room; the frames are on their way.
    Joined {
        /// Whether everything since the position is replayed (true also when none was given).
        recovered: bool,
        /// Events replayed.
        replayed: usize,
    },
    /// The session is not in the room, or not with the new position; an `error` frame says so.
    Refused(Refusal),
}

/// Why a join was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No such room.
    UnknownRoom,
    /// Not this person's.
    Forbidden,
    /// The session has as many rooms as it may.
    TooManyRooms,
    /// Not a position that CrisisLens has given out.
    InvalidPosition,
    /// The session is closed; no frame is sent.
    Closed,
}

impl Refusal {
    /// The `code` of the error frame.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownRoom => "unknown_room",
            Self::Forbidden => "forbidden",
            Self::TooManyRooms => "too_many_rooms",
            Self::InvalidPosition => "invalid_position",
            Self::Closed => "closed",
        }
    }

    /// For a person.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::UnknownRoom => "there is no such room",
            Self::Forbidden => "this room is another person's",
            Self::TooManyRooms => "this connection is in too many rooms; leave one first",
            Self::InvalidPosition => "this is not a position that CrisisLens has given out",
            Self::Closed => "this connection is closed",
        }
    }
}

/// How a membership begins.
struct Plan {
    /// Missed events, or why they cannot be told.
    missed: Result<Vec<std::sync::Arc<Routed>>, &'static str>,
    /// What the client has seen.
    from: Position,
    /// What it has seen after the missed events: this node's position, and whatever it saw elsewhere beyond.
    end: Position,
}

impl State {
    /// Puts the session into the room, telling it what it missed.
    pub(crate) fn join(
        &mut self,
        key: SessionKey,
        room: Room,
        position: Option<Position>,
        filter: Option<ItemFilter>,
    ) -> JoinOutcome {
        let Some(connected) = self.sessions.get(&key).filter(|connected| !connected.outbox.is_closing())
        else {
            return JoinOutcome::Refused(Refusal::Closed);
        };
        let (user, outbox) = (connected.viewer.user, connected.outbox.clone());
        let is_member = connected.rooms.contains(&room);
        if !is_member && connected.rooms.len() >= self.options.max_rooms_per_session {
            return JoinOutcome::Refused(Refusal::TooManyRooms);
        }
        let seen_elsewhere = self.rooms.get_mut(&room).and_then(|state| state.remove(key)?.ahead);
        let mut plan = self.plan(&room, position.as_ref(), filter.as_ref());
        if let (None, Some(seen)) = (&position, &seen_elsewhere) {
            plan.end = vector::merged(&plan.end, seen);
        }
        let ahead = (!vector::reaches(&self.position, &plan.end)).then(|| plan.end.clone());
        let state = self.rooms.entry(room).or_insert_with(|| RoomState::new(room));
        state.members.push(Member { session: key, user, outbox: outbox.clone(), filter, ahead, passed: 0 });
        let name = state.name.clone();
        let outcome = plan.send(room, name, &outbox);
        if !is_member {
            self.enter(key, room);
        }
        outcome
    }

    fn plan(&self, room: &Room, position: Option<&Position>, filter: Option<&ItemFilter>) -> Plan {
        let here = &self.position;
        let from_here = |missed| Plan { missed, from: here.clone(), end: here.clone() };
        let Some(position) = position else { return from_here(Ok(Vec::new())) };
        if position.epoch != here.epoch {
            return from_here(Err("other_log"));
        }
        let from = vector::shaped(position, here);
        if vector::lead(&from, here) > self.options.max_ahead {
            return from_here(Err("position_ahead"));
        }
        let missed = self.history.replay(room, &from, filter).map_err(|_| "history_evicted");
        Plan { missed, end: vector::merged(here, &from), from }
    }

    /// Takes the session out of the room on its own wish; whether it was in.
    pub(crate) fn leave(&mut self, key: SessionKey, room: Room) -> bool {
        let Some(connected) = self.sessions.get_mut(&key) else { return false };
        let Some(at) = connected.rooms.iter().position(|joined| *joined == room) else { return false };
        connected.rooms.swap_remove(at);
        connected.outbox.forget_volatile(room);
        let user = connected.viewer.user;
        if let Some(state) = self.rooms.get_mut(&room) {
            state.remove(key);
        }
        self.depart(room, user);
        self.prune(&room);
        self.report_sizes();
        true
    }
}

impl Plan {
    /// First `joined_room`, then what was missed, or `resync`.
    ///
    /// Before a replay the frame carries the client's own position, so that a client that stores the latest position
    /// it has read loses nothing when it breaks off in the middle of the replay.
    fn send(self, room: Room, name: std::sync::Arc<str>, outbox: &crate::outbox::Outbox) -> JoinOutcome {
        let recovered = self.missed.is_ok();
        let replays = self.missed.as_ref().is_ok_and(|missed| !missed.is_empty());
        let position = if replays { self.from.encode() } else { self.end.encode() };
        let joined = ServerFrame::JoinedRoom { room: name.to_string(), position, recovered };
        outbox.push(FrameText::control(&joined));
        let replayed = match self.missed {
            Ok(missed) => {
                let count = missed.len();
                events::replayed(count);
                outbox.push_replay(Replay::new(room, name, missed, self.from, self.end));
                count
            }
            Err(reason) => {
                events::resyncs(1, reason);
                outbox.push(FrameText::control(&ServerFrame::Resync { room: name.to_string(), reason }));
                0
            }
        };
        JoinOutcome::Joined { recovered, replayed }
    }
}
