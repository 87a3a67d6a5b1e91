//! Records become events, in one order for the whole node: position, duplicates, history; then every shard gives them to its
//! members.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use crisislens_log::LogRecord;
use crisislens_model::frame::EventBody;
use crisislens_model::{Position, Room, Topic};

use crate::dedup::Dedup;
use crate::events;
use crate::frame_text::FrameText;
use crate::history::History;
use crate::route::{self, Routed};

/// A record with what it shows, if anything.
pub(crate) struct Decoded {
    topic: Topic,
    partition: u32,
    offset: u64,
    routed: Option<Routed>,
}

/// Decodes outside all locks.
pub(crate) fn decode(record: &LogRecord) -> Decoded {
    let routed = route::route(record).unwrap_or_else(|error| {
        events::undecodable(record, &error);
        None
    });
    Decoded { topic: record.topic, partition: record.partition, offset: record.offset, routed }
}

/// Where a partition goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) topic: Topic,
    pub(crate) partition: u32,
    pub(crate) next: u64,
}

/// The order in which this node sees records.
#[derive(Debug)]
pub(crate) struct Order {
    /// Next offsets: everything before them is with every shard, or about to be.
    pub(crate) position: Position,
    pub(crate) dedup: Dedup,
}

impl Order {
    /// Takes the next record: an event that goes to rooms and into the history, unless it shows nothing or was seen.
    pub(crate) fn take(&mut self, record: Decoded, history: &mut History) -> Option<Event> {
        let Decoded { topic, partition, offset, routed } = record;
        if self.position.offset(topic, partition).is_none_or(|next| offset < next) {
            return None;
        }
        self.position.advance(topic, partition, offset.saturating_add(1));
        let routed = routed?;
        if routed.event_id.is_some_and(|id| !self.dedup.is_new(topic, partition, id)) {
            events::duplicate();
            return None;
        }
        let routed = Arc::new(routed);
        history.push(routed.clone(), &self.position);
        Some(Event::new(routed, self.position.clone()))
    }
}

/// An event on its way into rooms. Each room's frame is made once, when the first member wants it, for all shards.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) routed: Arc<Routed>,
    /// The node's position after it.
    pub(crate) position: Position,
    position_text: OnceLock<String>,
    /// For every room of the event, in the order of [`Routed::all_rooms`].
    frames: Vec<(Room, OnceLock<FrameText>)>,
}

/// One of an event's rooms.
pub(crate) struct Target<'a> {
    event: &'a Event,
    at: usize,
}

impl Event {
    fn new(routed: Arc<Routed>, position: Position) -> Self {
        let frames = routed.all_rooms().map(|room| (room, OnceLock::new())).collect();
        Self { routed, position, position_text: OnceLock::new(), frames }
    }

    /// The rooms that it goes to.
    pub(crate) fn targets(&self) -> impl Iterator<Item = Target<'_>> {
        (0..self.frames.len()).map(|at| Target { event: self, at })
    }
}

impl Target<'_> {
    pub(crate) fn room(&self) -> Room {
        self.event.frames[self.at].0
    }

    /// The event as this room sees it.
    pub(crate) fn body(&self) -> Cow<'_, EventBody> {
        let Routed { rooms, body, joined, .. } = &*self.event.routed;
        let of_joined =
            |joined: &route::Joined| Some(joined.body(joined.items.get(self.at.checked_sub(rooms.len())?)?));
        joined.as_ref().and_then(of_joined).map_or(Cow::Borrowed(body), Cow::Owned)
    }

    /// The frame for all members who get it as it is.
    pub(crate) fn frame(&self, name: &str) -> &FrameText {
        let Event { position, position_text, frames, .. } = self.event;
        frames[self.at].1.get_or_init(|| {
            FrameText::event(&self.body(), name, position_text.get_or_init(|| position.encode()))
        })
    }
}
