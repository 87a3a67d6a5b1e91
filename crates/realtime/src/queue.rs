//! What waits for one session: frames that must not be lost, those of which only the latest counts, and what a write left over.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::{Buf, Bytes};

use crate::burst::joined;
use crate::close;
use crate::frame_text::{FrameText, Wire};
use crate::options::QueueLimits;
use crate::outbox::{Flushed, Volatile};
use crate::replay::Replay;
use crate::sink::Direct;

/// Waiting frames are written together up to so many bytes.
const GATHER_BYTES: usize = 64 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Queue {
    pub(crate) durable: VecDeque<Entry>,
    /// Waiting frames, those of replays not counted.
    pub(crate) frames: usize,
    pub(crate) bytes: usize,
    pub(crate) replays: usize,
    pub(crate) catching_up: bool,
    /// What the sink has not taken of the last write; it goes before everything else, and cannot be dropped: it may begin in
    /// the middle of a frame.
    pub(crate) unsent: Bytes,
    pub(crate) volatile: VecDeque<(Volatile, FrameText)>,
    /// What is put waits for [`crate::outbox::Outbox::flush`], to go out as one write.
    pub(crate) is_held: bool,
    /// And for [`crate::outbox::Outbox::let_out`].
    pub(crate) is_held_back: bool,
    pub(crate) closing: Option<Closing>,
    /// When something was last taken, or began to wait; kept where the limits have patience.
    pub(crate) read_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Closing {
    pub(crate) code: u16,
    /// Whether the transport has been told.
    pub(crate) told: bool,
}

#[derive(Debug)]
pub(crate) enum Entry {
    Frame(FrameText),
    Replay(Box<Replay>),
    /// Bytes of the transport's own, for a sink.
    Raw(Bytes),
}

impl Queue {
    pub(crate) fn is_empty(&self) -> bool {
        self.durable.is_empty() && self.volatile.is_empty()
    }

    /// Whether a write would overtake nothing.
    pub(crate) fn is_free(&self) -> bool {
        self.is_empty() && self.unsent.is_empty() && !self.catching_up && !self.waits_on_purpose()
    }

    /// Whether the connection might take what waits.
    pub(crate) fn waits_on_purpose(&self) -> bool {
        self.is_held || self.is_held_back
    }

    /// The next frame, durable ones first.
    pub(crate) fn next_frame(&mut self, limits: QueueLimits) -> Option<FrameText> {
        let frame = self.take_durable().or_else(|| self.volatile.pop_front().map(|(_, frame)| frame));
        if self.catching_up && self.replays == 0 && self.within(limits) {
            self.catching_up = false;
        }
        frame
    }

    /// The next bytes for a sink: many small frames at once.
    pub(crate) fn next_bytes(&mut self, wire: Wire, limits: QueueLimits) -> Bytes {
        if let Some(Entry::Raw(_)) = self.durable.front()
            && let Some(Entry::Raw(bytes)) = self.durable.pop_front()
        {
            self.bytes -= bytes.len();
            return bytes;
        }
        let (mut frames, mut bytes) = (Vec::new(), 0);
        while bytes < GATHER_BYTES && !matches!(self.durable.front(), Some(Entry::Raw(_))) {
            let Some(frame) = self.next_frame(limits) else { break };
            bytes += frame.size();
            frames.push(frame);
        }
        joined(&frames, wire)
    }

    /// Writes as much as the connection takes.
    pub(crate) fn write_out(&mut self, direct: &Direct, limits: QueueLimits) -> Flushed {
        let mut took = 0;
        loop {
            if self.unsent.is_empty() {
                self.unsent = self.next_bytes(direct.wire, limits);
            }
            if self.unsent.is_empty() {
                return Flushed::Done;
            }
            match direct.write(&self.unsent) {
                Ok(0) => return Flushed::Blocked { took },
                Ok(taken) => {
                    took += taken;
                    self.unsent.advance(taken);
                }
                Err(_) => {
                    self.close_now(close::GONE);
                    return Flushed::Gone;
                }
            }
        }
    }

    /// The end, if it has not been told.
    pub(crate) fn tell_end(&mut self) -> Option<(u16, &'static str)> {
        let closing = self.closing.as_mut().filter(|closing| !closing.told)?;
        closing.told = true;
        Some((closing.code, close::reason(closing.code)))
    }

    pub(crate) fn within(&self, limits: QueueLimits) -> bool {
        self.frames <= limits.frames && self.bytes <= limits.bytes
    }

    pub(crate) fn put(&mut self, frame: FrameText) {
        self.frames += 1;
        self.bytes += frame.size();
        self.durable.push_back(Entry::Frame(frame));
    }

    pub(crate) fn take_durable(&mut self) -> Option<FrameText> {
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
        self.durable.front().filter(|entry| matches!(entry, Entry::Frame(_)))?;
        let Some(Entry::Frame(frame)) = self.durable.pop_front() else { return None };
        self.frames -= 1;
        self.bytes -= frame.size();
        Some(frame)
    }

    /// Drops the oldest cursors beyond so many.
    pub(crate) fn keep_cursors(&mut self, most: usize) {
        let is_cursor = |(key, _): &(Volatile, FrameText)| matches!(key, Volatile::Cursor(..));
        let mut beyond = self.volatile.iter().filter(|one| is_cursor(one)).count().saturating_sub(most);
        self.volatile.retain(|one| {
            let is_dropped = beyond > 0 && is_cursor(one);
            beyond -= usize::from(is_dropped);
            !is_dropped
        });
    }

    pub(crate) fn close_now(&mut self, code: u16) {
        let unsent = std::mem::take(&mut self.unsent);
        *self = Self { closing: Some(Closing { code, told: false }), unsent, ..Self::default() };
    }
}
