//! Presence and cursors of rooms: who sees whom come, go and point, and who is at the screen.
//!
//! What the people of a room are told is numbered. Comings and goings are told at once, unless there are too many; whether somebody is at the screen
//! changes for many at a time, and is told once a second, in one frame.
//!
//! All of it is one for the node, whatever shard a session is in, and under a lock that events do not wait for.

use std::cell::OnceCell;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crisislens_model::frame::{Availability, PresentUser, ServerFrame};
use crisislens_model::{Room, Timestamp, UserId};

use crate::access::Viewer;
use crate::cursors::{Cursors, Move};
use crate::frame_text::FrameText;
use crate::leases::Lease;
use crate::neighbours::{Heard, Neighbours};
use crate::options::HubOptions;
use crate::outbox::Volatile;
use crate::presence::{Presence, has_passed, most_active};
use crate::room::RoomState;
use crate::shard::{SessionKey, Shards};
use crate::visits::Visits;

/// How often it is looked whether people are at their screens.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Once a room's members got so many frames of comings and goings between two ticks, the rest is told with a later one, in one frame: a
/// crowd that comes into one room would else be told of a crowd, one by one.
const TOLD_AT_ONCE: usize = 512;

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

/// The people of a node's rooms.
#[derive(Debug)]
pub(crate) struct People {
    pub(crate) options: HubOptions,
    /// Rooms with somebody in them, or somebody whose grace is not over.
    pub(crate) rooms: HashMap<Room, Presence>,
    pub(crate) cursors: Cursors,
    /// The other nodes, where there may be some.
    pub(crate) neighbours: Option<Neighbours>,
    /// Broken presences with the time they began, oldest first.
    leaving: VecDeque<(Timestamp, Room, UserId)>,
    /// People without a connection, by room.
    pub(crate) leases: HashMap<(Room, UserId), Lease>,
    /// Where comings and goings are kept, if they are.
    pub(crate) visits: Option<Visits>,
    /// When it was last looked whether people are at their screens.
    looked_at: Option<Timestamp>,
    /// Rooms that were told of people lately.
    told: Vec<Room>,
}

impl People {
    pub(crate) fn new(options: HubOptions) -> Self {
        Self {
            cursors: Cursors::new(options.cursors_per_second),
            options,
            rooms: HashMap::new(),
            neighbours: None,
            leaving: VecDeque::new(),
            leases: HashMap::new(),
            visits: None,
            looked_at: None,
            told: Vec::new(),
        }
    }

    /// A session has joined a room; it is told who is there, and the others that it came.
    pub(crate) fn enter(&mut self, shards: &Shards, room: Room, key: SessionKey, viewer: &Viewer) {
        let before = self.before(room, viewer.user);
        self.rooms.entry(room).or_default().enter(viewer.user, &viewer.name);
        self.settle(shards, before, Some(key));
        self.tell_all(shards, key, room);
    }

    /// Tells a session who is in a room that it has joined; whether it has, and the room shows that.
    pub(crate) fn tell_all(&self, shards: &Shards, key: SessionKey, room: Room) -> bool {
        if !RoomState::shows_presence(&room) {
            return false;
        }
        let shard = shards.of(key);
        let Some(connected) = shard.sessions.get(&key).filter(|connected| connected.rooms.contains(&room))
        else {
            return false;
        };
        let seq = self.rooms.get(&room).map_or(0, Presence::seq);
        connected.outbox.push(presence_state(room, seq, self.present(&room)));
        true
    }

    /// A session, or a lease, has left the room on purpose; the last one of a person takes the person along.
    pub(crate) fn depart(&mut self, shards: &Shards, room: Room, user: UserId) {
        let before = self.before(room, user);
        let Some(presence) = self.rooms.get_mut(&room) else { return };
        presence.leave(user);
        if presence.state(user).is_none() {
            self.cursors.forget(room, user);
        }
        self.settle(shards, before, None);
        self.prune(&room);
    }

    /// A session's connection broke; the last one of a person begins their grace.
    pub(crate) fn lose(&mut self, room: Room, user: UserId, now: Timestamp) {
        if self.rooms.get_mut(&room).is_some_and(|presence| presence.lose(user, now)) {
            self.leaving.push_back((now, room, user));
        }
    }

    /// Forgets a room without people.
    fn prune(&mut self, room: &Room) {
        if self.rooms.get(room).is_some_and(Presence::is_empty) {
            self.rooms.remove(room);
        }
    }

