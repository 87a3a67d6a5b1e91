//! Keeps the search index: a projection of `normalized-items` with its own offsets, kept in the index's own commits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crisislens_log::{EventLog, LogError, LogRecord, ReadLimit};
use crisislens_model::topic::event_type;
use crisislens_model::{Item, Topic, record};
use crisislens_search::{SearchError, SearchIndex};
use crisislens_stream::Health;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Bounds of the projector.
#[derive(Debug, Clone, Copy)]
pub struct ProjectorOptions {
    /// Most records read at once from a partition.
    pub batch: usize,
    /// A commit is made after so many items …
    pub commit_items: usize,
    /// … or so long after the first item not yet committed.
    pub commit_after: Duration,
    /// With nothing else to do, it looks so often whether others have moved the offsets of a shared index, or begun it anew.
    pub look_after: Duration,
}

impl Default for ProjectorOptions {
    fn default() -> Self {
        Self {
            batch: 512,
            commit_items: 5000,
            commit_after: Duration::from_millis(500),
            look_after: Duration::from_secs(5),
        }
    }
}

/// Follows `normalized-items` and puts items into the index.
pub struct SearchProjector {
    /// Where items come from.
    pub log: Arc<dyn EventLog>,
    /// Where they go.
    pub index: Arc<dyn SearchIndex>,
    /// Told what it waits for.
    pub health: Health,
    /// Its bounds.
    pub options: ProjectorOptions,
    /// Told the offsets that have become searchable.
    pub progress: watch::Sender<BTreeMap<u32, u64>>,
}

#[derive(Debug, thiserror::Error)]
enum ProjectError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Search(#[from] SearchError),
    #[error("a batch could not be decoded: {0}")]
    Decoding(#[from] tokio::task::JoinError),
    /// It belongs to another log, or the log was restored from an older copy. What it has may be all there is, so nothing is
    /// removed from here: it is made again from the store, and searches go on meanwhile.
    #[error(
        "the search index was at {place} of partition {partition}, and the log ends at {end}; it must be made again from the \
         store"
    )]
    Ahead { partition: u32, place: u64, end: u64 },
}

/// What has been put and not committed.
#[derive(Default)]
struct Uncommitted {
    items: usize,
    moved: bool,
    since: Option<Instant>,
}

impl SearchProjector {
    /// Follows until `cancel`, then commits what it has.
    pub async fn run(self, cancel: CancellationToken) {
        let mut failures: u32;
        while !cancel.is_cancelled() {
            match self.follow(&cancel).await {
                Ok(()) => failures = 0,
                Err(error) => {
                    failures = self.health.failed("search projector", error.to_string());
                    tracing::warn!(failures, %error, "search projector waits before another try");
                }
            }
            if failures > 0 {
                let wait = Duration::from_millis(200 * u64::from(failures.min(50)));
                tokio::select! {
                    () = cancel.cancelled() => {}
                    () = tokio::time::sleep(wait) => {}
                }
            }
        }
    }

    /// Follows from the index's own offsets; after an error it is called again, and begins where the last commit ended.
    async fn follow(&self, cancel: &CancellationToken) -> Result<(), ProjectError> {
        let mut offsets = self.index.offsets().await?;
        let mut changes = self.log.changes(Topic::NormalizedItems);
        let mut uncommitted = Uncommitted::default();
        let mut looked = Instant::now();
        self.progress.send_replace(offsets.clone());
        while !cancel.is_cancelled() {
            changes.borrow_and_update();
            let mut read = 0;
            for partition in 0..self.log.partitions(Topic::NormalizedItems) {
                read += self.project(partition, &mut offsets, &mut uncommitted).await?;
            }
            let due = uncommitted.items >= self.options.commit_items
                || uncommitted.since.is_some_and(|since| since.elapsed() >= self.options.commit_after);
            if due {
                self.commit(&offsets, &mut uncommitted).await?;
            }
            if read == 0 {
                self.health.well("search projector");
                let commit_at = uncommitted.since.map(|since| since + self.options.commit_after);
                let look_at = self.index.is_shared().then(|| looked + self.options.look_after);
                if commit_at.is_none() && look_at.is_some_and(|at| at <= Instant::now()) {
                    looked = Instant::now();
                    self.look(&mut offsets).await?;
                    continue;
                }
                tokio::select! {
                    () = cancel.cancelled() => {}
                    _ = changes.changed() => {}
                    () = sleep_until(commit_at.or(look_at)) => {}
                }
            }
        }
        self.commit(&offsets, &mut uncommitted).await
    }

    /// Takes over the offsets of a shared index where they are not ours: further, another node has projected meanwhile; less,
    /// the index was replaced or begun anew, and what it lacks is put again.
    async fn look(&self, offsets: &mut BTreeMap<u32, u64>) -> Result<(), ProjectError> {
        let committed = self.index.offsets().await?;
        if committed != *offsets {
            tracing::info!("others have moved the offsets of the search index; continuing from there");
            self.progress.send_replace(committed.clone());
            *offsets = committed;
        }
        Ok(())
    }

    async fn project(
        &self,
        partition: u32,
        offsets: &mut BTreeMap<u32, u64>,
        uncommitted: &mut Uncommitted,
    ) -> Result<usize, ProjectError> {
        let from = offsets.get(&partition).copied().unwrap_or(0);
        let limit = ReadLimit { records: self.options.batch, bytes: 4 * 1024 * 1024 };
        let records = match self.log.read(Topic::NormalizedItems, partition, from, limit).await {
            Ok(records) => records,
            Err(LogError::OutOfRange { start, .. }) if from < start => {
                tracing::warn!(partition, from, start, "retention dropped items before they were indexed");
                offsets.insert(partition, start);
                uncommitted.moved = true;
                uncommitted.since.get_or_insert_with(Instant::now);
                return Ok(1);
            }
            Err(LogError::OutOfRange { end, .. }) => {
                return Err(ProjectError::Ahead { partition, place: from, end });
            }
            Err(error) => return Err(error.into()),
        };
        let Some(next) = records.last().map(|last| last.offset + 1) else { return Ok(0) };
        let count = records.len();
        let items =
            tokio::task::spawn_blocking(move || records.iter().filter_map(decode).collect::<Vec<Item>>());
        let items = items.await?;
        uncommitted.moved = true;
        uncommitted.items += items.len();
        uncommitted.since.get_or_insert_with(Instant::now);
        self.index.put(items).await?;
        offsets.insert(partition, next);
        Ok(count)
    }

    async fn commit(
        &self,
        offsets: &BTreeMap<u32, u64>,
        uncommitted: &mut Uncommitted,
    ) -> Result<(), ProjectError> {
        if uncommitted.moved {
            self.index.commit(offsets.clone()).await?;
            metrics::counter!("crisislens_pipeline_indexed_items_total").increment(uncommitted.items as u64);
            self.progress.send_replace(offsets.clone());
        }
        *uncommitted = Uncommitted::default();
        Ok(())
    }
}

/// The item of a record; records that do not decode or say something impossible are the dead letters of [`crate::Cluster`], which reads them too.
fn decode(record: &LogRecord) -> Option<Item> {
    match record::header(&record.headers, "ce_type") {
        Some(event_type::ITEM_CREATED | event_type::ITEM_UPDATED) => {
            let item: Item = serde_json::from_slice(record.value.as_deref()?).ok()?;
            item.problems(record.timestamp).is_empty().then_some(item)
        }
        _ => None,
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
