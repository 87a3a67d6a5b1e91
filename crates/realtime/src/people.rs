//! Presence and cursors of rooms: who sees whom come, go and point.

use crisislens_model::frame::ServerFrame;
use crisislens_model::{Room, Timestamp, UserId};

use crate::cursors::Move;
use crate::frame_text::FrameText;
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
            let users = state.presence.users(self.options.presence_users_max);
            let frame = ServerFrame::PresenceState { resource_id: state.name.to_string(), users };
            outbox.push(FrameText::control(&frame));
            if is_new {
                self.tell_presence(room, viewer.user, "joined");
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
            self.tell_presence(room, user, "left");
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
                self.tell_presence(room, user, "left");
                self.prune(&room);
            }
        }
        for moved in self.cursors.due(now) {
            self.pass_cursor(moved);
        }
    }

    /// Passes a cursor to the other people of its room.
    pub(crate) fn pass_cursor(&self, (room, user, position): Move) {
        let Some(state) = self.rooms.get(&room) else { return };
        let frame =
            ServerFrame::CursorUpdate { resource_id: state.name.to_string(), user_id: user, position };
        let frame = FrameText::control(&frame);
        state.send_volatile(Volatile::Cursor(room, user), &frame, |member| member.user != user);
    }

    fn tell_presence(&self, room: Room, user: UserId, action: &'static str) {
        let Some(state) = self.rooms.get(&room) else { return };
        let active_users = state.presence.users(self.options.presence_users_max);
        let resource_id = state.name.to_string();
        let frame = ServerFrame::PresenceUpdate { resource_id, user_id: user, action, active_users };
        let frame = FrameText::control(&frame);
        state.send_volatile(Volatile::Presence(room, user), &frame, |member| member.user != user);
    }
}
