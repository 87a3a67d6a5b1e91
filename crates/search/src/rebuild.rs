//! Making an index again from the store, and how to tell that both have the same. How an engine does it is its own.

use async_trait::async_trait;
use crisislens_model::{Item, ItemId};

use crate::SearchError;
use crate::indexed::Indexed;

/// Every item there is, as the store has it.
#[async_trait]
pub trait RebuildSource: Send + Sync {
    /// The items that come next after `after`, by id ascending, as many as the source likes; none at the end.
    ///
    /// # Errors
    /// When they cannot be read; the rebuild then ends.
    async fn page(&self, after: Option<ItemId>) -> Result<Vec<Item>, SearchError>;
}

/// Where the one who writes continues after a rebuild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// At the committed offsets.
    Committed,
    /// At the beginning of the log: the committed offsets speak of another.
    Beginning,
}

/// What is in an index, in two numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many items.
    pub items: u64,
    /// The sum, modulo 2^64, of a digest of each item's id and what of it is indexed: the same in any order and on any
    /// engine.
    pub checksum: u64,
}

impl Summary {
    /// Counts `item` in.
    pub fn add(&mut self, item: &Item) {
        self.items += 1;
        self.checksum = self.checksum.wrapping_add(Indexed::of(item).digest());
    }
}

/// The summary of `items`, of which each id is there once.
#[must_use]
pub fn summary_of<'a>(items: impl IntoIterator<Item = &'a Item>) -> Summary {
    let mut summary = Summary::default();
    items.into_iter().for_each(|item| summary.add(item));
    summary
}

/// How a rebuild went.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RebuildReport {
    /// Items that the source gave.
    pub items: u64,
    /// How long it took.
    pub seconds: f64,
    /// What the new index had when it took the place of the old.
    pub summary: Summary,
}

/// Goes through a source and sees to it that it comes to an end.
pub(crate) struct Pages<'a> {
    source: &'a dyn RebuildSource,
    after: Option<ItemId>,
    /// Items given so far.
    pub items: u64,
}

impl<'a> Pages<'a> {
    pub fn of(source: &'a dyn RebuildSource) -> Self {
        Self { source, after: None, items: 0 }
    }

    /// The next page; none at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<Item>>, SearchError> {
        let page = self.source.page(self.after).await?;
        for item in &page {
            if self.after.is_some_and(|after| item.id <= after) {
                let message = format!("the source of the rebuild gave item {} out of order", item.id);
                return Err(SearchError::Unavailable(message));
            }
            self.after = Some(item.id);
        }
        self.items += page.len() as u64;
        Ok((!page.is_empty()).then_some(page))
    }
}
