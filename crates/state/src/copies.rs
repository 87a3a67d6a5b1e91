//! Copies: what near copies of an item are found by, for a week or two. What the keys and sketches mean is the analysis' business.

use std::sync::Arc;

use async_trait::async_trait;
use crisislens_model::{ItemId, Timestamp};

use crate::StateError;

/// More items than these share a key by chance or because of a form that everybody fills in: the key says nothing and is passed over,
/// so that the work of a look-up is bounded, however many items there are.
pub const MAX_BAND_ITEMS: usize = 32;
/// Most items that are answered for one text: those that share the most keys, the oldest first.
pub const MAX_NEARBY: usize = 32;

/// What an item's copies are known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSketch {
    /// The item, which is stored.
    pub id: ItemId,
    /// When it was said.
    pub said_at: Timestamp,
    /// The keys under which it is found.
    pub bands: Vec<u64>,
    /// What its copies are compared with.
    pub sketch: Vec<u8>,
}

/// An item that shares keys with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Near {
    /// The item.
    pub id: ItemId,
    /// When it was said.
    pub said_at: Timestamp,
    /// What it is compared by.
    pub sketch: Vec<u8>,
}

/// What is found near a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nearby {
    /// Those that share the most keys first, of equals the oldest.
    pub items: Vec<Arc<Near>>,
    /// Keys that say nothing: there is no need to keep more items under them.
    pub full: Vec<u64>,
}

/// Look-ups and writes of what copies are known by.
#[async_trait]
pub trait CopiesTx: Send {
    /// What is near each of the texts with these keys, among the items that came in this week and the one before. No other
    /// transaction finds or keeps anything until this one ends.
    async fn nearby(&mut self, texts: &[Vec<u64>], now: Timestamp) -> Result<Vec<Nearby>, StateError>;

    /// Keeps what stored items are known by, over what was kept of them; each item once.
    async fn keep_sketches(&mut self, kept: &[KeptSketch], now: Timestamp) -> Result<(), StateError>;

    /// Items that are not to be found any more: they have become copies, or say nothing that could be known again.
    async fn drop_sketches(&mut self, ids: &[ItemId]) -> Result<(), StateError>;

    /// Forgets some of what no look-up at `now` goes through; 0 once there is nothing left to forget.
    async fn forget_sketches(&mut self, now: Timestamp) -> Result<u64, StateError>;
}
