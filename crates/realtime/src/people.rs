//! Presence and cursors of rooms: who sees whom come, go and point.

use crisislens_model::frame::{PresentUser, ServerFrame};
use crisislens_model::{Room, Timestamp, UserId};

use crate::cursors::Move;
use crate::frame_text::FrameText;
use crate::neighbours::Heard;
use crate::outbox::Volatile;
use crate::room::RoomState;
use crate::state::{SessionKey, State};

impl State {
    /// Notes a session's new room; tells it who is there, and the others that it came.
    pub(crate) fn enter(&mut self, key: SessionKey, room: Room) {
        let Some(connected) = self.sessions.get_mut(&key) else { return };
        connected.rooms.push(room);
        let (viewer, outbox) = (connected.viewer.clone(), connected.outbox.clone());
        if let Some(state) = self.rooms.get_mut(&room).filter(|_| RoomState::shows_presence(&room)) {
            let is_new = state.presence.enter(viewer.user, &viewer.name);
            let resource_id = state.name.to_string();
            let frame = ServerFrame::PresenceState { resource_id, users: self.present(&room) };
            outbox.push(FrameText::control(&frame));
            if is_new {
                self.came(room, viewer.user, &viewer.name);
            }
        }
        self.report_sizes();
    }

    /// A session has left the room on purpose; the last one of a person takes the person along.
    pub(crate) fn depart(&mut self, room: Room, user: UserId) {
        let Some(state) = self.rooms.get_mut(&room) else { return };
        if !state.has(user) {
            self.cursors.forget(room, user);
        }
        if RoomState::shows_presence(&room) && state.presence.leave(user) {
            self.went(room, user);
        }
    }

    /// The people in a room, on this node and on others, as many as are told.
    pub(crate) fn present(&self, room: &Room) -> Vec<PresentUser> {
        let mut people = self.neighbours.as_ref().map(|them| them.users(room)).unwrap_or_default();
        people.extend(self.rooms.get(room).into_iter().flat_map(|state| state.presence.users()));
        let named = |(user_id, name): (UserId, &str)| PresentUser { user_id, name: name.to_owned() };
        people.into_iter().take(self.options.presence_users_max).map(named).collect()
    }

    /// Somebody came into a room of this node.
    fn came(&mut self, room: Room, user: UserId, name: &str) {
        let was_elsewhere = self.neighbours.as_mut().is_some_and(|them| {
            them.came(room, user, name);
            them.has(&room, user)
        });
        if !was_elsewhere {
            self.tell_presence(room, user, "joined");
        }
    }

    /// Somebody is in a room of this node no more.
    fn went(&mut self, room: Room, user: UserId) {
        let is_elsewhere = self.neighbours.as_mut().is_some_and(|them| {
            them.went(room, user);
            them.has(&room, user)
        });
        if !is_elsewhere {
            self.tell_presence(room, user, "left");
        }
    }

    /// Tells what came of another node's word.
    pub(crate) fn take_in(&mut self, heard: Heard) {
        let here = |state: &Self, room: &Room, user: UserId| {
            state.rooms.get(room).is_some_and(|state| state.presence.has(user))
        };
        for (people, action) in [(heard.went, "left"), (heard.came, "joined")] {
            for (room, user) in people {
                if !here(self, &room, user) {
                    self.tell_presence(room, user, action);
                }
            }
        }
        for moved in heard.moves {
            self.show_cursor(&moved);
        }
    }

    /// Ends graces that are over and passes waiting cursors on.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        let grace = self.options.presence_grace;
        while let Some((since, room, user)) = self.leaving.front().copied() {
            if !crate::presence::has_passed(since, now, grace) {
                break;
            }
            self.leaving.pop_front();
            let is_gone =
                self.rooms.get_mut(&room).is_some_and(|state| state.presence.expire(user, now, grace));
            if is_gone {
                self.cursors.forget(room, user);
                self.went(room, user);
                self.prune(&room);
            }
        }
        if let Some(neighbours) = &mut self.neighbours {
            let silent = neighbours.expire(now);
            self.take_in(silent);
        }
        for moved in self.cursors.due(now) {
            self.pass_cursor(moved);
        }
    }

    /// Passes a cursor to the other people of its room, those on other nodes too.
    pub(crate) fn pass_cursor(&mut self, moved: Move) {
        self.show_cursor(&moved);
        if let Some(neighbours) = &mut self.neighbours {
            let (room, user, position) = moved;
            neighbours.moved(room, user, position);
        }
    }

    fn show_cursor(&self, (room, user, position): &Move) {
        let Some(state) = self.rooms.get(room) else { return };
        let resource_id = state.name.to_string();
        let frame =
            ServerFrame::CursorUpdate { resource_id, user_id: *user, position: position.clone() };
        let frame = FrameText::control(&frame);
        state.send_volatile(Volatile::Cursor(*room, *user), &frame, |member| member.user != *user);
    }

    fn tell_presence(&self, room: Room, user: UserId, action: &'static str) {
        let Some(state) = self.rooms.get(&room) else { return };
        let active_users = self.present(&room);
        let resource_id = state.name.to_string();
        let frame = ServerFrame::PresenceUpdate { resource_id, user_id: user, action, active_users };
        let frame = FrameText::control(&frame);
        state.send_volatile(Volatile::Presence(room, user), &frame, |member| member.user != user);
    }
}
