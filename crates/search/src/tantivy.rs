//! The index on this machine's disk: Tantivy behind the port. Each part has its file: the schema, how an item becomes
//! a document, how a query becomes a plan, what matches, what is told of the matches, who
//! writes, what is merged, where it lies, how it is opened, how it is made again.
//!
//! Tantivy blocks, so every call runs on Tokio's blocking threads. Writes go one at a time; searches run beside them
//! on the last commit.

mod analyzer;
mod document;
mod facet;
mod home;
mod matching;
mod merge;
mod open;
mod plan;
mod rebuild;
mod relevant;
mod schema;
mod search;
mod set;
mod summary;
mod volume;
mod writer;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use ::tantivy::{IndexReader, Searcher, TantivyError};
use async_trait::async_trait;
use crisislens_model::Item;

use crate::cursor::Key;
use crate::{
    Query, RebuildReport, RebuildSource, RelevantHits, RelevantRequest, Resume, SearchError, SearchIndex,
    SearchPage, SearchRequest, Standing, Summary,
};
use home::Home;
use plan::Plan;
use schema::Fields;
use writer::Writer;

/// A page has at most so many hits, whatever the request says.
pub const MAX_PAGE_ITEMS: usize = 10_000;

/// How much memory and care the index takes.
#[derive(Debug, Clone)]
pub struct TantivyOptions {
    /// Memory for documents that are not yet on disk; at least 15 MB.
    pub writer_heap_bytes: usize,
    /// Merges of segments that may run at once.
    pub merge_threads: usize,
    /// Check every file's checksum on opening, about a second per GB.
    pub verify_on_open: bool,
}

impl Default for TantivyOptions {
    fn default() -> Self {
        Self { writer_heap_bytes: 20_000_000, merge_threads: 2, verify_on_open: true }
    }
}

/// The index in a directory. After a failed `put` or `commit` all that was put since the last commit is dropped, and
/// writing is refused until the caller has asked for [`SearchIndex::offsets`], from which it must continue.
pub struct TantivyIndex {
    shared: Arc<Shared>,
    /// Held by a rebuild.
    rebuilding: tokio::sync::Mutex<()>,
}

/// What searches and writes share.
struct Shared {
    fields: Fields,
    /// Sees the last commit of the present index; changed and reloaded by the writer only, under its lock.
    reader: RwLock<IndexReader>,
    /// One writer at a time.
    writer: Mutex<Writer>,
}

impl TantivyIndex {
    /// Opens the index in `dir`, or begins an empty one. An index that is damaged or of another schema is removed,
    /// with a warning: it is a projection, and offsets are zero again. Blocks; only one process can have it open.
    ///
    /// # Errors
    /// When the directory cannot be used or another process writes to it.
    pub fn open(dir: impl AsRef<Path>, options: TantivyOptions) -> Result<Arc<Self>, SearchError> {
        let fields = Fields::new();
        let writer = Writer::open(Home::open(dir.as_ref())?, fields.clone(), options)?;
        let reader = RwLock::new(writer.current().reader.clone());
        let shared = Arc::new(Shared { fields, reader, writer: Mutex::new(writer) });
        Ok(Arc::new(Self { shared, rebuilding: tokio::sync::Mutex::new(()) }))
    }

    /// In how many pieces the index lies on disk, as searches see it.
    #[must_use]
    pub fn segments(&self) -> usize {
        self.shared.searcher().segment_readers().len()
    }

    /// Runs `work` where blocking is allowed.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T, SearchError> + Send + 'static,
    ) -> Result<T, SearchError> {
        let shared = Arc::clone(&self.shared);
        match tokio::task::spawn_blocking(move || work(&shared)).await {
            Ok(done) => done,
            Err(error) => Err(SearchError::Unavailable(format!("the search thread stopped: {error}"))),
        }
    }
}

impl Shared {
    /// The last commit of the present index.
    fn searcher(&self) -> Searcher {
        self.reader.read().unwrap_or_else(PoisonError::into_inner).searcher()
    }

