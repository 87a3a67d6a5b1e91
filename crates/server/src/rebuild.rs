//! Making the search index again from the store, in the background of this process, one at a time; and comparing the two.
//!
//! How an engine rebuilds is its own; this gives it the items, watches, and checks the outcome.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use crisislens_model::{Item, ItemId, Timestamp};
use crisislens_search::{RebuildSource, Resume, SearchError, SearchIndex, Summary};
use crisislens_state::audit::AuditEntry;
use crisislens_state::{Durability, StateError, Store};
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Items read from the store at once.
const PAGE: usize = 500;
/// So long the index may take to catch up with what comes in before the two count as different.
const CATCH_UP_WITHIN: Duration = Duration::from_secs(20);
const CATCH_UP_POLL: Duration = Duration::from_millis(250);

/// How many items, and their checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Totals {
    /// How many items.
    items: u64,
    /// Over each item's id and what of it is indexed, 16 hexadecimal digits; the same on every engine.
    #[schema(value_type = String)]
    #[serde(serialize_with = "as_hexadecimal")]
    checksum: u64,
}

impl From<Summary> for Totals {
    fn from(summary: Summary) -> Self {
        Self { items: summary.items, checksum: summary.checksum }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn as_hexadecimal<S: serde::Serializer>(checksum: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{checksum:016x}"))
}

/// A rebuild that is under way.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Running {
    /// When it began.
    started_at: Timestamp,
    /// Items that the new index has been given.
    items: u64,
    /// Items that the store had when it began.
    of: u64,
}

/// A rebuild that has ended.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Finished {
    /// When it began.
    started_at: Timestamp,
    /// When it ended.
    finished_at: Timestamp,
    /// Items that the new index was given.
    items: u64,
    /// Why it failed; the old index is then as it was.
    error: Option<String>,
    /// What the index has.
    index: Option<Totals>,
    /// What the store has.
    stored: Option<Totals>,
    /// Whether both have the same.
    equal: bool,
}

/// The rebuilds of this process.
#[derive(Default)]
pub struct Rebuilds(Mutex<Known>);

#[derive(Default)]
struct Known {
    running: Option<(Running, Arc<AtomicU64>)>,
    last: Option<Finished>,
}

impl Rebuilds {
    /// The one that runs, as far as it is, and the last that ended.
    pub fn seen(&self) -> (Option<Running>, Option<Finished>) {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let running = known
            .running
            .as_ref()
            .map(|(running, given)| Running { items: given.load(Ordering::Relaxed), ..running.clone() });
        (running, known.last.clone())
    }

    /// Notes that one begins; false where one runs.
    fn begin(&self, running: &Running, given: &Arc<AtomicU64>) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.running.is_some() {
            return false;
        }
        known.running = Some((running.clone(), Arc::clone(given)));
        true
    }

    fn end(&self, finished: Option<Finished>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.running = None;
        known.last = finished.or_else(|| known.last.take());
    }
}

/// Begins a rebuild for `actor`; `None` where one runs.
pub async fn start(app: &Arc<App>, actor: &str) -> Result<Option<Running>, StateError> {
    let running = Running { started_at: app.clock.now(), items: 0, of: app.store.item_count().await? };
    let given = Arc::new(AtomicU64::new(0));
    if !app.rebuilds.begin(&running, &given) {
        return Ok(None);
    }
    // From here on it is taken back whatever happens, a caller that goes away included.
    let ending = Ending(Arc::clone(app), None);
    note(app, actor, running.of).await?;
    tokio::spawn(run(ending, running.clone(), given, Resume::Committed, CATCH_UP_WITHIN));
    Ok(Some(running))
}

/// Makes the index again because it lacks something, and waits for that; whether it was, which it is not where another
/// rebuild runs or this one fails or is cancelled.
pub async fn mend(app: &Arc<App>, resume: Resume, cancel: &CancellationToken) -> bool {
    let of = app.store.item_count().await.unwrap_or_default();
    let running = Running { started_at: app.clock.now(), items: 0, of };
    let given = Arc::new(AtomicU64::new(0));
    if !app.rebuilds.begin(&running, &given) {
        return false;
    }
    let ending = Ending(Arc::clone(app), None);
    tokio::select! {
        () = cancel.cancelled() => false,
        // Compared once: with what comes in meanwhile it may differ, and an operator's rebuild must not wait for that.
        is_done = run(ending, running, given, resume, Duration::ZERO) => is_done,
    }
}

