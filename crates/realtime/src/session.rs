//! A session: one connection as its transport sees it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crisislens_model::frame::{Availability, ServerFrame};
use crisislens_model::{ItemFilter, Position, Room, Timestamp};
use serde_json::Value;

use crate::access::{self, Viewer};
use crate::close;
use crate::frame_text::{FrameText, Outgoing};
use crate::hub::Hub;
use crate::joining::{JoinOutcome, Refusal, Start, Wanted};
use crate::leases::CursorRefusal;
use crate::outbox::{Flushed, Outbox};
use crate::shard::SessionKey;
use crate::vector;

/// Of a room's name that is refused, so much is repeated in the answer.
const MAX_ROOM_CHARS: usize = 100;

/// One connection. Dropping it disconnects: it leaves its rooms, and presence ends after the grace.
pub struct Session {
    id: String,
    key: SessionKey,
    viewer: Viewer,
    outbox: Arc<Outbox>,
    hub: Arc<Hub>,
}

impl Session {
    pub(crate) fn new(
        id: String,
        key: SessionKey,
        viewer: Viewer,
        outbox: Arc<Outbox>,
        hub: Arc<Hub>,
    ) -> Self {
        Self { id, key, viewer, outbox, hub }
    }

    /// Its name, as in its `connection` frame.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Who is connected.
    #[must_use]
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// What to write next; waits for it. `None` after [`Outgoing::Close`]. Cancel safe: nothing is taken before the
    /// future is ready.
    pub async fn next(&mut self) -> Option<Outgoing> {
        loop {
            if let Some(outgoing) = self.outbox.take() {
                return Some(outgoing);
            }
            if self.outbox.has_ended() {
                return None;
            }
            self.outbox.changed().await;
        }
    }

    /// What to write next, if anything waits: lets a transport gather frames for one write.
    pub fn try_next(&mut self) -> Option<Outgoing> {
        self.outbox.take()
    }

    /// Returns when something may wait for [`Session::flush`].
    pub async fn changed(&self) {
        self.outbox.changed().await;
    }

    /// Lets what the session is told wait for the next [`Session::flush`], which the caller sees to: so answers to several frames
    /// go out as one write.
    pub fn hold(&self) {
        self.outbox.hold();
    }

    /// Writes what waits to the sink of a session from [`Hub::connect_direct`]; for any other it is [`Flushed::Gone`].
    pub fn flush(&self) -> Flushed {
        self.outbox.flush()
    }

    /// Puts bytes of the transport's own (a ping, a pong) in order with the frames of a session from [`Hub::connect_direct`].
    pub fn send_raw(&self, bytes: Bytes) {
        self.outbox.push_raw(bytes);
    }

    /// Queues the `connection` frame, which every connection begins with.
    pub fn greet(&self, heartbeat: Duration) {
        self.send(&ServerFrame::Connection {
            status: "connected",
            session: self.id.clone(),
            user_id: self.viewer.user,
            heartbeat_s: heartbeat.as_secs(),
            node: self.hub.node().to_owned(),
            at: self.hub.now(),
        });
    }

    /// Answers a `ping`. Where nothing waits, it tells the position of all rooms that the session is in: a client in quiet rooms, or with
    /// a filter that lets nothing through, keeps one that history still reaches.
    pub fn pong(&self, at: Timestamp) {
        // Under the lock, so that no event comes between the position and its frame.
        let shard = self.hub.shards.of(self.key);
        let position = shard.settled_position(self.key).map(Position::encode);
        self.outbox.push(FrameText::control(&ServerFrame::Pong { at, position }));
    }

    /// Queues a frame of the transport's own (an `error`) in order with the others.
    pub fn send(&self, frame: &ServerFrame) {
        self.outbox.push(FrameText::control(frame));
    }

    /// Joins a room: live from now, or from `position` on. Joining again replaces filter and position.
    ///
    /// The session gets `joined_room` first, then what it missed, in order, then what comes; or `recovered: false` and
    /// `resync`; or an `error`. A position belongs to its room: a client keeps one for each.
    pub fn join(&self, room: &str, position: Option<&str>, filter: Option<ItemFilter>) -> JoinOutcome {
        let start = match position.map(Position::decode) {
            None => Ok(Start::Now),
            Some(Ok(position)) => Ok(Start::After(position)),
            Some(Err(_)) => Err(Refusal::InvalidPosition),
        };
        self.enter(room, start, filter)
    }

    /// The same for a client that repeats its last position for ever, as browsers do: of one that CrisisLens has not given out it is
    /// told `resync`, and goes on from now.
    pub fn join_or_resync(
        &self,
        room: &str,
        position: Option<&str>,
        filter: Option<ItemFilter>,
    ) -> JoinOutcome {
        let start = position.map_or(Start::Now, |position| {
            Position::decode(position).map_or(Start::Lost(Refusal::InvalidPosition.code()), Start::After)
        });
        self.enter(room, Ok(start), filter)
    }

