//! Event ids seen lately: producers may append an event twice after a crash.
//!
//! The windows are kept for each partition (an event's copies share its key and so its partition), so that nodes that
//! merge partitions in different orders drop the same copies.

use std::collections::{HashMap, HashSet, VecDeque};

use crisislens_model::{EventId, Topic};

/// The last ids of each partition.
#[derive(Debug)]
pub(crate) struct Dedup {
    ids_per_partition: usize,
    windows: HashMap<(Topic, u32), Window>,
}

#[derive(Debug, Default)]
struct Window {
    ids: HashSet<EventId>,
    order: VecDeque<EventId>,
}

impl Dedup {
    pub(crate) fn new(ids_per_partition: usize) -> Self {
        Self { ids_per_partition, windows: HashMap::new() }
    }

    /// Notes the id; `false` when it was there already.
    pub(crate) fn is_new(&mut self, topic: Topic, partition: u32, id: EventId) -> bool {
        let window = self.windows.entry((topic, partition)).or_default();
        if !window.ids.insert(id) {
            return false;
        }
        window.order.push_back(id);
        if window.order.len() > self.ids_per_partition
            && let Some(oldest) = window.order.pop_front()
        {
            window.ids.remove(&oldest);
        }
        true
    }

    /// Forgets a partition whose records were lost.
    pub(crate) fn forget(&mut self, topic: Topic, partition: u32) {
        self.windows.remove(&(topic, partition));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_new_once_within_the_window_of_its_partition() {
        let mut dedup = Dedup::new(2);
        let [a, b, c] = [EventId::random(), EventId::random(), EventId::random()];
        assert!(dedup.is_new(Topic::Alerts, 0, a));
        assert!(!dedup.is_new(Topic::Alerts, 0, a));
        assert!(dedup.is_new(Topic::Alerts, 1, a));
        assert!(dedup.is_new(Topic::Alerts, 0, b));
        assert!(dedup.is_new(Topic::Alerts, 0, c));
        assert!(dedup.is_new(Topic::Alerts, 0, a), "the window holds two");
    }
}
