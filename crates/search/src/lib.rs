//! The search index: a query language, its syntax tree, and the engines that answer it.
//!
//! [`SearchIndex`] is the port. [`tantivy::TantivyIndex`] keeps it on this machine's disk, and
//! [`opensearch::OpenSearchIndex`] in a cluster that many nodes share. The index is a projection of `normalized-items`: it
//! stores, beside the documents, the offsets up to which they are reflected, so that after a crash it continues exactly
//! there; and it can be made again from the store while searches go on.

pub mod contract;
mod cursor;
mod indexed;
mod near;
pub mod opensearch;
pub mod query;
mod rebuild;
mod relevant;
pub mod tantivy;
pub mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;

use async_trait::async_trait;
use crisislens_model::{Item, ItemId};
use serde::{Deserialize, Serialize};

pub use near::Near;
pub use query::{Query, QueryError};
pub use rebuild::{RebuildReport, RebuildSource, Resume, Summary, summary_of};
pub use relevant::{MAX_RELEVANT, Relevant, RelevantHits, RelevantRequest};

/// An index over items.
#[async_trait]
pub trait SearchIndex: Send + Sync + 'static {
    /// Where the one who writes must continue: the next offset of each partition of `normalized-items` that the last commit
    /// does not reflect. Makes the index where there is none, and forgets what was put to one that is not there any more or
    /// in vain: only who writes may ask, and continues there. Everybody else asks [`SearchIndex::standing`].
    async fn offsets(&self) -> Result<BTreeMap<u32, u64>, SearchError>;

    /// How far the index is. Changes nothing, for the one who writes neither.
    async fn standing(&self) -> Result<Standing, SearchError>;

    /// Takes items in; of one id, the highest `version` wins, and among equal ones what was put last: a writer that was
    /// held up cannot undo what another wrote meanwhile. Not searchable before [`SearchIndex::commit`]. After an error
    /// here or in a commit, all since the last commit may be lost: ask [`SearchIndex::offsets`] and continue there.
    async fn put(&self, items: Vec<Item>) -> Result<(), SearchError>;

    /// Makes everything put before searchable and durable, and then `offsets`. They only move forward: of a partition that
    /// is committed further already, or is not named, the committed offset stays.
    async fn commit(&self, offsets: BTreeMap<u32, u64>) -> Result<(), SearchError>;

    /// The items that match, newest first, by id where the time is equal. `filter.incident` is not regarded: the index
    /// does not know incidents, callers look their items up in state.
    async fn search(&self, request: &SearchRequest) -> Result<SearchPage, SearchError>;

    /// Counts by `source`, `hazard`, `country`, `status`, `severity` and `humanitarian` of the items that match, the thousand most frequent
    /// of each. `filter.incident` is not regarded.
    async fn facets(&self, query: &Query) -> Result<BTreeMap<String, BTreeMap<String, u64>>, SearchError>;

    /// The items that share words with the request's text, the best first by BM25: candidates for somebody who looks closer.
    /// The rarest words count, and only so many of them; what may differ between engines stands in `relevant`. With them
    /// comes how rare each word is among all items, for who ranks further.
    async fn relevant(&self, request: &RelevantRequest) -> Result<RelevantHits, SearchError>;

    /// Fills a new index from `source`, then puts it in the place of the old one in one step; searches, puts and commits
    /// go on meanwhile. With [`Resume::Committed`] the new index has what `source` has and what was put since the rebuild
    /// began, and the committed offsets, so the projector continues; nothing is missed, as `source` has all that was put
    /// before, in that version or a newer one. What was put but not committed may become searchable with it. With
    /// [`Resume::Beginning`] it has what `source` has and no offsets: who writes must ask for them, and puts all that is on
    /// the log again. After an error the old index is as it was. One rebuild runs at a time: on a shared index, the one that
    /// began last wins and the other ends with an error.
    async fn rebuild(&self, source: &dyn RebuildSource, resume: Resume)
    -> Result<RebuildReport, SearchError>;

    /// Count and checksum of everything that is searchable, for comparison with the store.
    async fn summary(&self) -> Result<Summary, SearchError>;

    /// Whether other processes write to the same index, so that its offsets may move, or begin anew, without this one.
    fn is_shared(&self) -> bool;
}

/// How far an index is, for whoever looks at it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The committed offsets by partition; none where there is no index.
    pub offsets: BTreeMap<u32, u64>,
    /// Whether a rebuild has filled it. One that began empty and was not rebuilt since may lack what the store has and the
    /// log no longer does.
    pub is_filled: bool,
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
    /// The index's address in the configuration cannot be used; trying again does not help.
    #[error("search.url: {0}")]
    InvalidUrl(String),
    /// Another process has the index in this folder open, and only one can.
    #[error("another process has the search index in {} open", .0.display())]
    InUse(PathBuf),
    /// The disk or the service failed; trying again may help.
    #[error("the search index is unavailable: {0}")]
    Unavailable(String),
}
