//! Records become deliveries: position, duplicates, history, rooms, in this order and under the hub's lock.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use crisislens_log::LogRecord;
use crisislens_model::frame::{EventBody, ServerFrame};
use crisislens_model::{Room, Timestamp, Topic};

use crate::events;
use crate::frame_text::FrameText;
use crate::outbox::Pushed;
use crate::room::{Delivery, RoomState, Tally};
use crate::route::{self, Routed};
use crate::state::State;
use crate::vector;

/// A record with what it shows, if anything.
pub(crate) struct Decoded {
    topic: Topic,
    partition: u32,
    offset: u64,
    routed: Option<Routed>,
}

/// Decodes outside the lock.
pub(crate) fn decode(record: &LogRecord) -> Decoded {
    let routed = route::route(record).unwrap_or_else(|error| {
        events::undecodable(record, &error);
        None
    });
    Decoded { topic: record.topic, partition: record.partition, offset: record.offset, routed }
}

impl State {
    /// Applies records of one read in order. What lies before the position has been applied and is passed over.
    pub(crate) fn publish(&mut self, records: impl Iterator<Item = Decoded>, now: Timestamp) {
        let mut tally = Tally::default();
        let mut waiting = Vec::new();
        for record in records {
            self.apply(record, &mut tally, &mut waiting);
        }
        for room in waiting {
            if let Some(room) = self.rooms.get_mut(&room) {
                room.flush(&mut tally);
            }
        }
        events::delivered(tally.delivered);
        self.remove_gone(tally, now);
    }

    fn apply(&mut self, record: Decoded, tally: &mut Tally, waiting: &mut Vec<Room>) {
        let Decoded { topic, partition, offset, routed } = record;
        if self.position.offset(topic, partition).is_none_or(|next| offset < next) {
            return;
        }
        self.position.advance(topic, partition, offset.saturating_add(1));
        let Some(routed) = routed else { return };
        if routed.event_id.is_some_and(|id| !self.dedup.is_new(topic, partition, id)) {
            events::duplicate();
            return;
        }
        let routed = Arc::new(routed);
        self.history.push(routed.clone(), &self.position);
        self.deliver(&routed, tally, waiting);
    }

    /// Gives an event to its rooms; those with a burst to be flushed are noted in `waiting`, once each.
    fn deliver(&mut self, routed: &Routed, tally: &mut Tally, waiting: &mut Vec<Room>) {
        let position_text = OnceCell::new();
        let delivery = Delivery { routed, position: &self.position, position_text: &position_text };
        let mut give = |rooms: &mut HashMap<Room, RoomState>, name: &Room, body: &EventBody| {
            let Some(room) = rooms.get_mut(name) else { return };
            let was_waiting = room.has_burst();
            if room.deliver(body, &delivery, tally) && !was_waiting {
                waiting.push(*name);
            }
        };
        for room in &routed.rooms {
            give(&mut self.rooms, room, &routed.body);
        }
        let Some(joined) = &routed.joined else { return };
        for item in &joined.items {
            let name = Room::Item(item.id);
            if self.rooms.contains_key(&name) {
                give(&mut self.rooms, &name, &joined.body(item));
            }
        }
    }

    fn remove_gone(&mut self, tally: Tally, now: Timestamp) {
        if tally.gone.is_empty() {
            return;
        }
        for session in tally.gone {
            self.detach(session, now);
        }
        self.report_sizes();
    }

    /// The tail begins a partition at `next`.
    pub(crate) fn starts_at(&mut self, topic: Topic, partition: u32, next: u64) {
        vector::set(&mut self.position, topic, partition, next);
        self.history.starts_at(topic, partition, next);
    }

    /// Records between the position and `next` are lost (or, going back, the log was cut): history before is dropped
    /// and members of every room that draws from the topic are told to refetch.
    pub(crate) fn lost(&mut self, topic: Topic, partition: u32, next: u64, now: Timestamp) {
        self.starts_at(topic, partition, next);
        self.dedup.forget(topic, partition);
        let reason = "records_lost";
        let mut tally = Tally::default();
        for (room, state) in self.rooms.iter_mut().filter(|(room, _)| route::topics_of(room).contains(&topic))
        {
            let frame = FrameText::control(&ServerFrame::Resync { room: room.to_string(), reason });
            for member in &mut state.members {
                match member.outbox.push(frame.clone()) {
                    Pushed::Queued => tally.delivered += 1,
                    Pushed::Closed => tally.gone.push(member.session),
                }
            }
        }
        events::resyncs(tally.delivered, reason);
        self.remove_gone(tally, now);
    }
}
