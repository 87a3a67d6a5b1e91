//! What one partition's worker knows of its delayed records: which is due, and which keys must wait.
//!
//! The store holds the truth; this is read from it when a partition is taken over and after every doubt.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crisislens_model::Timestamp;
use crisislens_state::stream::Delayed;

/// Delayed records of one partition, by offset.
#[derive(Debug, Default)]
pub(crate) struct DelayedRecords {
    by_offset: BTreeMap<u64, Delayed>,
    /// How many of each key; a record without a key keeps nobody waiting.
    keys: HashMap<Vec<u8>, usize>,
}

impl DelayedRecords {
    pub fn new(records: Vec<Delayed>) -> Self {
        let mut delayed = Self::default();
        delayed.add(records);
        delayed
    }

    pub fn add(&mut self, records: Vec<Delayed>) {
        for record in records {
            if !record.key.is_empty() && !self.by_offset.contains_key(&record.offset) {
                *self.keys.entry(record.key.clone()).or_default() += 1;
            }
            self.by_offset.insert(record.offset, record);
        }
    }

    pub fn remove(&mut self, offset: u64) {
        let Some(record) = self.by_offset.remove(&offset) else { return };
        if let Some(count) = self.keys.get_mut(&record.key) {
            *count -= 1;
            if *count == 0 {
                self.keys.remove(&record.key);
            }
        }
    }

    pub fn len(&self) -> usize {
        self.by_offset.len()
    }

    pub fn holds_key(&self, key: &[u8]) -> bool {
        self.keys.contains_key(key)
    }

    /// The first record that may be tried at `now`: of each key only the oldest may.
    pub fn due(&self, now: Timestamp) -> Option<&Delayed> {
        self.firsts().find(|record| record.due_at <= now)
    }

    /// How long until one may be tried.
    pub fn wait(&self, now: Timestamp) -> Option<Duration> {
        let due = self.firsts().map(|record| record.due_at).min()?;
        Some(Duration::try_from(due.duration_since(now)).unwrap_or(Duration::ZERO))
    }

    fn firsts(&self) -> impl Iterator<Item = &Delayed> {
        let mut seen = std::collections::HashSet::new();
        self.by_offset.values().filter(move |record| record.key.is_empty() || seen.insert(&record.key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn record(offset: u64, key: &str, due: i64) -> Delayed {
        Delayed {
            offset,
            key: key.as_bytes().to_vec(),
            failures: 1,
            first_failed_at: at(0),
            due_at: at(due),
            last_error: String::new(),
        }
    }

    #[test]
    fn of_a_key_only_the_oldest_is_due_and_the_others_follow_it() {
        let mut delayed = DelayedRecords::new(vec![record(1, "a", 10), record(2, "a", 0), record(3, "b", 5)]);
        assert_eq!(delayed.due(at(4)), None);
        assert_eq!(delayed.wait(at(4)), Some(Duration::from_secs(1)));
        assert_eq!(delayed.due(at(5)).map(|one| one.offset), Some(3));
        assert_eq!(delayed.due(at(10)).map(|one| one.offset), Some(1));
        delayed.remove(1);
        assert_eq!(delayed.due(at(0)).map(|one| one.offset), Some(2));
        assert!(delayed.holds_key(b"a"));
        delayed.remove(2);
        assert!(!delayed.holds_key(b"a") && delayed.holds_key(b"b"));
    }

    #[test]
    fn records_without_a_key_keep_nobody_waiting() {
        let delayed = DelayedRecords::new(vec![record(1, "", 10), record(2, "", 0)]);
        assert_eq!(delayed.due(at(0)).map(|one| one.offset), Some(2));
        assert!(!delayed.holds_key(b""));
    }
}
