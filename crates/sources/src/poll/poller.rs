//! The life of one live source: ask, read, publish what is new, remember, wait.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crisislens_model::source::Skip;
use crisislens_model::{Clock, RawItem, SourceStatus, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::backoff::Backoff;
use super::config::PollerConfig;
use super::fetch::{Fetch, FetchError, Fetched, HttpFetch};
use super::guard::GuardedClient;
use crate::memory::Novelty;
use crate::status::{RECENT_SKIPS, blank_status};
use crate::{
    DocumentError, Parsed, RawItemSink, SinkError, SourceContext, SourceJournal, SourceMemory, parse,
};

/// Most items that are handed over at once.
const BATCH: usize = 500;

/// What one poll did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Polled {
    /// Whether the document was the one we knew.
    pub not_modified: bool,
    /// Entries read.
    pub entries: u64,
    /// Raw items published, new and changed.
    pub published: u64,
    /// Of them, revisions of items we had.
    pub changed: u64,
    /// Entries skipped.
    pub skipped: u64,
}

/// The pages of one poll that are read and published, and are still to be remembered.
#[derive(Default)]
struct ReadSoFar {
    polled: Polled,
    known: Vec<(String, [u8; 32])>,
    skips: Vec<Skip>,
    /// Whether a page ended before its entries did.
    cut_off: bool,
}

/// Why a poll failed; the next one asks again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PollError {
    /// Nothing came.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// What came cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The reader broke.
    #[error("reading the document failed: {0}")]
    Reader(String),
    /// What was read could not be published.
    #[error("publishing failed: {0}")]
    Publish(SinkError),
}

/// Reads one live source.
pub struct Poller {
    config: PollerConfig,
    fetch: Box<dyn Fetch>,
    sink: Arc<dyn RawItemSink>,
    journal: Arc<dyn SourceJournal>,
    clock: Arc<dyn Clock>,
    backoff: Backoff,
    memory: SourceMemory,
    status: SourceStatus,
    recent_skips: VecDeque<Skip>,
}

impl Poller {
    /// A poller that asks over HTTP.
    #[must_use]
    pub fn http(
        config: PollerConfig,
        client: GuardedClient,
        sink: Arc<dyn RawItemSink>,
        journal: Arc<dyn SourceJournal>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let fetch = HttpFetch {
            client,
            url: config.url.clone(),
            max_bytes: config.max_bytes,
            timeout: config.timeout,
        };
        Self::new(config, Box::new(fetch), sink, journal, clock)
    }

    /// A poller that gets its documents from `fetch`.
    #[must_use]
    pub fn new(
        config: PollerConfig,
        fetch: Box<dyn Fetch>,
        sink: Arc<dyn RawItemSink>,
        journal: Arc<dyn SourceJournal>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let backoff = Backoff::new(config.backoff_base, config.backoff_cap, config.seed);
        let url = Some(config.url.to_string());
        let status =
            SourceStatus { url, ..blank_status(&config.source, config.kind, config.format.as_str(), "live") };
        let memory = SourceMemory::default();
        Self { config, fetch, sink, journal, clock, backoff, memory, status, recent_skips: VecDeque::new() }
    }

    /// Polls until `cancel`, starting from what the journal remembers.
    pub async fn run(mut self, cancel: CancellationToken) {
        let source = self.config.source.clone();
        let work = async {
            while let Err(error) = self.recall().await {
                let wait = self.backoff.after_failure(None);
                warn!(source.name = %source, %error, "the journal does not answer; the source waits");
                tokio::time::sleep(wait).await;
            }
            self.backoff.after_success();
            loop {
                let wait = match self.poll_once().await {
                    Ok(_) => self.config.interval,
                    Err(error) => self.backoff_after(&error),
                };
                tokio::time::sleep(wait).await;
            }
        };
        let _: Option<()> = cancel.run_until_cancelled(work).await;
    }

    /// Takes up what the journal remembers. To be called once, before the first poll.
    ///
    /// # Errors
    /// When the journal does not answer; polling without memory would publish everything anew.
    pub async fn recall(&mut self) -> Result<(), SinkError> {
        self.memory = self.journal.load(&self.config.source).await?.unwrap_or_default();
        Ok(())
    }

    /// One poll. Memory moves only when all news is durable on the log, so what failed is published by a later poll.
    ///
    /// # Errors
    /// When the document does not come, cannot be read, or its items cannot be published.
    pub async fn poll_once(&mut self) -> Result<Polled, PollError> {
        let now = self.clock.now();
        self.count("polls", 1);
        let outcome = self.poll(now).await;
        self.status.last_polled_at = Some(now);
        match &outcome {
            Ok(polled) => {
                self.backoff.after_success();
                self.status.last_ok_at = Some(now);
                self.status.last_error = None;
                debug!(source.name = %self.config.source, published = polled.published, "polled");
            }
            Err(error) => self.status.last_error = Some(error.to_string()),
        }
        self.remember().await;
        outcome
    }

