//! People without a connection: who says over HTTP that they look at a resource is there for a while.

use crisislens_model::frame::{Availability, PresentUser};
use crisislens_model::{Room, Timestamp, UserId};
use serde_json::Value;

use crate::access::{self, Viewer};
use crate::hub::{Hub, lock};
use crate::joining::Refusal;
use crate::people::People;
use crate::presence::{Signs, has_passed};
use crate::room::RoomState;
use crate::shard::Shards;

/// A person in a room without a connection.
#[derive(Debug)]
pub(crate) struct Lease {
    /// When it was renewed.
    pub(crate) since: Timestamp,
    pub(crate) signs: Signs,
}

/// Why a pointer does not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorRefusal {
    /// The room is none, or not theirs.
    Room(Refusal),
    /// They are not in the room.
    NotJoined,
    /// More JSON than `cursor_bytes_max`.
    TooLarge,
}

impl CursorRefusal {
    /// The `code` of the error frame.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Room(refusal) => refusal.code(),
            Self::NotJoined => "not_joined",
            Self::TooLarge => "cursor_too_large",
        }
    }

    /// For a person.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Room(refusal) => refusal.message(),
            Self::NotJoined => "join the room before moving a cursor in it",
            Self::TooLarge => "this cursor position is too large",
        }
    }
}

impl Hub {
    /// Says that `viewer` looks at a room for `presence_lease` from now, without a connection; saying it again renews it. Other
    /// people see them as anybody else. `state` is what the client knows of whether they are at the screen; without it the
    /// first call counts as a sign of them and later ones, which a timer makes, do not. Answers who is there.
    ///
    /// # Errors
    /// Where they may not be in the room, it shows no presence, or they are in too many.
    pub fn hold(
        &self,
        viewer: &Viewer,
        room: Room,
        state: Option<Availability>,
    ) -> Result<Vec<PresentUser>, Refusal> {
        if !RoomState::shows_presence(&room) {
            return Err(Refusal::UnknownRoom);
        }
        if !access::may_join(viewer, &room) {
            return Err(Refusal::Forbidden);
        }
        let now = self.now();
        if state == Some(Availability::Active) {
            self.sign_sessions(viewer.user, room, now);
        }
        let is_draining = self.is_draining();
        let mut people = lock(&self.people);
        people.hold(&self.shards, viewer, room, now, is_draining)?;
        if let Some(lease) = people.leases.get_mut(&(room, viewer.user))
            && let Some(state) = state
        {
            lease.signs.say(state, now);
        }
        Ok(people.present(&room))
    }

    /// Ends what [`Hub::hold`] began, on other nodes too. Their connections stay.
    pub fn let_go(&self, user: UserId, room: Room) {
        let mut people = lock(&self.people);
        people.let_go(&self.shards, room, user);
        if let Some(neighbours) = &mut people.neighbours {
            neighbours.let_go(room, user);
        }
    }

    /// Moves the pointer of somebody without a connection, and renews their lease. They may have taken it on another node.
    ///
    /// # Errors
    /// Says why it does not move.
    pub fn point(&self, viewer: &Viewer, room: Room, position: Value) -> Result<(), CursorRefusal> {
        let now = self.now();
        if position.to_string().len() > self.options.cursor_bytes_max {
            return Err(CursorRefusal::TooLarge);
        }
        let is_draining = self.is_draining();
        let mut people = lock(&self.people);
        if people.seen(&room, viewer.user).is_none() {
            return Err(CursorRefusal::NotJoined);
        }
        people.hold(&self.shards, viewer, room, now, is_draining).map_err(CursorRefusal::Room)?;
        if let Some(lease) = people.leases.get_mut(&(room, viewer.user)) {
            lease.signs.say(Availability::Active, now);
        }
        people.move_cursor(&self.shards, (room, viewer.user, position), now);
        drop(people);
        self.sign_sessions(viewer.user, room, now);
        Ok(())
    }

    /// That somebody is active over HTTP counts for their connections in the room as well: an event stream cannot say it itself.
    fn sign_sessions(&self, user: UserId, room: Room, now: Timestamp) {
        self.each_signs(user, room, |signs| signs.say(Availability::Active, now));
    }
}

impl People {
    fn hold(
        &mut self,
        shards: &Shards,
        viewer: &Viewer,
        room: Room,
        now: Timestamp,
        is_draining: bool,
    ) -> Result<(), Refusal> {
        if let Some(lease) = self.leases.get_mut(&(room, viewer.user)) {
            lease.since = now;
            return Ok(());
        }
        if is_draining {
            return Err(Refusal::Closed);
        }
        let of_theirs = self.leases.keys().filter(|(_, user)| *user == viewer.user).count();
        if of_theirs >= self.options.max_rooms_per_session {
            return Err(Refusal::TooManyRooms);
        }
        self.leases.insert((room, viewer.user), Lease { since: now, signs: Signs::new(now) });
        let before = self.before(room, viewer.user);
        self.rooms.entry(room).or_default().enter(viewer.user, &viewer.name);
        self.settle(shards, before, None);
        Ok(())
    }

    /// Ends a lease of this node, if there is one.
    pub(crate) fn let_go(&mut self, shards: &Shards, room: Room, user: UserId) {
        if self.leases.remove(&(room, user)).is_some() {
            self.depart(shards, room, user);
        }
    }

    /// Ends leases that nobody renewed.
    pub(crate) fn expire_leases(&mut self, shards: &Shards, now: Timestamp) {
        let lease = self.options.presence_lease;
        let is_over = |held: &Lease| has_passed(held.since, now, lease);
        let over: Vec<(Room, UserId)> =
            self.leases.iter().filter(|(_, held)| is_over(held)).map(|(key, _)| *key).collect();
        for (room, user) in over {
            self.let_go(shards, room, user);
        }
    }
}
