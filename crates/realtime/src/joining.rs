//! Joining and leaving rooms, with exact resume from a position.

use std::sync::{Arc, PoisonError, RwLock};

use crisislens_model::frame::ServerFrame;
use crisislens_model::{ItemFilter, Position, Room, Timestamp};

use crate::access::Viewer;
use crate::events;
use crate::frame_text::FrameText;
use crate::history::{History, Missed};
use crate::options::HubOptions;
use crate::outbox::Outbox;
use crate::replay::Replay;
use crate::room::{Ahead, Member, RoomState};
use crate::shard::{SessionKey, Shard};
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
        /// What finding them took, in comparisons of an event with an entry of the filter: what a transport can measure a client by.
        comparisons: u64,
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

/// Why a client is to refetch whose position the log does not reach.
pub(crate) const POSITION_AHEAD: &str = "position_ahead";

/// How a membership begins.
struct Plan {
    /// Missed events, or why they cannot be told.
    missed: Result<Missed, &'static str>,
    /// What the client has seen.
    from: Position,
    /// What it has seen after the missed events: this node's position, and whatever it saw elsewhere beyond.
    end: Position,
}

/// What a session wants of a room.
pub(crate) struct Wanted {
    pub(crate) room: Room,
    pub(crate) start: Start,
    pub(crate) filter: Option<ItemFilter>,
}

/// From where on a session wants to be told.
pub(crate) enum Start {
    /// What comes.
    Now,
    /// What it has not seen, and what comes.
    After(Position),
    /// What comes; what it has not seen nobody can tell, for this reason.
    Lost(&'static str),
}

/// A session that is in a room.
pub(crate) struct Joined {
    pub(crate) outcome: JoinOutcome,
    pub(crate) viewer: Viewer,
    /// Whether it was not in the room before.
    pub(crate) is_new: bool,
}

impl Shard {
    /// Puts the session into the room, telling it what it missed.
    pub(crate) fn join(
        &mut self,
        key: SessionKey,
        wanted: Wanted,
        history: &RwLock<History>,
        (options, now): (&HubOptions, Timestamp),
    ) -> Result<Joined, Refusal> {
        let Wanted { room, start, filter } = wanted;
        let connected = self.sessions.get(&key).filter(|connected| !connected.outbox.is_closing());
        let connected = connected.ok_or(Refusal::Closed)?;
        let (viewer, outbox) = (connected.viewer.clone(), connected.outbox.clone());
        let is_new = !connected.rooms.contains(&room);
        if is_new && connected.rooms.len() >= options.max_rooms_per_session {
            return Err(Refusal::TooManyRooms);
        }
        let seen_elsewhere = self.take_out(key, &room).and_then(|member| member.ahead);
        if !matches!(start, Start::Now) {
            // What is still to be told from an older position is part of what is told from this one.
            outbox.forget_replay(room);
        }
        let mut plan = self.plan(&room, &start, filter.as_ref(), history, options.max_ahead);
        if let (Start::Now, Some(seen)) = (&start, &seen_elsewhere) {
            plan.end = vector::merged(&plan.end, &seen.position);
        }
        let ahead = (!vector::reaches(&self.position, &plan.end)).then(|| {
            // Who came from there before, and comes again, is waited for since then.
            let seen = seen_elsewhere.filter(|seen| vector::reaches(&seen.position, &plan.end));
            let since = seen.map_or(now, |seen| seen.since);
            Box::new(Ahead { position: plan.end.clone(), since })
        });
        if ahead.as_ref().is_some_and(|ahead| ahead.since == now) {
            self.unsure.push_back((now, key, room));
        }
        let state = self.rooms.entry(room).or_insert_with(|| RoomState::new(room));
        let filter = filter.map(Box::new);
        let member = Member { user: viewer.user, outbox: outbox.clone(), filter, ahead, passed: 0 };
        state.members.insert(key, member);
        let outcome = plan.send(room, state.name.clone(), &outbox);
        if is_new && let Some(connected) = self.sessions.get_mut(&key) {
            connected.rooms.push(room);
        }
        Ok(Joined { outcome, viewer, is_new })
    }

    fn plan(
        &self,
        room: &Room,
        start: &Start,
        filter: Option<&ItemFilter>,
        history: &RwLock<History>,
        max_ahead: u64,
    ) -> Plan {
        let here = &self.position;
        let from_here = |missed| Plan { missed, from: here.clone(), end: here.clone() };
        let position = match start {
            Start::Now => return from_here(Ok(Missed::default())),
            Start::After(position) => position,
            Start::Lost(reason) => return from_here(Err(reason)),
        };
        if position.epoch != here.epoch {
            return from_here(Err("other_log"));
        }
        let from = vector::shaped(position, here);
        if vector::lead(&from, here) > max_ahead {
            return from_here(Err(POSITION_AHEAD));
        }
        // The history may be further than this shard, which gets the rest like everything that comes.
        let history = history.read().unwrap_or_else(PoisonError::into_inner);
        let missed = history.replay(room, (&from, here), filter).map_err(|_| "history_evicted");
        Plan { missed, end: vector::merged(here, &from), from }
    }

    /// Who joined before `since` with a position that this node has still not come to is told to refetch: no other node can have been
    /// there so long before, so the log has lost its end, and what has its places now was never told.
    pub(crate) fn doubt_positions(&mut self, since: Timestamp) -> u64 {
        let mut told = 0;
        while self.unsure.front().is_some_and(|(at, ..)| *at <= since) {
            let Some((at, key, room)) = self.unsure.pop_front() else { break };
            let Some(state) = self.rooms.get_mut(&room) else { continue };
            let Some(member) = state.members.get_mut(&key) else { continue };
            if member.ahead.as_ref().is_none_or(|ahead| ahead.since != at) {
                // It has come again since, from further ahead, and has an entry for that.
                continue;
            }
            let ahead = member.ahead.take();
            if ahead.is_some_and(|ahead| !vector::reaches(&self.position, &ahead.position)) {
                let resync = ServerFrame::Resync { room: room.to_string(), reason: POSITION_AHEAD };
                member.outbox.push(FrameText::control(&resync));
                told += 1;
            }
        }
        told
    }
}

impl Plan {
    /// First `joined_room`, then what was missed, or `resync`.
    ///
    /// Before a replay the frame carries the client's own position, so that a client that stores the latest position
    /// it has read loses nothing when it breaks off in the middle of the replay.
    fn send(self, room: Room, name: Arc<str>, outbox: &Outbox) -> JoinOutcome {
        let recovered = self.missed.is_ok();
        let replays = self.missed.as_ref().is_ok_and(|missed| !missed.events.is_empty());
        let position = if replays { self.from.encode() } else { self.end.encode() };
        let joined = ServerFrame::JoinedRoom { room: name.to_string(), position, recovered };
        outbox.push(FrameText::control(&joined));
        let (replayed, comparisons) = match self.missed {
            Ok(missed) => {
                let count = missed.events.len();
                events::replayed(count);
                outbox.push_replay(Replay::new(room, name, missed.events, self.from, self.end));
                (count, missed.comparisons)
            }
            Err(reason) => {
                events::resyncs(1, reason);
                outbox.push(FrameText::control(&ServerFrame::Resync { room: name.to_string(), reason }));
                (0, 0)
            }
        };
        JoinOutcome::Joined { recovered, replayed, comparisons }
    }
}
