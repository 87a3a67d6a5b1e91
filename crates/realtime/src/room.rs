//! One room: its members, and how an event or a volatile frame reaches them.

use std::cell::OnceCell;
use std::sync::Arc;

use crisislens_model::frame::EventBody;
use crisislens_model::{ItemFilter, Position, Room, UserId};

use crate::burst::Burst;
use crate::frame_text::FrameText;
use crate::outbox::{Outbox, Pushed, Volatile};
use crate::presence::Presence;
use crate::route::Routed;
use crate::state::SessionKey;
use crate::vector;

/// A burst goes out when it has so many bytes.
const BURST_BYTES: usize = 64 * 1024;

/// A room with somebody in it, or with somebody whose grace is not over.
#[derive(Debug)]
pub(crate) struct RoomState {
    pub(crate) room: Room,
    /// The room's name, shared by its frames' makers.
    pub(crate) name: Arc<str>,
    pub(crate) members: Vec<Member>,
    /// Events of the records that are being published, for the members who get all of them as they are.
    burst: Burst,
    pub(crate) presence: Presence,
}

/// A session in a room.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) session: SessionKey,
    pub(crate) user: UserId,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) filter: Option<ItemFilter>,
    /// What the member has seen on another node and this one has not: nothing before it is delivered. `None` once
    /// this node has caught up.
    pub(crate) ahead: Option<Position>,
    /// So many events of the burst are not for this member: they had a frame of their own or did not want it.
    pub(crate) passed: usize,
}

/// An event on its way into rooms.
pub(crate) struct Delivery<'a> {
    pub(crate) routed: &'a Routed,
    /// The hub's position after the event.
    pub(crate) position: &'a Position,
    /// Encoded when the first room has a member for it.
    pub(crate) position_text: &'a OnceCell<String>,
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
            members: Vec::new(),
            burst: Burst::default(),
            presence: Presence::default(),
        }
    }

    /// Gives the event to every member who wants it; the frame is made once. Members who get everything as it is and whose
    /// connection takes bytes at once get it with [`RoomState::flush`]; whether that is to be called.
    pub(crate) fn deliver(&mut self, body: &EventBody, delivery: &Delivery<'_>, tally: &mut Tally) -> bool {
        let shared = OnceCell::new();
        let make = || delivery.frame(body, &self.name);
        let joins_burst = self.has_burst() || self.members.iter().any(Member::is_plain);
        for member in &mut self.members {
            if member.is_plain() {
                continue;
            }
            if joins_burst {
                member.passed = self.burst.frames().len() + 1;
            }
            if !member.wants(&self.room, delivery) {
                continue;
            }
            let frame = match &member.ahead {
                None => shared.get_or_init(make).clone(),
                Some(ahead) => {
                    let position = vector::merged(delivery.position, ahead);
                    FrameText::event(body, &self.name, &position.encode())
                }
            };
            tally.note(member.session, member.outbox.push(frame), 1);
        }
        if joins_burst {
            let frame = shared.into_inner().unwrap_or_else(|| delivery.frame(body, &self.name));
            self.burst.add(frame);
        }
        if self.burst.size() >= BURST_BYTES {
            self.flush(tally);
        }
        self.has_burst()
    }

    /// Whether events wait for [`RoomState::flush`].
    pub(crate) fn has_burst(&self) -> bool {
        !self.burst.frames().is_empty()
    }

    /// Gives the burst to its members.
    pub(crate) fn flush(&mut self, tally: &mut Tally) {
        let burst = std::mem::take(&mut self.burst);
        let all = burst.frames();
        for member in &mut self.members {
            let passed = std::mem::take(&mut member.passed).min(all.len());
            if passed == 0 && !all.is_empty() {
                tally.note(member.session, member.outbox.push_burst(&burst), all.len());
                continue;
            }
            // It was told alone at first and is no longer.
            for frame in &all[passed..] {
                tally.note(member.session, member.outbox.push(frame.clone()), 1);
            }
        }
    }

    /// Puts a frame that may be lost into the queues of the members for whom `to` holds.
    pub(crate) fn send_volatile(&self, key: Volatile, frame: &FrameText, to: impl Fn(&Member) -> bool) {
        for member in self.members.iter().filter(|member| to(member)) {
            member.outbox.push_volatile(key, frame.clone());
        }
    }

    /// Takes a session out.
    pub(crate) fn remove(&mut self, session: SessionKey) -> Option<Member> {
        let found = self.members.iter().position(|member| member.session == session);
        found.map(|at| self.members.swap_remove(at))
    }

    pub(crate) fn has(&self, user: UserId) -> bool {
        self.members.iter().any(|member| member.user == user)
    }

    /// Whether the room can be forgotten.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.presence.is_empty()
    }

    /// Whether people see each other here.
    pub(crate) fn shows_presence(room: &Room) -> bool {
        match room {
            Room::Item(_) | Room::Incident(_) | Room::Claim(_) => true,
            Room::Global | Room::Alerts | Room::User(_) => false,
        }
    }
}

impl Member {
    /// Whether it gets every event as it is, and its connection takes bytes at once.
    fn is_plain(&self) -> bool {
        self.ahead.is_none() && self.filter.is_none() && self.outbox.is_direct()
    }

    fn wants(&mut self, room: &Room, delivery: &Delivery<'_>) -> bool {
        let routed = delivery.routed;
        if let Some(ahead) = &self.ahead {
            let is_seen =
                ahead.offset(routed.topic, routed.partition).is_some_and(|next| routed.offset < next);
            if vector::reaches(delivery.position, ahead) {
                self.ahead = None;
            }
            if is_seen {
                return false;
            }
        }
        self.filter.as_ref().is_none_or(|filter| routed.pass(room, filter))
    }
}

impl Delivery<'_> {
    fn frame(&self, body: &EventBody, room: &str) -> FrameText {
        FrameText::event(body, room, self.position_text.get_or_init(|| self.position.encode()))
    }
}
