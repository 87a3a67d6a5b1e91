//! Plays a schedule against the clock, in small batches, and remembers after each how far it is.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crisislens_model::{Clock, RawItem, SourceKind, SourceStatus, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::manifest::ReplayError;
use super::schedule::{Schedule, load};
use crate::poll::Backoff;
use crate::status::{RECENT_SKIPS, blank_status};
use crate::{RawItemSink, ReplayCursor, SinkError, SourceJournal, SourceMemory};

/// Speed at which the exercise takes 20 minutes.
pub const DEFAULT_SPEED: f64 = 1.0;
/// Name under which the journal keeps the cursor; each source's own figures are kept under `exercise/<source>`.
pub const JOURNAL_NAME: &str = "exercise";
/// Most items of a batch.
const BATCH: usize = 64;
/// Shortest wait between batches, so that a busy stretch does not become one write per item.
const TICK: Duration = Duration::from_millis(100);
/// How a status says that its source is played and not live.
const MODE: &str = "recording";
/// Items between two reports of how the sources are doing.
const REPORT_EVERY: u64 = 100;
/// Slowest and fastest speed.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.01..=10_000.0;

/// How far an exercise is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Items published so far.
    pub published: u64,
    /// Items of the whole exercise.
    pub total: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// How fast it runs.
    pub speed: f64,
}

/// What a replay did.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplaySummary {
    /// How far it is at its end.
    pub progress: Progress,
    /// Entries of the recordings that are no items.
    pub skipped: u64,
    /// Whether everything was said; false when it was cancelled.
    pub finished: bool,
}

/// Plays the recordings of a folder as an exercise.
pub struct Replay {
    dir: PathBuf,
    speed: f64,
    journal: Arc<dyn SourceJournal>,
    clock: Arc<dyn Clock>,
    sink: Arc<dyn RawItemSink>,
    cancel: CancellationToken,
    progress: Box<dyn Fn(Progress) + Send + Sync>,
}

/// A replay under way.
struct Running {
    schedule: Schedule,
    cursor: ReplayCursor,
    statuses: Vec<SourceStatus>,
    /// Items that were published when the statuses were last saved.
    reported: u64,
}

impl Replay {
    /// A replay of `dir` at `speed`. An exercise that the journal knows as begun keeps the speed it began with.
    #[must_use]
    pub fn new(
        dir: impl Into<PathBuf>,
        speed: f64,
        journal: Arc<dyn SourceJournal>,
        clock: Arc<dyn Clock>,
        sink: Arc<dyn RawItemSink>,
        cancel: CancellationToken,
    ) -> Self {
        let speed =
            if speed.is_finite() { speed.clamp(*SPEEDS.start(), *SPEEDS.end()) } else { DEFAULT_SPEED };
        Self { dir: dir.into(), speed, journal, clock, sink, cancel, progress: Box::new(|_| {}) }
    }

    /// Calls `progress` after each batch.
    #[must_use]
    pub fn on_progress(mut self, progress: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.progress = Box::new(progress);
        self
    }

    /// Plays to the end, or until cancelled. A batch counts once it is durable; after a crash the batch under way is sent
    /// again byte for byte, so that consumers drop it.
    ///
    /// # Errors
    /// When the recordings or the journal cannot be read.
    pub async fn run(self) -> Result<ReplaySummary, ReplayError> {
        let mut running = self.begin().await?;
        let played = self.cancel.run_until_cancelled(self.play(&mut running)).await;
        let skipped = running.schedule.read.iter().map(|read| read.skips.len() as u64).sum();
        let summary = ReplaySummary { progress: running.progress(), skipped, finished: played.is_some() };
        info!(
            published = summary.progress.published,
            finished = summary.finished,
            "the exercise stands still"
        );
        Ok(summary)
    }

    async fn begin(&self) -> Result<Running, ReplayError> {
        let known = self.journal.load(JOURNAL_NAME).await.map_err(ReplayError::Journal)?;
        let fresh = ReplayCursor { started_at: self.clock.now(), speed: self.speed, published: 0 };
        let cursor = known.and_then(|memory| memory.replay).unwrap_or(fresh);
        let dir = self.dir.clone();
        let loading = tokio::task::spawn_blocking(move || load(&dir, cursor.started_at));
        let schedule = loading.await.map_err(|error| ReplayError::Reader(error.to_string()))??;
        let statuses = statuses(&schedule, cursor.published);
        let running = Running { statuses, schedule, cursor, reported: cursor.published };
        // The start is durable before the first item, else a crash in between would begin a second exercise.
        self.save_cursor(&running).await.map_err(ReplayError::Journal)?;
        Ok(running)
    }

