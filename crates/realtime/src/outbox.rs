//! The queue between the hub and one session. Putting never waits: what does not fit closes the session.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crisislens_model::{Room, UserId};
use tokio::sync::Notify;

use crate::close;
use crate::events;
use crate::frame_text::{FrameText, Outgoing};
use crate::options::{HubOptions, QueueLimits};
use crate::replay::Replay;

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It waits for the transport.
    Queued,
    /// The session is closed or closing.
    Closed,
}

/// Of frames with one key only the latest waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Volatile {
    /// A person's cursor in a room.
    Cursor(Room, UserId),
    /// A person's coming and going in a room.
    Presence(Room, UserId),
}

/// One session's queue.
#[derive(Debug)]
pub(crate) struct Outbox {
    session: String,
    limits: QueueLimits,
    /// Holds while missed events are replayed: live ones may pile up as far as the history itself.
    catching_up_limits: QueueLimits,
    volatile_frames: usize,
    queue: Mutex<Queue>,
    /// Wakes the transport when the queue was empty.
    wake: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    durable: VecDeque<Entry>,
    /// Waiting frames, those of replays not counted.
    frames: usize,
    bytes: usize,
    replays: usize,
    catching_up: bool,
    volatile: VecDeque<(Volatile, FrameText)>,
    closing: Option<Closing>,
}

#[derive(Debug, Clone, Copy)]
struct Closing {
    code: u16,
    /// Whether the transport has been told.
    told: bool,
}

#[derive(Debug)]
enum Entry {
    Frame(FrameText),
    Replay(Box<Replay>),
}

impl Outbox {
    pub(crate) fn new(session: String, limits: QueueLimits, options: &HubOptions) -> Self {
        let catching_up_limits = QueueLimits {
            frames: limits.frames.max(options.history.records),
            bytes: limits.bytes.max(options.history.bytes),
        };
        Self {
            session,
            limits,
            catching_up_limits,
            volatile_frames: options.volatile_frames,
            queue: Mutex::default(),
            wake: Notify::new(),
        }
    }

    /// Puts a frame that must not be lost; on overflow the queue is dropped and the session told to come back.
    pub(crate) fn push(&self, frame: FrameText) -> Pushed {
        let mut queue = self.queue();
        if queue.closing.is_some() {
            return Pushed::Closed;
        }
        let limits = if queue.catching_up { self.catching_up_limits } else { self.limits };
        let fits = queue.frames < limits.frames && queue.bytes + frame.size() <= limits.bytes;
        if fits || queue.frames == 0 {
            let was_empty = queue.is_empty();
            queue.put(frame);
            drop(queue);
            if was_empty {
                self.wake.notify_one();
            }
            return Pushed::Queued;
        }
        queue.close_now(close::SLOW_CONSUMER);
        drop(queue);
        events::slow_closed(&self.session);
        self.wake.notify_one();
        Pushed::Closed
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
        queue.volatile.retain(|(other, _)| *other != key);
        if queue.volatile.len() >= self.volatile_frames {
            queue.drop_a_volatile();
        }
        queue.volatile.push_back((key, frame));
        drop(queue);
        self.wake.notify_one();
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
        let frame = queue.take_durable().or_else(|| queue.volatile.pop_front().map(|(_, frame)| frame));
        if queue.catching_up && queue.replays == 0 && queue.within(self.limits) {
            queue.catching_up = false;
        }
        if let Some(frame) = frame {
            return Some(Outgoing::Frame(frame));
        }
        let closing = queue.closing.as_mut().filter(|closing| !closing.told)?;
        closing.told = true;
        Some(Outgoing::Close { code: closing.code, reason: close::reason(closing.code) })
    }

    /// Whether nothing waits that would have to be written before the session's position holds.
    pub(crate) fn is_drained(&self) -> bool {
        let queue = self.queue();
        queue.durable.is_empty() && queue.closing.is_none()
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

impl Queue {
    fn is_empty(&self) -> bool {
        self.durable.is_empty() && self.volatile.is_empty()
    }

    fn within(&self, limits: QueueLimits) -> bool {
        self.frames <= limits.frames && self.bytes <= limits.bytes
    }

    fn put(&mut self, frame: FrameText) {
        self.frames += 1;
        self.bytes += frame.size();
        self.durable.push_back(Entry::Frame(frame));
    }

    fn take_durable(&mut self) -> Option<FrameText> {
        while let Some(Entry::Replay(replay)) = self.durable.front_mut() {
            let frame = replay.next_frame();
            if frame.is_none() || replay.is_done() {
                self.replays -= 1;
                self.durable.pop_front();
            }
            if frame.is_some() {
                return frame;
            }
        }
        let Some(Entry::Frame(frame)) = self.durable.pop_front() else { return None };
        self.frames -= 1;
        self.bytes -= frame.size();
        Some(frame)
    }

    /// Cursors go before presence.
    fn drop_a_volatile(&mut self) {
        let cursor = self.volatile.iter().position(|(key, _)| matches!(key, Volatile::Cursor(..)));
        self.volatile.remove(cursor.unwrap_or(0));
    }

    fn close_now(&mut self, code: u16) {
        *self = Self { closing: Some(Closing { code, told: false }), ..Self::default() };
    }
}