/// Ends the rebuild when it is dropped.
struct Ending(Arc<App>, Option<Finished>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.rebuilds.end(self.1.take());
    }
}

/// Whether it came to its end.
async fn run(
    mut ending: Ending,
    running: Running,
    given: Arc<AtomicU64>,
    resume: Resume,
    catch_up_within: Duration,
) -> bool {
    let app = Arc::clone(&ending.0);
    let rebuilt = tokio::select! {
        () = app.cancel.cancelled() => return false,
        rebuilt = rebuild(&app, &given, resume, catch_up_within) => rebuilt,
    };
    let is_done = rebuilt.is_ok();
    let (error, compared) = match rebuilt {
        Ok(compared) => (None, Some(compared)),
        Err(error) => (Some(error.to_string()), None),
    };
    let equal = compared.as_ref().is_some_and(|compared| compared.index == compared.stored);
    match &error {
        Some(error) => tracing::error!(error, "the search index could not be made again"),
        None => {
            tracing::info!(items = given.load(Ordering::Relaxed), equal, "the search index was made again")
        }
    }
    ending.1 = Some(Finished {
        started_at: running.started_at,
        finished_at: app.clock.now(),
        items: given.load(Ordering::Relaxed),
        error,
        index: compared.as_ref().map(|compared| compared.index.into()),
        stored: compared.as_ref().map(|compared| compared.stored.into()),
        equal,
    });
    is_done
}

async fn rebuild(
    app: &App,
    given: &Arc<AtomicU64>,
    resume: Resume,
    catch_up_within: Duration,
) -> Result<Compared, CompareError> {
    let source = StoredItems { store: Arc::clone(&app.store), given: Arc::clone(given) };
    app.search.rebuild(&source, resume).await?;
    let deadline = Instant::now() + catch_up_within;
    loop {
        let compared = compare_once(&*app.store, &*app.search).await?;
        if compared.index == compared.stored || Instant::now() > deadline {
            return Ok(compared);
        }
        tokio::time::sleep(CATCH_UP_POLL).await;
    }
}

async fn note(app: &App, actor: &str, items: u64) -> Result<(), StateError> {
    let entry =
        AuditEntry::new(app.clock.now(), actor, "search.rebuild", "search", json!({ "items": items }));
    let mut tx = app.store.begin(Durability::Power).await?;
    tx.record_audit(&entry).await?;
    tx.commit().await
}

/// Every item of the store.
struct StoredItems {
    store: Arc<dyn Store>,
    given: Arc<AtomicU64>,
}

#[async_trait]
impl RebuildSource for StoredItems {
    async fn page(&self, after: Option<ItemId>) -> Result<Vec<Item>, SearchError> {
        let items = self.store.items_after(after, PAGE).await;
        let items = items.map_err(|error| SearchError::Unavailable(error.to_string()))?;
        self.given.fetch_add(items.len() as u64, Ordering::Relaxed);
        Ok(items)
    }
}

/// What index and store have.
#[derive(Debug, Clone, Copy)]
pub struct Compared {
    /// What is searchable.
    pub index: Summary,
    /// What is stored.
    pub stored: Summary,
}

/// Why they could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The index.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The store.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Goes through the store once. The index is looked at before and after, because items come in meanwhile.
pub async fn compare_once(store: &dyn Store, search: &dyn SearchIndex) -> Result<Compared, CompareError> {
    let before = search.summary().await?;
    let mut stored = Summary::default();
    let mut after = None;
    loop {
        let items = store.items_after(after, PAGE).await?;
        let Some(last) = items.last() else { break };
        after = Some(last.id);
        items.iter().for_each(|item| stored.add(item));
    }
    let index = if before == stored { before } else { search.summary().await? };
    Ok(Compared { index, stored })
}
