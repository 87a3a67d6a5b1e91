//! The search index: a query language, its syntax tree, and the engines that answer it.
//!
//! [`SearchIndex`] is the port. [`tantivy::TantivyIndex`] keeps it on this machine's disk; OpenSearch comes behind the
//! same port. The index is a projection of `normalized-items`: it stores, in the same commit as the documents, the
//! offsets up to which they are reflected, so that after a crash it continues exactly there.

pub mod contract;
pub mod query;
pub mod tantivy;
pub mod words;

use std::collections::BTreeMap;

use async_trait::async_trait;
use crisislens_model::{Item, ItemId};

pub use query::{Query, QueryError};

/// An index over items.
#[async_trait]
pub trait SearchIndex: Send + Sync + 'static {
    /// The next offset of each partition of `normalized-items` that the last commit does not reflect.
    async fn offsets(&self) -> Result<BTreeMap<u32, u64>, SearchError>;

    /// Takes items in; of one id, what was put last wins. Not searchable before [`SearchIndex::commit`]. After an error
    /// here or in a commit, all since the last commit may be lost: ask [`SearchIndex::offsets`] and continue there.
    async fn put(&self, items: Vec<Item>) -> Result<(), SearchError>;

    /// Makes everything put before searchable and durable, together with `offsets`.
    async fn commit(&self, offsets: BTreeMap<u32, u64>) -> Result<(), SearchError>;

    /// The items that match, newest first, by id where the time is equal. `filter.incident` is not regarded: the index
    /// does not know incidents, callers look their items up in state.
    async fn search(&self, request: &SearchRequest) -> Result<SearchPage, SearchError>;

    /// Counts by `source`, `hazard`, `country`, `status` and `severity` of the items that match. `filter.incident` is
    /// not regarded.
    async fn facets(&self, query: &Query) -> Result<BTreeMap<String, BTreeMap<String, u64>>, SearchError>;

    /// Removes everything, to be filled again from offset zero.
    async fn clear(&self) -> Result<(), SearchError>;
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct SearchRequest {
    /// Text and conditions.
    pub query: Query,
    /// At most so many.
    pub limit: usize,
    /// Continue after this, a [`SearchPage::next`].
    pub after: Option<String>,
}

/// A page of hits.
#[derive(Debug, Clone, Default)]
pub struct SearchPage {
    /// Ids in order.
    pub ids: Vec<ItemId>,
    /// How many match in all.
    pub total: u64,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// Why the index could not do something.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The cursor was not given out by this index.
    #[error("this is not a cursor that search has given out")]
    InvalidCursor,
    /// The disk or the service failed; trying again may help.
    #[error("the search index is unavailable: {0}")]
    Unavailable(String),
}