    fn finish_rebuild(&self, number: u64, resume: Resume) -> Result<Summary, SearchError> {
        let mut writer = self.writer();
        let summary = writer.finish_rebuild(number, resume)?;
        *self.reader.write().unwrap_or_else(PoisonError::into_inner) = writer.current().reader.clone();
        Ok(summary)
    }

    /// The writer; after a panic in it, what it held is dropped.
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(|poisoned| {
            self.writer.clear_poison();
            let mut writer = poisoned.into_inner();
            writer.give_up();
            writer
        })
    }
}

#[async_trait]
impl SearchIndex for TantivyIndex {
    async fn offsets(&self) -> Result<BTreeMap<u32, u64>, SearchError> {
        self.blocking(|shared| shared.writer().offsets()).await
    }

    async fn standing(&self) -> Result<Standing, SearchError> {
        self.blocking(|shared| shared.writer().current().standing()).await
    }

    async fn put(&self, items: Vec<Item>) -> Result<(), SearchError> {
        self.blocking(move |shared| {
            let documents = document::all(&shared.fields, &items);
            shared.writer().put(documents)
        })
        .await
    }

    async fn commit(&self, offsets: BTreeMap<u32, u64>) -> Result<(), SearchError> {
        self.blocking(move |shared| shared.writer().commit(&offsets)).await
    }

    async fn search(&self, request: &SearchRequest) -> Result<SearchPage, SearchError> {
        let after = request.after.as_deref().map(Key::parse).transpose()?;
        let plan = Plan::of(&self.shared.fields, &request.query);
        let limit = request.limit.min(MAX_PAGE_ITEMS);
        self.blocking(move |shared| search::newest(&shared.searcher(), &plan, limit, after)).await
    }

    async fn facets(&self, query: &Query) -> Result<BTreeMap<String, BTreeMap<String, u64>>, SearchError> {
        let plan = Plan::of(&self.shared.fields, query);
        self.blocking(move |shared| facet::counts(&shared.searcher(), &plan)).await
    }

    async fn relevant(&self, request: &RelevantRequest) -> Result<RelevantHits, SearchError> {
        let wanted = relevant::Wanted::of(&self.shared.fields, request);
        self.blocking(move |shared| relevant::best_of(&shared.searcher(), &shared.fields, &wanted)).await
    }

    async fn rebuild(
        &self,
        source: &dyn RebuildSource,
        resume: Resume,
    ) -> Result<RebuildReport, SearchError> {
        rebuild::run(self, source, resume).await
    }

    async fn summary(&self) -> Result<Summary, SearchError> {
        self.blocking(|shared| Ok(summary::of(&shared.searcher())?)).await
    }

    fn is_shared(&self) -> bool {
        false
    }
}

impl From<TantivyError> for SearchError {
    fn from(error: TantivyError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::sample;

    #[tokio::test]
    async fn after_a_failed_write_nothing_is_committed_until_the_caller_asks_where_to_continue() {
        let dir = tempfile::TempDir::new().unwrap();
        let index = TantivyIndex::open(dir.path(), TantivyOptions::default()).unwrap();
        index.put(sample::items(5)).await.unwrap();
        index.commit([(0, 5)].into()).await.unwrap();
        index.put(sample::items(9)).await.unwrap();
        let broken = Arc::clone(&index.shared);
        let panicked = std::thread::spawn(move || {
            let _writer = broken.writer();
            panic!("as a broken writer might");
        });
        assert!(panicked.join().is_err());

        assert!(index.put(sample::items(1)).await.is_err());
        assert!(index.commit([(0, 10)].into()).await.is_err());
        assert_eq!(index.offsets().await.unwrap(), [(0, 5)].into());
        index.put(sample::items(9)).await.unwrap();
        index.commit([(0, 9)].into()).await.unwrap();
        let request = SearchRequest { query: Query::default(), limit: 100, after: None };
        assert_eq!(index.search(&request).await.unwrap().total, 9);
    }
}