    /// The people in a room, on this node and on others, as many as are told.
    pub(crate) fn present(&self, room: &Room) -> Vec<PresentUser> {
        let mut people = self.neighbours.as_ref().map(|them| them.users(room)).unwrap_or_default();
        for (user, name, state) in self.rooms.get(room).into_iter().flat_map(Presence::users) {
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

    /// What other nodes are to be told now.
    pub(crate) fn say(&mut self, now: Timestamp) -> Vec<String> {
        let Self { rooms, neighbours, .. } = self;
        let Some(neighbours) = neighbours else { return Vec::new() };
        let everybody = || {
            let mut people = Vec::new();
            for (room, presence) in rooms.iter() {
                people.extend(presence.users().map(|(user_id, name, state)| {
                    (*room, PresentUser { user_id, name: name.to_owned(), state })
                }));
            }
            people
        };
        neighbours.say(everybody, now)
    }

    fn here(&self, room: &Room, user: UserId) -> Option<Availability> {
        self.rooms.get(room)?.state(user)
    }

    /// Whether somebody is in a room, on whichever node, and at the screen.
    pub(crate) fn seen(&self, room: &Room, user: UserId) -> Option<Availability> {
        let elsewhere = self.neighbours.as_ref().and_then(|them| them.seen(room, user));
        most_active(self.here(room, user), elsewhere)
    }

    /// How it stands, for [`People::settle`] after what is about to happen.
    pub(crate) fn before(&self, room: Room, user: UserId) -> Before {
        let name = self.rooms.get(&room).and_then(|presence| presence.name(user)).map(str::to_owned);
        Before { room, user, name, here: self.here(&room, user), anywhere: self.seen(&room, user) }
    }

    /// Tells what has become of it: other nodes, the room except one session, and the resource's story.
    pub(crate) fn settle(&mut self, shards: &Shards, before: Before, except: Option<SessionKey>) {
        let Before { room, user, name, here: was_here, anywhere: was_seen } = before;
        let presence = self.rooms.get(&room);
        let (here, new_name) =
            (presence.and_then(|here| here.state(user)), presence.and_then(|here| here.name(user)));
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
        self.tell_change(shards, room, user, (was_seen, is_seen), except);
    }

    /// Tells what came of another node's word.
    pub(crate) fn take_in(&mut self, shards: &Shards, heard: Heard) {
        for change in heard.changes {
            let (room, user) = (change.room, change.user);
            let here = self.here(&room, user);
            let change = (most_active(here, change.before), most_active(here, change.after));
            self.tell_change(shards, room, user, change, None);
        }
        for moved in heard.moves {
            Self::show_cursor(shards, &moved);
        }
        for (room, user) in heard.let_go {
            self.let_go(shards, room, user);
        }
    }

    /// Ends graces that are over and passes waiting cursors on.
    pub(crate) fn tick(&mut self, shards: &Shards, now: Timestamp) {
        let grace = self.options.presence_grace;
        while let Some((since, room, user)) = self.leaving.front().copied() {
            if !has_passed(since, now, grace) {
                break;
            }
            self.leaving.pop_front();
            let before = self.before(room, user);
            let presence = self.rooms.get_mut(&room);
            if presence.is_some_and(|presence| presence.expire(user, now, grace)) {
                self.cursors.forget(room, user);
                self.settle(shards, before, None);
                self.prune(&room);
            }
        }
        self.expire_leases(shards, now);
        if let Some(neighbours) = &mut self.neighbours {
            let silent = neighbours.expire(now);
            self.take_in(shards, silent);
        }
        for moved in self.cursors.due(now) {
            self.pass_cursor(shards, moved);
        }
        self.catch_up(shards);
        if self.looked_at.is_none_or(|last| now < last || has_passed(last, now, LOOK_EVERY)) {
            self.looked_at = Some(now);
            self.look_at_people(shards, now);
        }
    }

    /// Tells rooms what happened while they were told too much, all in one.
    fn catch_up(&mut self, shards: &Shards) {
        for room in std::mem::take(&mut self.told) {
            let Some(presence) = self.rooms.get_mut(&room) else { continue };
            let (is_quiet, is_behind) = presence.recover(TOLD_AT_ONCE);
            if is_behind {
                self.tell_presence(shards, room, None, None);
            } else if !is_quiet {
                self.told.push(room);
            }
        }
    }

    /// Finds out who is at the screen, and tells rooms in which that has changed.
    fn look_at_people(&mut self, shards: &Shards, now: Timestamp) {
        let (idle, away) = (self.options.idle_after, self.options.away_after);
        let mut found: HashMap<(Room, UserId), Availability> = HashMap::new();
        let mut note = |room: Room, user: UserId, state: Availability| {
            found.entry((room, user)).and_modify(|other| *other = state.min(*other)).or_insert(state);
        };
        for shard in shards.each() {
            for connected in shard.sessions.values() {
                let state = connected.signs.state(now, idle, away);
                for room in connected.rooms.iter().filter(|room| RoomState::shows_presence(room)) {
                    note(*room, connected.viewer.user, state);
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
                    here.set_state(user, state);
                }
                self.settle(shards, before, None);
            }
        }
        let is_due = |(room, presence): (&Room, &Presence)| presence.has_changes().then_some(*room);
        let due: Vec<Room> = self.rooms.iter().filter_map(is_due).collect();
        for room in due {
            self.tell_changes(shards, room);
        }
    }

    /// Tells a room whose availability is another than it was told: of one person as an update, of more as a state.
    fn tell_changes(&mut self, shards: &Shards, room: Room) {
        let Some(presence) = self.rooms.get_mut(&room) else { return };
        let mut changed = presence.take_changes();
        changed.retain(|(user, before)| self.seen(&room, *user).is_some_and(|state| state != *before));
        match changed.as_slice() {
            [] => {}
            [(user, _)] => self.tell_presence(shards, room, Some((*user, "changed")), None),
            _ => self.tell_presence(shards, room, None, None),
        }
    }

    /// Takes a person's move, which is passed on now or, when they move faster than is passed on, a little later.
    pub(crate) fn move_cursor(&mut self, shards: &Shards, moved: Move, now: Timestamp) {
        if let Some(moved) = self.cursors.moved(moved, now) {
            self.pass_cursor(shards, moved);
        }
    }

    /// Passes a cursor to the other people of its room, those on other nodes too.
    fn pass_cursor(&mut self, shards: &Shards, moved: Move) {
        Self::show_cursor(shards, &moved);
        if let Some(neighbours) = &mut self.neighbours {
            let (room, user, position) = moved;
            neighbours.moved(room, user, position);
        }
    }

    fn show_cursor(shards: &Shards, (room, user, position): &Move) {
        let (resource_id, position) = (room.to_string(), position.clone());
        let frame = FrameText::control(&ServerFrame::CursorUpdate { resource_id, user_id: *user, position });
        shards.each_member(room, |_, member| {
            if member.user != *user {
                member.outbox.push_volatile(Volatile::Cursor(*room, *user), frame.clone());
            }
        });
    }

    fn tell_change(
        &mut self,
        shards: &Shards,
        room: Room,
        user: UserId,
        change: (Option<Availability>, Option<Availability>),
        except: Option<SessionKey>,
    ) {
        match change {
            (None, Some(_)) => self.tell_presence(shards, room, Some((user, "joined")), except),
            (Some(_), None) => self.tell_presence(shards, room, Some((user, "left")), except),
            (Some(before), Some(after)) if before != after => {
                if let Some(presence) = self.rooms.get_mut(&room) {
                    presence.note_change(user, before);
                }
            }
            _ => {}
        }
    }

    /// Tells a room what somebody did, or where nobody is named all of it. For whom a frame waits, all of it takes that one's
    /// place: what is merged must not leave a gap.
    fn tell_presence(
        &mut self,
        shards: &Shards,
        room: Room,
        what: Option<(UserId, &'static str)>,
        except: Option<SessionKey>,
    ) {
        let Some(presence) = self.rooms.get_mut(&room) else { return };
        if !presence.may_tell(TOLD_AT_ONCE) {
            return;
        }
        let seq = presence.next_seq();
        let people: OnceCell<Vec<PresentUser>> = OnceCell::new();
        let people = || people.get_or_init(|| self.present(&room)).clone();
        let (whole, change) = (OnceCell::new(), OnceCell::new());
        let whole = || whole.get_or_init(|| presence_state(room, seq, people())).clone();
        let update = |(user_id, action)| {
            let (resource_id, active_users) = (room.to_string(), people());
            FrameText::control(&ServerFrame::PresenceUpdate {
                resource_id,
                seq,
                user_id,
                action,
                active_users,
            })
        };
        let mut told = 0;
        shards.each_member(&room, |session, member| {
            if Some(session) != except {
                told += 1;
                let frame = change.get_or_init(|| what.map_or_else(whole, update));
                member.outbox.push_presence(room, frame, whole);
            }
        });
        if self.rooms.get_mut(&room).is_some_and(|presence| presence.note_told(told)) {
            self.told.push(room);
        }
    }
}

fn presence_state(room: Room, seq: u64, users: Vec<PresentUser>) -> FrameText {
    FrameText::control(&ServerFrame::PresenceState { resource_id: room.to_string(), seq, users })
}
