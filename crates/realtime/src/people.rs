//! Presence and cursors of rooms: who sees whom come, go and point, and who is at the screen.
//!
//! What the people of a room are told is numbered. Comings and goings are told at once; whether somebody is at the screen
//! changes for many at a time, and is told once a second, in one frame.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::time::Duration;

use crisislens_model::frame::{Availability, PresentUser, ServerFrame};
use crisislens_model::{Room, Timestamp, UserId};

use crate::cursors::Move;
use crate::frame_text::FrameText;
use crate::neighbours::Heard;
use crate::outbox::Volatile;
use crate::presence::{has_passed, most_active};
use crate::room::RoomState;
use crate::state::{SessionKey, State};

/// How often it is looked whether people are at their screens.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How it stood with somebody in a room before something happened there.
pub(crate) struct Before {
    room: Room,
    user: UserId,
    /// Where they were here, what colleagues see of them.
    name: Option<String>,
    here: Option<Availability>,
    /// On whichever node.
    anywhere: Option<Availability>,
}

impl State {
    /// Notes a session's new room; tells it who is there, and the others that it came.
    pub(crate) fn enter(&mut self, key: SessionKey, room: Room) {
        let Some(connected) = self.sessions.get_mut(&key) else { return };
        connected.rooms.push(room);
        let viewer = connected.viewer.clone();
        if RoomState::shows_presence(&room) {
            let before = self.before(room, viewer.user);
            if let Some(state) = self.rooms.get_mut(&room) {
                state.presence.enter(viewer.user, &viewer.name);
            }
            self.settle(before, Some(key));
            self.tell_all(key, room);
        }
        self.report_sizes();
    }

    /// Tells a session who is in a room that it has joined; whether it has, and the room shows that.
    pub(crate) fn tell_all(&self, key: SessionKey, room: Room) -> bool {
        let Some(connected) = self.sessions.get(&key).filter(|connected| connected.rooms.contains(&room))
        else {
            return false;
        };
        let Some(state) = self.rooms.get(&room).filter(|_| RoomState::shows_presence(&room)) else {
            return false;
        };
        let frame = presence_state(&state.name, state.presence.seq(), self.present(&room));
        connected.outbox.push(frame);
        true
    }

    /// A session, or a lease, has left the room on purpose; the last one of a person takes the person along.
    pub(crate) fn depart(&mut self, room: Room, user: UserId) {
        let before = self.before(room, user);
        let Some(state) = self.rooms.get_mut(&room) else { return };
        if RoomState::shows_presence(&room) {
            state.presence.leave(user);
        }
        if !state.has(user) && !self.leases.contains_key(&(room, user)) {
            self.cursors.forget(room, user);
        }
        self.settle(before, None);
    }

    /// The people in a room, on this node and on others, as many as are told.
    pub(crate) fn present(&self, room: &Room) -> Vec<PresentUser> {
        let mut people = self.neighbours.as_ref().map(|them| them.users(room)).unwrap_or_default();
        for (user, name, state) in self.rooms.get(room).into_iter().flat_map(|state| state.presence.users()) {
            let there = people.entry(user).or_insert((name, state));
            *there = (name, there.1.min(state));
        }
        let named = |(user_id, (name, state)): (UserId, (&str, Availability))| PresentUser {
            user_id,
            name: name.to_owned(),
            state,
        };
        people.into_iter().take(self.options.presence_users_max).map(named).collect()
    }

    fn here(&self, room: &Room, user: UserId) -> Option<Availability> {
        self.rooms.get(room)?.presence.state(user)
    }

    /// Whether somebody is in a room, on whichever node, and at the screen.
    pub(crate) fn seen(&self, room: &Room, user: UserId) -> Option<Availability> {
        let elsewhere = self.neighbours.as_ref().and_then(|them| them.seen(room, user));
        most_active(self.here(room, user), elsewhere)
    }

    /// How it stands, for [`State::settle`] after what is about to happen.
    pub(crate) fn before(&self, room: Room, user: UserId) -> Before {
        let name = self.rooms.get(&room).and_then(|state| state.presence.name(user)).map(str::to_owned);
        Before { room, user, name, here: self.here(&room, user), anywhere: self.seen(&room, user) }
    }

    /// Tells what has become of it: other nodes, the room except one session, and the resource's story.
    pub(crate) fn settle(&mut self, before: Before, except: Option<SessionKey>) {
        let Before { room, user, name, here: was_here, anywhere: was_seen } = before;
        let state = self.rooms.get(&room).map(|state| &state.presence);
        let (here, new_name) =
            (state.and_then(|state| state.state(user)), state.and_then(|state| state.name(user)));
        if let Some(neighbours) = self.neighbours.as_mut().filter(|_| here != was_here) {
            match (here, new_name) {
                (Some(state), Some(name)) => neighbours.came(room, user, name, state),
                _ => neighbours.went(room, user),
            }
        }
        let is_seen = self.seen(&room, user);
        if was_seen.is_some() != is_seen.is_some()
            && let Some(visits) = &self.visits
            && let Some(name) = new_name.map(str::to_owned).or(name)
        {
            visits.tell(room, user, name, is_seen.is_some());
        }
        self.tell_change(room, user, (was_seen, is_seen), except);
    }

