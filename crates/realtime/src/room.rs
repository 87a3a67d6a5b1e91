//! One room as far as one shard's sessions are in it, and how an event reaches them.

use std::sync::Arc;

use crisislens_model::{ItemFilter, Position, Room, Timestamp, UserId};
use indexmap::IndexMap;

use crate::broadcast::{Event, Target};
use crate::burst::Burst;
use crate::frame_text::FrameText;
use crate::outbox::{Outbox, Pushed};
use crate::shard::SessionKey;
use crate::vector;

/// A burst goes out when it has so many bytes.
const BURST_BYTES: usize = 64 * 1024;

/// A room with somebody in it.
#[derive(Debug)]
pub(crate) struct RoomState {
    pub(crate) room: Room,
    /// The room's name, shared by its frames' makers.
    pub(crate) name: Arc<str>,
    /// Side by side in memory for the fan-out, and found at once by those who come and go.
    pub(crate) members: IndexMap<SessionKey, Member>,
    /// Events of the records that are being published, for the members who get all of them as they are.
    burst: Burst,
    /// Where the others stand whose events of these records wait to go out together.
    held_back: Vec<usize>,
}

/// A session in a room.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) user: UserId,
    pub(crate) outbox: Arc<Outbox>,
    /// Boxed, because most members have none.
    pub(crate) filter: Option<Box<ItemFilter>>,
    /// What the member has seen on another node and this one has not: nothing before it is delivered. `None` once
    /// this node has caught up.
    pub(crate) ahead: Option<Box<Ahead>>,
    /// So many events of the burst are not for this member: they had a frame of their own or did not want it.
    pub(crate) passed: usize,
}

/// What came of deliveries.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) delivered: u64,
    /// Sessions that are closed, to be taken out of their rooms.
    pub(crate) gone: Vec<SessionKey>,
}

impl Tally {
    /// Takes note of what became of `frames` for a session.
    fn note(&mut self, session: SessionKey, pushed: Pushed, frames: usize) {
        match pushed {
            Pushed::Queued => self.delivered += frames as u64,
            Pushed::Closed => self.gone.push(session),
        }
    }
}

impl RoomState {
    pub(crate) fn new(room: Room) -> Self {
        Self {
            room,
            name: room.to_string().into(),
            members: IndexMap::new(),
            burst: Burst::default(),
            held_back: Vec::new(),
        }
    }

    /// Gives the event to every member who wants it; the frame is made once. Where the connection takes bytes at once it goes out
    /// with [`RoomState::flush`]; whether that is to be called.
    pub(crate) fn deliver(&mut self, event: &Event, target: &Target<'_>, tally: &mut Tally) -> bool {
        let joins_burst = !self.burst.frames().is_empty() || self.members.values().any(Member::is_plain);
        for (at, (session, member)) in self.members.iter_mut().enumerate() {
            if member.is_plain() {
                continue;
            }
            if joins_burst {
                member.passed = self.burst.frames().len() + 1;
            }
            if !member.wants(&self.room, event) {
                continue;
            }
            let frame = match &member.ahead {
                None => target.frame(&self.name).clone(),
                Some(ahead) => {
                    let position = vector::merged(&event.position, &ahead.position);
                    FrameText::event(&target.body(), &self.name, &position.encode())
                }
            };
            let (pushed, begins) = member.outbox.hold_back(frame);
            tally.note(*session, pushed, 1);
            if begins {
                self.held_back.push(at);
            }
        }
        if joins_burst {
            self.burst.add(target.frame(&self.name).clone());
        }
        if self.burst.size() >= BURST_BYTES {
            self.flush(tally);
        }
        self.has_waiting()
    }

    /// Whether events wait for [`RoomState::flush`].
    pub(crate) fn has_waiting(&self) -> bool {
        !(self.burst.frames().is_empty() && self.held_back.is_empty())
    }

    /// Gives the burst to its members, and lets out what waits of the others.
    pub(crate) fn flush(&mut self, tally: &mut Tally) {
        for at in self.held_back.drain(..) {
            if let Some((_, member)) = self.members.get_index(at) {
                member.outbox.let_out();
            }
        }
        if self.burst.frames().is_empty() {
            return;
        }
        let burst = std::mem::take(&mut self.burst);
        let all = burst.frames();
        for (session, member) in &mut self.members {
            let passed = std::mem::take(&mut member.passed).min(all.len());
            if passed == 0 {
                tally.note(*session, member.outbox.push_burst(&burst), all.len());
                continue;
            }
            // It was told alone at first and is no longer.
            for frame in &all[passed..] {
                tally.note(*session, member.outbox.push(frame.clone()), 1);
            }
        }
    }

    /// Whether people see each other here.
    pub(crate) fn shows_presence(room: &Room) -> bool {
        match room {
            Room::Item(_) | Room::Incident(_) | Room::Claim(_) => true,
            Room::Global | Room::Alerts | Room::User(_) => false,
        }
    }
}

/// Where a member was on another node.
#[derive(Debug)]
pub(crate) struct Ahead {
    pub(crate) position: Position,
    /// When it first came from there.
    pub(crate) since: Timestamp,
}

impl Member {
    /// Whether it gets every event as it is, and its connection takes bytes at once.
    fn is_plain(&self) -> bool {
        self.ahead.is_none() && self.filter.is_none() && self.outbox.is_direct()
    }

    fn wants(&mut self, room: &Room, event: &Event) -> bool {
        let routed = &event.routed;
        if let Some(ahead) = self.ahead.as_deref().map(|ahead| &ahead.position) {
            let is_seen =
                ahead.offset(routed.topic, routed.partition).is_some_and(|next| routed.offset < next);
            if vector::reaches(&event.position, ahead) {
                self.ahead = None;
            }
            if is_seen {
                return false;
            }
        }
        self.filter.as_ref().is_none_or(|filter| routed.pass(room, filter))
    }
}
