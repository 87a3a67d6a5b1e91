//! The queue between the hub and one session. Putting never waits: what does not fit closes the session.
//!
//! A session with a [`Direct`] sink has no queue while its connection keeps up: what is put is written at once, by whoever puts
//! it. Only what the connection does not take waits, and then everything after it.

use std::slice;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::{Buf, Bytes};
use crisislens_model::{Room, UserId};
use tokio::sync::Notify;

use crate::burst::Burst;
use crate::close;
use crate::events;
use crate::frame_text::{FrameText, Outgoing, Wire};
use crate::options::{HubOptions, QueueLimits};
use crate::queue::{Closing, Entry, Queue};
use crate::replay::Replay;
use crate::sink::Direct;

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It is written, or waits for the transport.
    Queued,
    /// The session is closed or closing.
    Closed,
}

/// Of frames with one key only the latest waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Volatile {
    /// A person's cursor in a room.
    Cursor(Room, UserId),
    /// Who is in a room.
    Presence(Room),
}

/// How far a session's connection has taken what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flushed {
    /// Nothing waits.
    Done,
    /// It takes no more now.
    Blocked {
        /// So many bytes it has taken before.
        took: usize,
    },
    /// Nothing waits, and the session has ended: close with this code. Told once.
    Ended {
        /// One of [`crate::close`].
        code: u16,
        /// The sentence that goes with it.
        reason: &'static str,
    },
    /// The connection is gone, or the end has been told before.
    Gone,
}

/// One session's queue.
#[derive(Debug)]
pub(crate) struct Outbox {
    session: String,
    direct: Option<Direct>,
    limits: QueueLimits,
    /// Holds while missed events are replayed: live ones may pile up as far as the history itself.
    catching_up_limits: QueueLimits,
    volatile_frames: usize,
    queue: Mutex<Queue>,
    /// Wakes the transport when the queue was empty.
    wake: Notify,
}

impl Outbox {
    pub(crate) fn new(
        session: String,
        limits: QueueLimits,
        options: &HubOptions,
        direct: Option<Direct>,
    ) -> Self {
        let catching_up_limits = QueueLimits {
            frames: limits.frames.max(options.history.records),
            bytes: limits.bytes.max(options.history.bytes),
            ..limits
        };
        Self {
            session,
            direct,
            limits,
            catching_up_limits,
            volatile_frames: options.volatile_frames,
            queue: Mutex::default(),
            wake: Notify::new(),
        }
    }

    /// The session's name.
    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    /// Whether the hub writes to the connection itself.
    pub(crate) fn is_direct(&self) -> bool {
        self.direct.is_some()
    }

    /// Puts a frame that must not be lost; on overflow the queue is dropped and the session told to come back.
    pub(crate) fn push(&self, frame: FrameText) -> Pushed {
        self.put(self.queue(), slice::from_ref(&frame), |wire| frame.wire(wire).clone())
    }

    /// As [`Outbox::push`], but what the connection would take at once waits for [`Outbox::let_out`]: whether the caller is to see to
    /// that.
    pub(crate) fn hold_back(&self, frame: FrameText) -> (Pushed, bool) {
        let mut queue = self.queue();
        let begins = self.is_direct() && queue.is_free();
        queue.is_held_back |= begins;
        (self.put(queue, slice::from_ref(&frame), |wire| frame.wire(wire).clone()), begins)
    }

    /// Writes what was held back, as far as the connection takes it.
    pub(crate) fn let_out(&self) {
        let mut queue = self.queue();
        let Some(direct) = self.direct.as_ref().filter(|_| std::mem::take(&mut queue.is_held_back)) else {
            return;
        };
        if queue.is_held {
            return;
        }
        let needs_transport =
            !matches!(queue.write_out(direct, self.limits), Flushed::Done) || queue.closing.is_some();
        drop(queue);
        if needs_transport {
            self.wake.notify_one();
        }
    }

    /// Puts frames that must not be lost, with one write where the connection keeps up.
    pub(crate) fn push_burst(&self, burst: &Burst) -> Pushed {
        self.put(self.queue(), burst.frames(), |wire| burst.wire(wire))
    }