    async fn play(&self, running: &mut Running) {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30), 0);
        while let Some(due_at) = running.next_due() {
            let wait = due_at.duration_since(self.clock.now());
            if let Ok(wait) = Duration::try_from(wait) {
                tokio::time::sleep(wait.max(TICK)).await;
            }
            let batch = running.due(self.clock.now());
            if batch.is_empty() {
                continue;
            }
            while let Err(error) = self.sink.publish(batch.clone()).await {
                let wait = backoff.after_failure(None);
                warn!(%error, wait_ms = wait.as_millis() as u64, "the exercise waits for the log");
                tokio::time::sleep(wait).await;
            }
            backoff.after_success();
            running.advance(batch.len(), self.clock.now());
            if let Err(error) = self.save(running).await {
                warn!(%error, "could not save how far the exercise is");
            }
            (self.progress)(running.progress());
        }
    }

    async fn save_cursor(&self, running: &Running) -> Result<(), SinkError> {
        let memory = SourceMemory { replay: Some(running.cursor), ..SourceMemory::default() };
        let mut exercise = blank_status(JOURNAL_NAME, SourceKind::Social, "replay", MODE);
        exercise.entries = running.schedule.planned.len() as u64;
        exercise.published = running.cursor.published;
        self.journal.save(JOURNAL_NAME, &memory, &exercise).await
    }

    /// The cursor is saved after each batch; the figures of the sources, which nothing depends on, now and then.
    async fn save(&self, running: &mut Running) -> Result<(), SinkError> {
        self.save_cursor(running).await?;
        let over = running.next_due().is_none();
        if !over && running.cursor.published - running.reported < REPORT_EVERY {
            return Ok(());
        }
        running.reported = running.cursor.published;
        for status in &running.statuses {
            let key = format!("{JOURNAL_NAME}/{}", status.name);
            self.journal.save(&key, &SourceMemory::default(), status).await?;
        }
        Ok(())
    }
}

impl Running {
    fn next_due(&self) -> Option<Timestamp> {
        let next = self.schedule.planned.get(self.position())?;
        Some(next.due_at(self.cursor.started_at, self.cursor.speed))
    }

    /// The next items that are due at `now`, at most a batch.
    fn due(&self, now: Timestamp) -> Vec<RawItem> {
        let (started_at, speed) = (self.cursor.started_at, self.cursor.speed);
        let waiting = self.schedule.planned.iter().skip(self.position()).take(BATCH);
        let due = waiting.take_while(|planned| planned.due_at(started_at, speed) <= now);
        due.map(|planned| planned.anchored(started_at, speed)).collect()
    }

    fn advance(&mut self, by: usize, now: Timestamp) {
        let from = self.position();
        for planned in self.schedule.planned.iter().skip(from).take(by) {
            let source = &planned.item.source;
            metrics::counter!("crisislens_sources_published_total", "source" => source.clone()).increment(1);
            if let Some(status) = self.statuses.iter_mut().find(|status| status.name == *source) {
                status.published += 1;
                status.last_polled_at = Some(now);
                status.last_ok_at = Some(now);
            }
        }
        self.cursor.published += by as u64;
    }

    fn position(&self) -> usize {
        usize::try_from(self.cursor.published).unwrap_or(usize::MAX)
    }

    fn progress(&self) -> Progress {
        let ReplayCursor { started_at, speed, published } = self.cursor;
        Progress { published, total: self.schedule.planned.len() as u64, started_at, speed }
    }
}

/// One status per source over all its recordings, with what was published of it before position `published`.
fn statuses(schedule: &Schedule, published: u64) -> Vec<SourceStatus> {
    let mut statuses: Vec<SourceStatus> = Vec::new();
    for (recording, read) in schedule.manifest.recordings.iter().zip(&schedule.read) {
        let index = statuses.iter().position(|status| status.name == recording.source).unwrap_or_else(|| {
            statuses.push(blank_status(&recording.source, recording.kind, recording.format.as_str(), MODE));
            statuses.len() - 1
        });
        let Some(status) = statuses.get_mut(index) else { continue };
        status.entries += read.entries;
        status.skipped += read.skips.len() as u64;
        let room = RECENT_SKIPS - status.recent_skips.len();
        status.recent_skips.extend(read.skips.iter().take(room).cloned());
    }
    for planned in schedule.planned.iter().take(usize::try_from(published).unwrap_or(usize::MAX)) {
        if let Some(status) = statuses.iter_mut().find(|status| status.name == planned.item.source) {
            status.published += 1;
        }
    }
    statuses
}
