//! What items state, kept for a while: reading a text costs more than all that follows, and many claims look at the same items.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crisislens_analysis::Analyzer;
use crisislens_analysis::claims::Statements;
use crisislens_model::{Item, ItemId, Timestamp};

/// What some thousand items state. The half that nobody has asked for since the other half came is forgotten at once.
pub struct Memory {
    room: usize,
    /// How many texts were read.
    read: AtomicU64,
    halves: Mutex<Halves>,
}

#[derive(Default)]
struct Halves {
    young: HashMap<Key, Arc<Statements>>,
    old: HashMap<Key, Arc<Statements>>,
}

/// An item, its revision, and when people put right what was found of it: another revision states other things, and so does another place.
type Key = (ItemId, u64, Option<Timestamp>);

impl Memory {
    /// Room for `items` items.
    #[must_use]
    pub fn new(items: usize) -> Self {
        Self { room: items.div_ceil(2).max(1), read: AtomicU64::new(0), halves: Mutex::default() }
    }

    /// How many texts were read: those that were not known.
    #[must_use]
    pub fn texts_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// What `item` states: read by `analyzer` unless it is known.
    #[must_use]
    pub fn of(&self, analyzer: &Analyzer, item: &Item) -> Arc<Statements> {
        let key = (item.id, item.revision, item.corrected.as_ref().map(|corrected| corrected.at));
        if let Some(known) = self.known(key) {
            return known;
        }
        self.read.fetch_add(1, Ordering::Relaxed);
        let statements = Arc::new(analyzer.statements(&item.said(), item));
        self.keep(key, Arc::clone(&statements));
        statements
    }

    fn known(&self, key: Key) -> Option<Arc<Statements>> {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = halves.young.get(&key) {
            return Some(Arc::clone(known));
        }
        let known = halves.old.remove(&key)?;
        self.enter(&mut halves, key, Arc::clone(&known));
        Some(known)
    }

    fn keep(&self, key: Key, statements: Arc<Statements>) {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        self.enter(&mut halves, key, statements);
    }

    fn enter(&self, halves: &mut Halves, key: Key, statements: Arc<Statements>) {
        if halves.young.len() >= self.room {
            halves.old = std::mem::take(&mut halves.young);
        }
        halves.young.insert(key, statements);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u64) -> Key {
        (ItemId::of("test", &n.to_string()), 1, None)
    }

    #[test]
    fn what_was_asked_for_lately_stays_and_the_rest_is_bounded() {
        let memory = Memory::new(8);
        for n in 0..100 {
            memory.keep(key(n), Arc::default());
            assert!(memory.known(key(0)).is_some(), "asked for all the time, after {n}");
        }
        let kept = (0..100).filter(|n| memory.known(key(*n)).is_some()).count();
        assert!((4..=8).contains(&kept), "{kept}");
        assert!(memory.known(key(99)).is_some());
        assert!(memory.known((key(99).0, 2, None)).is_none(), "another revision is another text");
    }
}