    fn put(
        &self,
        mut queue: MutexGuard<'_, Queue>,
        frames: &[FrameText],
        whole: impl FnOnce(Wire) -> Bytes,
    ) -> Pushed {
        if queue.closing.is_some() {
            return Pushed::Closed;
        }
        if let Some(direct) = self.direct.as_ref().filter(|_| queue.is_free()) {
            return self.write(direct, whole(direct.wire), queue);
        }
        let wakes = queue.is_empty() && !queue.waits_on_purpose();
        if wakes {
            self.note_reading(&mut queue);
        }
        for frame in frames {
            if queue.waits_on_purpose()
                && !self.takes(&queue, frame)
                && let Some(direct) = &self.direct
            {
                // What is held is no backlog: the connection may well take it.
                queue.write_out(direct, self.limits);
            }
            if queue.closing.is_some() {
                return Pushed::Closed;
            }
            if self.takes(&queue, frame) {
                queue.put(frame.clone());
                continue;
            }
            queue.close_now(close::SLOW_CONSUMER);
            drop(queue);
            events::slow_closed(&self.session);
            self.wake.notify_one();
            return Pushed::Closed;
        }
        drop(queue);
        if wakes {
            self.wake.notify_one();
        }
        Pushed::Queued
    }

    /// Whether a frame may wait. One always may.
    fn takes(&self, queue: &Queue, frame: &FrameText) -> bool {
        let limits = if queue.catching_up { self.catching_up_limits } else { self.limits };
        let bytes = queue.bytes + queue.unsent.len() + frame.size();
        queue.frames == 0 || (queue.frames < limits.frames && bytes <= limits.bytes) || {
            let is_reading = queue.read_at.is_some_and(|at| at.elapsed() < limits.patience);
            is_reading && bytes <= limits.bytes.saturating_mul(QueueLimits::BURST)
        }
    }

    /// The transport takes what waits, or nothing does.
    fn note_reading(&self, queue: &mut Queue) {
        if !self.limits.patience.is_zero() {
            queue.read_at = Some(Instant::now());
        }
    }

    /// Writes to a connection for which nothing waits.
    fn write(&self, direct: &Direct, mut bytes: Bytes, mut queue: MutexGuard<'_, Queue>) -> Pushed {
        match direct.write(&bytes) {
            Ok(taken) if taken == bytes.len() => return Pushed::Queued,
            Ok(taken) => {
                bytes.advance(taken);
                queue.unsent = bytes;
            }
            Err(_) => queue.close_now(close::GONE),
        }
        let is_closing = queue.closing.is_some();
        drop(queue);
        self.wake.notify_one();
        if is_closing { Pushed::Closed } else { Pushed::Queued }
    }

    /// Puts bytes of the transport's own, a ping for instance, in order with the frames. Without a sink they go nowhere.
    pub(crate) fn push_raw(&self, bytes: Bytes) {
        let mut queue = self.queue();
        let Some(direct) = self.direct.as_ref().filter(|_| queue.closing.is_none()) else { return };
        if queue.is_free() {
            self.write(direct, bytes, queue);
        } else if queue.bytes + bytes.len() <= self.limits.bytes {
            queue.bytes += bytes.len();
            queue.durable.push_back(Entry::Raw(bytes));
        }
    }

    /// Puts missed events behind what waits already.
    pub(crate) fn push_replay(&self, replay: Replay) {
        let mut queue = self.queue();
        if queue.closing.is_none() && !replay.is_done() {
            queue.replays += 1;
            queue.catching_up = true;
            queue.durable.push_back(Entry::Replay(Box::new(replay)));
            self.wake.notify_one();
        }
    }

    /// Puts a frame that may be lost: an older one of the same key goes, and the oldest when there are too many.
    pub(crate) fn push_volatile(&self, key: Volatile, frame: FrameText) {
        let mut queue = self.queue();
        if queue.closing.is_some() {
            return;
        }
        if let Some(direct) = self.direct.as_ref().filter(|_| queue.is_free()) {
            self.write(direct, frame.wire(direct.wire).clone(), queue);
            return;
        }
        queue.volatile.retain(|(other, _)| *other != key);
        queue.keep_cursors(self.volatile_frames.saturating_sub(1));
        queue.volatile.push_back((key, frame));
        drop(queue);
        self.wake.notify_one();
    }

