//! Replayed events on their way into one session: frames are made only when the transport takes them.

use std::sync::Arc;

use crisislens_model::{Position, Room};

use crate::frame_text::FrameText;
use crate::route::Routed;

/// The missed events of one room. It shares the history's records, so its size is bounded by the history's.
#[derive(Debug)]
pub(crate) struct Replay {
    room: Room,
    name: Arc<str>,
    events: std::vec::IntoIter<Arc<Routed>>,
    /// What the client has seen so far.
    at: Position,
    /// What it has seen after the last event.
    end: Position,
}

impl Replay {
    /// `events` are all of `room` between `from` and `end`.
    pub(crate) fn new(
        room: Room,
        name: Arc<str>,
        events: Vec<Arc<Routed>>,
        from: Position,
        end: Position,
    ) -> Self {
        Self { room, name, events: events.into_iter(), at: from, end }
    }

    /// The next frame. Its position is the client's own, advanced by what it got: this node may have seen the
    /// partitions in another order than the node that gave out the client's position.
    pub(crate) fn next_frame(&mut self) -> Option<FrameText> {
        loop {
            let event = self.events.next()?;
            self.at.advance(event.topic, event.partition, event.offset + 1);
            let position = if self.events.as_slice().is_empty() { &self.end } else { &self.at };
            if let Some(body) = event.body_for(&self.room) {
                return Some(FrameText::event(&body, &self.name, &position.encode()));
            }
        }
    }

    pub(crate) fn room(&self) -> Room {
        self.room
    }

    pub(crate) fn is_done(&self) -> bool {
        self.events.as_slice().is_empty()
    }
}
