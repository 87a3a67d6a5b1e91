//! The index in an OpenSearch cluster, behind the same port: many nodes share it. Each part has its file: the address, the
//! requests and what is refused, the names and the schema, how an item becomes a document and a query a condition, the
//! index behind the alias and its offsets, who writes, what is read, how it is made again.
//!
//! ```text
//! {prefix}-items                  index template, and alias by which everything reads and writes
//! {prefix}-items-000001-<token>   an index; the alias names one, another may be filled by a rebuild
//! ```
//! Two nodes may write at once, or one may be held up and continue later: a document is written with its item's version,
//! so an older one never replaces a newer one, and offsets move forward only, and only in the index from which they were
//! read. Whoever finds that index replaced starts again from the offsets of the new one.

mod address;
mod bulk;
mod client;
mod document;
mod find;
mod names;
mod offsets;
mod plan;
mod present;
mod rebuild;
mod refusal;
mod relevant;
mod schema;
mod writer;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use crisislens_model::Item;
use tokio::sync::Mutex;

use crate::cursor::Key;
use crate::{
    Query, RebuildReport, RebuildSource, RelevantHits, RelevantRequest, Resume, SearchError, SearchIndex,
    SearchPage, SearchRequest, Standing, Summary,
};
use address::Address;
use client::Client;
use names::Names;
use writer::{Server, Writer};

/// A page has at most so many hits, whatever the request says.
pub const MAX_PAGE_ITEMS: usize = 10_000;

/// How long the server is waited for, and how much is held for it.
#[derive(Debug, Clone)]
pub struct OpenSearchOptions {
    /// For a connection.
    pub connect_timeout: Duration,
    /// For the answer to one request.
    pub request_timeout: Duration,
    /// For so long, items are offered again to a server that is too busy.
    pub retry_for: Duration,
    /// What is put is written ahead of its commit from so many items …
    pub buffer_items: usize,
    /// … or so many bytes of documents on.
    pub buffer_bytes: usize,
    /// Names the installation that indexes are made for. One of another installation is refused, so that two that were given
    /// the same prefix do not mix what they have. Empty: whose an index is plays no part.
    pub owner: String,
}

impl Default for OpenSearchOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            retry_for: Duration::from_secs(30),
            buffer_items: 10_000,
            buffer_bytes: 32 * 1024 * 1024,
            owner: String::new(),
        }
    }
}

/// The index on a server. After a failed `put` or `commit` all that was put since the last commit is dropped, and writing
/// is refused until the caller has asked for [`SearchIndex::offsets`], from which it must continue.
pub struct OpenSearchIndex {
    client: Client,
    names: Names,
    options: OpenSearchOptions,
    /// One call of this process at a time; searches go beside it.
    writer: Mutex<Writer>,
    /// Held by a rebuild.
    rebuilding: Mutex<()>,
}

impl OpenSearchIndex {
    /// An index at `opensearch://[user:password@]host[:port]/prefix?tls=true&ca=FILE`: by HTTP, or HTTPS with `tls=true`,
    /// where `ca` names the certificates (PEM) that alone are trusted. The server need not be there yet.
    ///
    /// # Errors
    /// [`SearchError::InvalidUrl`] when the address or the certificates cannot be used.
    pub fn connect(url: &str, options: OpenSearchOptions) -> Result<Arc<Self>, SearchError> {
        let address = Address::parse(url)?;
        let client = Client::new(&address, &options)?;
        let names = Names::new(address.prefix);
        Ok(Arc::new(Self { client, names, options, writer: Mutex::default(), rebuilding: Mutex::default() }))
    }

    /// As [`OpenSearchIndex::connect`], and makes the index where there is none.
    ///
    /// # Errors
    /// Also when the server cannot be reached or refuses us.
    pub async fn open(url: &str, options: OpenSearchOptions) -> Result<Arc<Self>, SearchError> {
        let index = Self::connect(url, options)?;
        index.offsets().await?;
        Ok(index)
    }

    fn server(&self) -> Server<'_> {
        Server { client: &self.client, names: &self.names, options: &self.options }
    }
}

#[async_trait]
impl SearchIndex for OpenSearchIndex {
    async fn offsets(&self) -> Result<BTreeMap<u32, u64>, SearchError> {
        self.writer.lock().await.offsets(self.server()).await
    }

    async fn standing(&self) -> Result<Standing, SearchError> {
        writer::standing(self.server()).await
    }

    async fn put(&self, items: Vec<Item>) -> Result<(), SearchError> {
        // Splitting long texts into words takes its time: off the executor.
        let make = move || items.iter().map(document::of).collect::<Result<Vec<_>, _>>();
        let documents = tokio::task::spawn_blocking(make).await.unwrap_or_else(|error| {
            Err(SearchError::Unavailable(format!("the thread that makes documents stopped: {error}")))
        });
        self.writer.lock().await.put(self.server(), documents).await
    }

    async fn commit(&self, offsets: BTreeMap<u32, u64>) -> Result<(), SearchError> {
        self.writer.lock().await.commit(self.server(), &offsets).await
    }

    async fn search(&self, request: &SearchRequest) -> Result<SearchPage, SearchError> {
        let after = request.after.as_deref().map(Key::parse).transpose()?;
        let limit = request.limit.min(MAX_PAGE_ITEMS);
        find::newest(&self.client, &self.names.alias(), &request.query, limit, after).await
    }

    async fn facets(&self, query: &Query) -> Result<BTreeMap<String, BTreeMap<String, u64>>, SearchError> {
        find::counts(&self.client, &self.names.alias(), query).await
    }

    async fn relevant(&self, request: &RelevantRequest) -> Result<RelevantHits, SearchError> {
        relevant::best_of(&self.client, &self.names.alias(), request).await
    }

    async fn rebuild(
        &self,
        source: &dyn RebuildSource,
        resume: Resume,
    ) -> Result<RebuildReport, SearchError> {
        let _alone = self
            .rebuilding
            .try_lock()
            .map_err(|_| SearchError::Unavailable("a rebuild is under way already".to_owned()))?;
        rebuild::run(self.server(), &self.writer, source, resume).await
    }

    async fn summary(&self) -> Result<Summary, SearchError> {
        find::summary(&self.client, &self.names.alias()).await
    }

    fn is_shared(&self) -> bool {
        true
    }
}