    /// Tells what came of another node's word.
    pub(crate) fn take_in(&mut self, heard: Heard) {
        for change in heard.changes {
            let (room, user) = (change.room, change.user);
            let here = self.here(&room, user);
            let change = (most_active(here, change.before), most_active(here, change.after));
            self.tell_change(room, user, change, None);
        }
        for moved in heard.moves {
            self.show_cursor(&moved);
        }
        for (room, user) in heard.let_go {
            self.let_go(room, user);
        }
    }

    /// Ends graces that are over and passes waiting cursors on.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        let grace = self.options.presence_grace;
        while let Some((since, room, user)) = self.leaving.front().copied() {
            if !has_passed(since, now, grace) {
                break;
            }
            self.leaving.pop_front();
            let before = self.before(room, user);
            let is_gone =
                self.rooms.get_mut(&room).is_some_and(|state| state.presence.expire(user, now, grace));
            if is_gone {
                self.cursors.forget(room, user);
                self.settle(before, None);
                self.prune(&room);
            }
        }
        self.expire_leases(now);
        if let Some(neighbours) = &mut self.neighbours {
            let silent = neighbours.expire(now);
            self.take_in(silent);
        }
        for moved in self.cursors.due(now) {
            self.pass_cursor(moved);
        }
        if self.looked_at.is_none_or(|last| now < last || has_passed(last, now, LOOK_EVERY)) {
            self.looked_at = Some(now);
            self.look_at_people(now);
        }
    }

    /// Finds out who is at the screen, and tells rooms in which that has changed.
    fn look_at_people(&mut self, now: Timestamp) {
        let (idle, away) = (self.options.idle_after, self.options.away_after);
        let mut found: HashMap<(Room, UserId), Availability> = HashMap::new();
        let mut note = |room: Room, user: UserId, state: Availability| {
            found.entry((room, user)).and_modify(|other| *other = state.min(*other)).or_insert(state);
        };
        for (room, state) in self.rooms.iter().filter(|(room, _)| RoomState::shows_presence(room)) {
            for member in &state.members {
                if let Some(connected) = self.sessions.get(&member.session) {
                    note(*room, member.user, connected.signs.state(now, idle, away));
                }
            }
        }
        for ((room, user), lease) in &self.leases {
            note(*room, *user, lease.signs.state(now, idle, away));
        }
        for ((room, user), state) in found {
            if self.here(&room, user).is_some_and(|before| before != state) {
                let before = self.before(room, user);
                if let Some(here) = self.rooms.get_mut(&room) {
                    here.presence.set_state(user, state);
                }
                self.settle(before, None);
            }
        }
        let is_due = |(room, state): (&Room, &RoomState)| state.presence.has_changes().then_some(*room);
        let due: Vec<Room> = self.rooms.iter().filter_map(is_due).collect();
        for room in due {
            self.tell_changes(room);
        }
    }

    /// Tells a room whose availability is another than it was told: of one person as an update, of more as a state.
    fn tell_changes(&mut self, room: Room) {
        let Some(state) = self.rooms.get_mut(&room) else { return };
        let mut changed = state.presence.take_changes();
        changed.retain(|(user, before)| self.seen(&room, *user).is_some_and(|state| state != *before));
        match changed.as_slice() {
            [] => {}
            [(user, _)] => self.tell_presence(room, Some((*user, "changed")), None),
            _ => self.tell_presence(room, None, None),
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
        let frame = ServerFrame::CursorUpdate { resource_id, user_id: *user, position: position.clone() };
        let frame = FrameText::control(&frame);
        state.send_volatile(Volatile::Cursor(*room, *user), &frame, |member| member.user != *user);
    }

    fn tell_change(
        &mut self,
        room: Room,
        user: UserId,
        change: (Option<Availability>, Option<Availability>),
        except: Option<SessionKey>,
    ) {
        match change {
            (None, Some(_)) => self.tell_presence(room, Some((user, "joined")), except),
            (Some(_), None) => self.tell_presence(room, Some((user, "left")), except),
            (Some(before), Some(after)) if before != after => {
                if let Some(state) = self.rooms.get_mut(&room) {
                    state.presence.note_change(user, before);
                }
            }
            _ => {}
        }
    }

    /// Tells a room what somebody did, or where nobody is named all of it. For whom a frame waits, all of it takes that one's
    /// place: what is merged must not leave a gap.
    fn tell_presence(
        &mut self,
        room: Room,
        what: Option<(UserId, &'static str)>,
        except: Option<SessionKey>,
    ) {
        let Some(state) = self.rooms.get_mut(&room) else { return };
        let seq = state.presence.next_seq();
        if state.members.is_empty() {
            return;
        }
        let active_users = self.present(&room);
        let Some(state) = self.rooms.get(&room) else { return };
        let whole = OnceCell::new();
        let whole = || whole.get_or_init(|| presence_state(&state.name, seq, active_users.clone())).clone();
        let frame = match what {
            None => whole(),
            Some((user_id, action)) => {
                let (resource_id, active_users) = (state.name.to_string(), active_users.clone());
                let frame = ServerFrame::PresenceUpdate { resource_id, seq, user_id, action, active_users };
                FrameText::control(&frame)
            }
        };
        for member in state.members.iter().filter(|member| Some(member.session) != except) {
            member.outbox.push_presence(room, &frame, whole);
        }
    }
}

fn presence_state(name: &str, seq: u64, users: Vec<PresentUser>) -> FrameText {
    FrameText::control(&ServerFrame::PresenceState { resource_id: name.to_owned(), seq, users })
}