    async fn poll(&mut self, now: Timestamp) -> Result<Polled, PollError> {
        let Fetched::Document { body, etag, last_modified } = self.fetch.fetch(&self.memory, now).await?
        else {
            return Ok(Polled { not_modified: true, ..Polled::default() });
        };
        let mut read = ReadSoFar::default();
        let mut parsed = self.read(body, now).await?;
        for _ in 1..self.config.max_pages {
            let (next, is_index) = (parsed.next.take(), parsed.entries == 0);
            let before = read.polled.published;
            self.publish(parsed, &mut read).await?;
            // The newest come first: where a page brings no news, none of those behind it does. An index has no entries itself.
            let Some(next) = next.filter(|_| read.polled.published > before || is_index) else {
                parsed = Parsed::default();
                break;
            };
            parsed = self.read(self.fetch.fetch_page(&next, now).await?, now).await?;
        }
        self.publish(parsed, &mut read).await?;
        // Only now, since a page that is known would keep a later poll from those behind it.
        for (key, hash) in &read.known {
            self.memory.seen.remember(key, hash);
        }
        // Part of a document is not one we know: it is asked for again.
        (self.memory.etag, self.memory.last_modified) =
            if read.cut_off { (None, None) } else { (etag, last_modified) };
        self.tally(&read.polled, read.skips);
        Ok(read.polled)
    }

    /// Publishes what is new in a page.
    async fn publish(&self, parsed: Parsed, read: &mut ReadSoFar) -> Result<(), PollError> {
        let hashes: Vec<[u8; 32]> = parsed.items.iter().map(|item| hash(item, &parsed)).collect();
        let mut news = Vec::new();
        for (item, hash) in parsed.items.into_iter().zip(hashes) {
            // By our id and not the source's: a document of raw items may speak for several sources.
            let key = item.id.to_string();
            let novelty = self.memory.seen.novelty(&key, &hash);
            read.polled.changed += u64::from(novelty == Novelty::Changed);
            read.known.push((key, hash));
            if novelty != Novelty::Known {
                news.push(item);
            }
        }
        for batch in news.chunks(BATCH) {
            self.sink.publish(batch.to_vec()).await.map_err(PollError::Publish)?;
        }
        read.polled.published += news.len() as u64;
        read.polled.entries += parsed.entries;
        read.polled.skipped += parsed.skips.len() as u64;
        read.skips.extend(parsed.skips);
        read.cut_off |= parsed.cut_off;
        Ok(())
    }

    /// Reads on a thread of its own, since a large document takes longer than an async task may.
    async fn read(&self, body: bytes::Bytes, now: Timestamp) -> Result<Parsed, PollError> {
        let config = self.config.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let ctx = SourceContext {
                source: &config.source,
                kind: config.kind,
                now,
                exercise: false,
                url: Some(config.url.as_str()),
            };
            parse(config.format, &body, &ctx)
        });
        Ok(reading.await.map_err(|error| PollError::Reader(error.to_string()))??)
    }

    fn tally(&mut self, polled: &Polled, skips: Vec<Skip>) {
        self.memory.entries += polled.entries;
        self.memory.published += polled.published;
        self.memory.skipped += polled.skipped;
        self.count("entries", polled.entries);
        self.count("published", polled.published);
        self.count("skipped", polled.skipped);
        for skip in skips {
            self.recent_skips.push_front(skip);
        }
        self.recent_skips.truncate(RECENT_SKIPS);
        if polled.published > 0 {
            info!(source.name = %self.config.source, published = polled.published, changed = polled.changed, "published");
        }
    }

    /// Saves memory and status. A failure costs a repetition after a restart, which consumers drop, so it only warns.
    async fn remember(&mut self) {
        self.status.entries = self.memory.entries;
        self.status.published = self.memory.published;
        self.status.skipped = self.memory.skipped;
        self.status.recent_skips = self.recent_skips.iter().cloned().collect();
        if let Err(error) = self.journal.save(&self.config.source, &self.memory, &self.status).await {
            warn!(source.name = %self.config.source, %error, "could not save what the source remembers");
        }
    }

    fn backoff_after(&mut self, error: &PollError) -> Duration {
        let asked = match error {
            PollError::Fetch(FetchError::Status { retry_after, .. }) => *retry_after,
            _ => None,
        };
        let wait = self.backoff.after_failure(asked);
        warn!(source.name = %self.config.source, %error, wait_ms = wait.as_millis() as u64, "poll failed");
        wait
    }

    fn count(&self, noun: &'static str, by: u64) {
        let source = self.config.source.clone();
        match noun {
            "polls" => metrics::counter!("crisislens_sources_polls_total", "source" => source).increment(by),
            "entries" => {
                metrics::counter!("crisislens_sources_entries_total", "source" => source).increment(by)
            }
            "published" => {
                metrics::counter!("crisislens_sources_published_total", "source" => source).increment(by)
            }
            _ => metrics::counter!("crisislens_sources_skipped_total", "source" => source).increment(by),
        }
    }
}

/// The content hash; the time of an undated item is ours and no part of what it says.
fn hash(item: &RawItem, parsed: &Parsed) -> [u8; 32] {
    if parsed.undated.contains(&item.id) {
        let timeless = RawItem { timestamp: Timestamp::UNIX_EPOCH, ..item.clone() };
        return timeless.content_hash();
    }
    item.content_hash()
}
