//! Presence and cursors of rooms: who sees whom come, go and point. One for the whole node, whatever shard a session is in, under a
//! lock that events do not wait for.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crisislens_model::frame::{PresentUser, ServerFrame};
use crisislens_model::{Room, Timestamp, UserId};

use crate::access::Viewer;
use crate::cursors::{Cursors, Move};
use crate::frame_text::FrameText;
use crate::neighbours::{Heard, Neighbours};
use crate::options::HubOptions;
use crate::outbox::{Outbox, Volatile};
use crate::presence::Presence;
use crate::shard::Shards;

/// The people of a node's rooms.
#[derive(Debug)]
pub(crate) struct People {
    /// Rooms with somebody in them, or somebody whose grace is not over.
    rooms: HashMap<Room, Presence>,
    pub(crate) cursors: Cursors,
    /// The other nodes, where there may be some.
    pub(crate) neighbours: Option<Neighbours>,
    /// Broken presences with the time they began, oldest first.
    leaving: VecDeque<(Timestamp, Room, UserId)>,
    grace: Duration,
    users_max: usize,
}

impl People {
    pub(crate) fn new(options: &HubOptions) -> Self {
        Self {
            rooms: HashMap::new(),
            cursors: Cursors::new(options.cursors_per_second),
            neighbours: None,
            leaving: VecDeque::new(),
            grace: options.presence_grace,
            users_max: options.presence_users_max,
        }
    }

    /// The rooms with people in them.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = Room> {
        self.rooms.keys().copied()
    }

    /// A session has joined a room; it is told who is there, and the others that it came.
    pub(crate) fn enter(&mut self, shards: &Shards, room: Room, viewer: &Viewer, outbox: &Outbox) {
        let is_new = self.rooms.entry(room).or_default().enter(viewer.user, &viewer.name);
        let frame = ServerFrame::PresenceState { resource_id: room.to_string(), users: self.present(&room) };
        outbox.push(FrameText::control(&frame));
        if is_new {
            self.came(shards, room, viewer.user, &viewer.name);
        }
    }

    /// A session has left the room on purpose; the last one of a person takes the person along.
    pub(crate) fn depart(&mut self, shards: &Shards, room: Room, user: UserId) {
        if self.rooms.get_mut(&room).is_some_and(|presence| presence.leave(user)) {
            self.forget(room, user);
            self.went(shards, room, user);
        }
    }

    /// A session's connection broke; the last one of a person begins their grace.
    pub(crate) fn lose(&mut self, room: Room, user: UserId, now: Timestamp) {
        if self.rooms.get_mut(&room).is_some_and(|presence| presence.lose(user, now)) {
            self.leaving.push_back((now, room, user));
        }
    }

    fn forget(&mut self, room: Room, user: UserId) {
        self.cursors.forget(room, user);
        if self.rooms.get(&room).is_some_and(Presence::is_empty) {
            self.rooms.remove(&room);
        }
    }

    /// The people in a room, on this node and on others, as many as are told.
    pub(crate) fn present(&self, room: &Room) -> Vec<PresentUser> {
        let mut people = self.neighbours.as_ref().map(|them| them.users(room)).unwrap_or_default();
        people.extend(self.rooms.get(room).into_iter().flat_map(Presence::users));
        let named = |(user_id, name): (UserId, &str)| PresentUser { user_id, name: name.to_owned() };
        people.into_iter().take(self.users_max).map(named).collect()
    }

    /// What other nodes are to be told now.
    pub(crate) fn say(&mut self, now: Timestamp) -> Vec<String> {
        let Self { rooms, neighbours, .. } = self;
        let Some(neighbours) = neighbours else { return Vec::new() };
        let everybody = || {
            let named = |(user_id, name): (UserId, &str)| PresentUser { user_id, name: name.to_owned() };
            let of_room = |(room, presence): (&Room, &Presence)| -> Vec<_> {
                presence.users().map(|user| (*room, named(user))).collect()
            };
            rooms.iter().flat_map(of_room).collect()
        };
        neighbours.say(everybody, now)
    }

    /// Somebody came into a room of this node.
    fn came(&mut self, shards: &Shards, room: Room, user: UserId, name: &str) {
        let was_elsewhere = self.neighbours.as_mut().is_some_and(|them| {
            them.came(room, user, name);
            them.has(&room, user)
        });
        if !was_elsewhere {
            self.tell(shards, room, user, "joined");
        }
    }

    /// Somebody is in a room of this node no more.
    fn went(&mut self, shards: &Shards, room: Room, user: UserId) {
        let is_elsewhere = self.neighbours.as_mut().is_some_and(|them| {
            them.went(room, user);
            them.has(&room, user)
        });
        if !is_elsewhere {
            self.tell(shards, room, user, "left");
        }
    }

    /// Tells what came of another node's word.
    pub(crate) fn take_in(&mut self, shards: &Shards, heard: Heard) {
        let here =
            |room: &Room, user: UserId| self.rooms.get(room).is_some_and(|presence| presence.has(user));
        for (people, action) in [(heard.went, "left"), (heard.came, "joined")] {
            for (room, user) in people {
                if !here(&room, user) {
                    self.tell(shards, room, user, action);
                }
            }
        }
        for moved in heard.moves {
            self.show_cursor(shards, &moved);
        }
    }

    /// Ends graces that are over and passes waiting cursors on.
    pub(crate) fn tick(&mut self, shards: &Shards, now: Timestamp) {
        while let Some((since, room, user)) = self.leaving.front().copied() {
            if !crate::presence::has_passed(since, now, self.grace) {
                break;
            }
            self.leaving.pop_front();
            let presence = self.rooms.get_mut(&room);
            if presence.is_some_and(|presence| presence.expire(user, now, self.grace)) {
                self.forget(room, user);
                self.went(shards, room, user);
            }
        }
        if let Some(neighbours) = &mut self.neighbours {
            let silent = neighbours.expire(now);
            self.take_in(shards, silent);
        }
        for moved in self.cursors.due(now) {
            self.pass_cursor(shards, moved);
        }
    }

    /// Passes a cursor to the other people of its room, those on other nodes too.
    pub(crate) fn pass_cursor(&mut self, shards: &Shards, moved: Move) {
        self.show_cursor(shards, &moved);
        if let Some(neighbours) = &mut self.neighbours {
            let (room, user, position) = moved;
            neighbours.moved(room, user, position);
        }
    }

    fn show_cursor(&self, shards: &Shards, (room, user, position): &Move) {
        let frame = ServerFrame::CursorUpdate {
            resource_id: room.to_string(),
            user_id: *user,
            position: position.clone(),
        };
        let frame = FrameText::control(&frame);
        shards.send_volatile(room, Volatile::Cursor(*room, *user), &frame, |member| member.user != *user);
    }

    fn tell(&self, shards: &Shards, room: Room, user: UserId, action: &'static str) {
        let active_users = self.present(&room);
        let resource_id = room.to_string();
        let frame = ServerFrame::PresenceUpdate { resource_id, user_id: user, action, active_users };
        let frame = FrameText::control(&frame);
        shards.send_volatile(&room, Volatile::Presence(room, user), &frame, |member| member.user != user);
    }
}