    fn enter(&self, room: &str, start: Result<Start, Refusal>, filter: Option<ItemFilter>) -> JoinOutcome {
        let outcome = match self.may_join(room).and_then(|room| Ok((room, start?))) {
            Ok((room, start)) => {
                let filter = filter.filter(|filter| !filter.is_empty());
                self.hub.sign(self.key, |connected, now| connected.signs.touch(now));
                self.hub.join(self.key, Wanted { room, start, filter })
            }
            Err(refusal) => JoinOutcome::Refused(refusal),
        };
        if let JoinOutcome::Refused(refusal) = outcome {
            self.send(&ServerFrame::Error {
                code: refusal.code(),
                message: refusal.message().to_owned(),
                room: Some(room.chars().take(MAX_ROOM_CHARS).collect()),
                retry_after: None,
            });
        }
        outcome
    }

    fn may_join(&self, room: &str) -> Result<Room, Refusal> {
        let room: Room = room.parse().map_err(|_| Refusal::UnknownRoom)?;
        if !access::may_join(&self.viewer, &room) {
            return Err(Refusal::Forbidden);
        }
        Ok(room)
    }

    /// Leaves a room; `left_room` follows what waits of it, and what it missed and has not been told yet is not told. Leaving a room it is not in does nothing.
    pub fn leave(&self, room: &str) -> bool {
        let Ok(room) = room.parse::<Room>() else { return false };
        let left = self.hub.leave(self.key, room);
        if left {
            self.outbox.push(FrameText::control(&ServerFrame::LeftRoom { room: room.to_string() }));
        }
        left
    }

    /// Takes a fresh token's person: rooms that they may not listen to any more are left with an `error`. A token of
    /// another person closes the session.
    pub fn renew(&mut self, viewer: Viewer) {
        if viewer.user != self.viewer.user {
            self.outbox.close(close::POLICY);
            return;
        }
        self.viewer = viewer;
        let lost = {
            let mut shard = self.hub.shards.of(self.key);
            let Some(connected) = shard.sessions.get_mut(&self.key) else { return };
            connected.viewer = self.viewer.clone();
            let lost = |room: &Room| !access::may_join(&self.viewer, room);
            connected.rooms.iter().copied().filter(lost).collect::<Vec<Room>>()
        };
        for room in lost {
            self.hub.leave(self.key, room);
            self.send(&ServerFrame::Error {
                code: Refusal::Forbidden.code(),
                message: format!("{room} is closed to you now"),
                room: Some(room.to_string()),
                retry_after: None,
            });
        }
    }

    /// Moves the person's cursor in a room they are in. Not stored; passed on at the pace that the options set.
    pub fn cursor(&self, room: &str, position: Value) {
        if let Err(refusal) = self.try_cursor(room, position) {
            self.send(&ServerFrame::error(refusal.code(), refusal.message()));
        }
    }

    fn try_cursor(&self, room: &str, position: Value) -> Result<(), CursorRefusal> {
        let room: Room = room.parse().map_err(|_| CursorRefusal::Room(Refusal::UnknownRoom))?;
        if position.to_string().len() > self.hub.options.cursor_bytes_max {
            return Err(CursorRefusal::TooLarge);
        }
        let mut is_in = false;
        self.hub.sign(self.key, |connected, now| {
            is_in = connected.rooms.contains(&room);
            if is_in {
                connected.signs.say(Availability::Active, now);
            }
        });
        if !is_in {
            return Err(CursorRefusal::NotJoined);
        }
        self.hub.cursor(room, self.viewer.user, position);
        Ok(())
    }

    /// The client says whether its person is there. The rooms hear of it within a second, if it makes a difference: another
    /// connection of theirs may say more.
    pub fn say(&self, state: Availability) {
        self.hub.sign(self.key, |connected, now| connected.signs.say(state, now));
    }

    /// Tells who is in a room, with `presence_state`, or says with an `error` why it cannot.
    pub fn tell_presence(&self, room: &str) {
        let told = room.parse::<Room>().is_ok_and(|room| self.hub.tell_all(self.key, room));
        if !told {
            let message = "join a room that shows who is there before asking for them";
            self.send(&ServerFrame::error(CursorRefusal::NotJoined.code(), message));
        }
    }

    /// From where the client could resume `room` if it has read everything taken so far; `None` while frames wait, or
    /// when it is not in the room. For heartbeats (`id:` of server-sent events): in a quiet room it keeps the client's
    /// position from growing too old for the history.
    #[must_use]
    pub fn position(&self, room: &str) -> Option<String> {
        let room: Room = room.parse().ok()?;
        let shard = self.hub.shards.of(self.key);
        let member = shard.rooms.get(&room)?.members.get(&self.key)?;
        if !self.outbox.is_drained() {
            return None;
        }
        Some(match &member.ahead {
            Some(ahead) => vector::merged(&shard.position, &ahead.position).encode(),
            None => shard.position.encode(),
        })
    }

    /// Whether everything that it was told is written.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.outbox.is_drained()
    }

    /// Closes the session at once, unsent frames included; for instance when its token has ended.
    pub fn close(&self, code: u16) {
        self.outbox.close(code);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.hub.disconnect(self.key);
    }
}
