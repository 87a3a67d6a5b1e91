//! Where the open store stands, for everybody who reads and for the writer, which may exchange it; and how it is exchanged.
//!
//! After a failed write it is unknown what is in the journal, and the storage engine takes nothing more. So the store is
//! closed and opened again, which reads from disk how far the log really goes: what was acknowledged is there, and what
//! failed either is there as well or has left its offset free.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::open;
use super::options::EmbeddedOptions;
use super::store::Store;
use crate::{LogError, TopicDefinitions};

/// There must be room for so much before the store is closed: until then it can at least be read.
const ROOM_BYTES: usize = 1 << 20;
/// Name of the file that looks for room.
const ROOM_FILE: &str = "room";
/// Longest wait for those who are reading.
const READERS_WITHIN: Duration = Duration::from_secs(5);

/// The open store.
pub(super) struct Slot(RwLock<State>);

enum State {
    Open(Arc<Store>),
    /// Being exchanged; why.
    Away(String),
    /// For good.
    Closed,
}

impl Slot {
    pub fn new(store: Store) -> Self {
        Self(RwLock::new(State::Open(Arc::new(store))))
    }

    /// The store, for as long as it is held.
    pub fn store(&self) -> Result<Arc<Store>, LogError> {
        match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            State::Open(store) => Ok(Arc::clone(store)),
            State::Away(reason) => Err(LogError::Unavailable(reason.clone())),
            State::Closed => Err(LogError::Closed),
        }
    }

    /// Takes the store out for good.
    pub fn close(&self) -> Option<Arc<Store>> {
        self.replace(State::Closed)
    }

    fn replace(&self, state: State) -> Option<Arc<Store>> {
        let mut slot = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *slot, state) {
            State::Open(store) => Some(store),
            State::Away(_) | State::Closed => None,
        }
    }
}

/// What is needed to open the store again.
pub(super) struct Opening {
    pub dir: PathBuf,
    pub definitions: TopicDefinitions,
    pub options: EmbeddedOptions,
    /// Whose log it is.
    pub id: Uuid,
    /// The ends that every reader may know of; no store may have less. Known once the first one is closed.
    pub ends: Option<Vec<Vec<u64>>>,
}

impl Opening {
    /// Closes the store in `slot` and opens it again. Where that fails, the next call goes on with it.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn exchange(&mut self, slot: &Slot, reason: &str) -> Result<(), String> {
        self.look_for_room().map_err(|error| format!("there is no room on the disk: {error}"))?;
        if let Some(old) = slot.replace(State::Away(reason.to_owned())) {
            if !is_alone(&old) {
                slot.replace(State::Open(old));
                return Err(format!("somebody reads for longer than {} s", READERS_WITHIN.as_secs()));
            }
            self.ends = Some(ends(&old));
        }
        let (store, id) =
            open::open(&self.dir, &self.definitions, &self.options).map_err(|error| error.to_string())?;
        let are_there = |known: &Vec<Vec<u64>>| {
            ends(&store).iter().flatten().zip(known.iter().flatten()).all(|(now, known)| now >= known)
        };
        if id != self.id || !self.ends.as_ref().is_none_or(are_there) {
            return Err("what is on the disk is not this log, or has less than was acknowledged".to_owned());
        }
        slot.replace(State::Open(Arc::new(store)));
        Ok(())
    }

    fn look_for_room(&self) -> std::io::Result<()> {
        let path = self.dir.join(ROOM_FILE);
        let written = std::fs::File::create(&path).and_then(|mut file| {
            file.write_all(&vec![1; ROOM_BYTES])?;
            file.sync_all()
        });
        let removed = std::fs::remove_file(&path);
        written.and(removed)
    }
}

/// The next offset of every partition.
fn ends(store: &Store) -> Vec<Vec<u64>> {
    let of_topic = |topic: &super::store::TopicStore| {
        topic.partitions.iter().map(|partition| partition.bounds().end).collect()
    };
    store.topics.iter().map(of_topic).collect()
}

/// Waits until nobody else holds the store.
fn is_alone(store: &Arc<Store>) -> bool {
    let begun = Instant::now();
    while Arc::strong_count(store) > 1 {
        if begun.elapsed() > READERS_WITHIN {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}