    /// Puts a frame about the people of a room. Where one waits already, `whole` tells of both in its place; so one for each room
    /// waits at most, and none is dropped.
    pub(crate) fn push_presence(&self, room: Room, frame: &FrameText, whole: impl FnOnce() -> FrameText) {
        let mut queue = self.queue();
        if queue.closing.is_some() {
            return;
        }
        if let Some(direct) = self.direct.as_ref().filter(|_| queue.is_free()) {
            self.write(direct, frame.wire(direct.wire).clone(), queue);
            return;
        }
        let key = Volatile::Presence(room);
        let waiting = queue.volatile.iter().position(|(other, _)| *other == key);
        let frame = match waiting.and_then(|at| queue.volatile.remove(at)) {
            Some(_) => whole(),
            None => frame.clone(),
        };
        queue.volatile.push_back((key, frame));
        drop(queue);
        self.wake.notify_one();
    }

    /// Drops what waits of a room that was left and that may be lost.
    pub(crate) fn forget_volatile(&self, room: Room) {
        self.queue().volatile.retain(|(key, _)| match key {
            Volatile::Cursor(other, _) | Volatile::Presence(other) => *other != room,
        });
    }

    /// Drops what was missed of a room that was left, or is joined anew from a position.
    pub(crate) fn forget_replay(&self, room: Room) {
        let mut queue = self.queue();
        let before = queue.durable.len();
        queue.durable.retain(|entry| !matches!(entry, Entry::Replay(replay) if replay.room() == room));
        queue.replays -= before - queue.durable.len();
    }

    /// Closes at once; what waits is dropped.
    pub(crate) fn close(&self, code: u16) {
        let mut queue = self.queue();
        if queue.closing.is_none() {
            queue.close_now(code);
            self.wake.notify_one();
        }
    }

    /// Closes behind what waits and `last`, which is put even when the queue is full.
    pub(crate) fn close_after(&self, last: FrameText, code: u16) {
        let mut queue = self.queue();
        if queue.closing.is_none() {
            queue.put(last);
            queue.closing = Some(Closing { code, told: false });
            self.wake.notify_one();
        }
    }

    /// What to write next, if anything waits.
    pub(crate) fn take(&self) -> Option<Outgoing> {
        let mut queue = self.queue();
        if let Some(frame) = queue.next_frame(self.limits) {
            self.note_reading(&mut queue);
            return Some(Outgoing::Frame(frame));
        }
        let (code, reason) = queue.tell_end()?;
        Some(Outgoing::Close { code, reason })
    }

    /// From now on what is put waits for [`Outbox::flush`], which the caller sees to.
    pub(crate) fn hold(&self) {
        self.queue().is_held = self.is_direct();
    }

    /// Writes what waits to the sink, as far as that takes it.
    pub(crate) fn flush(&self) -> Flushed {
        let Some(direct) = &self.direct else { return Flushed::Gone };
        let mut queue = self.queue();
        queue.is_held = false;
        match queue.write_out(direct, self.limits) {
            Flushed::Done if queue.closing.is_some() => {
                queue.tell_end().map_or(Flushed::Gone, |(code, reason)| Flushed::Ended { code, reason })
            }
            written => written,
        }
    }

    /// Whether nothing waits that would have to be written before the session's position holds.
    pub(crate) fn is_drained(&self) -> bool {
        let queue = self.queue();
        queue.durable.is_empty() && queue.unsent.is_empty() && queue.closing.is_none()
    }

    /// Whether the session takes no more frames.
    pub(crate) fn is_closing(&self) -> bool {
        self.queue().closing.is_some()
    }

    /// Whether the transport has been told to close.
    pub(crate) fn has_ended(&self) -> bool {
        self.queue().closing.is_some_and(|closing| closing.told)
    }

    /// Returns when something may wait. One waiter only.
    pub(crate) async fn changed(&self) {
        self.wake.notified().await;
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
