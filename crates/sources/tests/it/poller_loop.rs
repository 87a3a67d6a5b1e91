//! The poller's loop under a paused clock, with documents handed in.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use crisislens_model::{SourceKind, Timestamp};
use crisislens_sources::poll::{Fetch, FetchError, Fetched};
use crisislens_sources::{Format, Poller, PollerConfig, SourceMemory};
use tokio_util::sync::CancellationToken;

use crate::support::{MemoryJournal, MemorySink, TokioClock};

/// Gives each answer once, then the last again, and notes when it was asked.
#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<Result<Fetched, FetchError>>>>,
    asked: Arc<Mutex<Vec<Timestamp>>>,
}

#[async_trait]
impl Fetch for Script {
    async fn fetch(&self, _: &SourceMemory, now: Timestamp) -> Result<Fetched, FetchError> {
        self.asked.lock().unwrap().push(now);
        let mut answers = self.answers.lock().unwrap();
        if answers.len() > 1 { answers.pop_front().unwrap() } else { answers.front().cloned().unwrap() }
    }

    async fn fetch_page(&self, page: &str, _: Timestamp) -> Result<Bytes, FetchError> {
        panic!("nothing here has a next page, but {page} was asked for")
    }
}

impl Script {
    fn of(answers: impl IntoIterator<Item = Result<Fetched, FetchError>>) -> Self {
        Self { answers: Arc::new(Mutex::new(answers.into_iter().collect())), asked: Arc::default() }
    }

    /// Seconds between one request and the next.
    fn gaps(&self) -> Vec<i64> {
        let asked = self.asked.lock().unwrap();
        asked.windows(2).map(|pair| pair[1].as_second() - pair[0].as_second()).collect()
    }
}

fn document(text: &str) -> Result<Fetched, FetchError> {
    let body = format!("{{\"source\":\"s\",\"source_id\":\"1\",\"text\":\"{text}\"}}");
    Ok(Fetched::Document { body: body.into(), etag: None, last_modified: None })
}

fn status(status: u16, retry_after: Option<u64>) -> Result<Fetched, FetchError> {
    Err(FetchError::Status { status, retry_after: retry_after.map(Duration::from_secs) })
}

fn config() -> PollerConfig {
    let url = "https://example.org/feed".parse().unwrap();
    PollerConfig { seed: 3, ..PollerConfig::new("s", SourceKind::Social, Format::RawNdjson, url) }
}

async fn run_for(seconds: u64, script: &Script, sink: &Arc<MemorySink>) -> Arc<MemoryJournal> {
    let journal = Arc::new(MemoryJournal::default());
    let poller =
        Poller::new(config(), Box::new(script.clone()), sink.clone(), journal.clone(), TokioClock::start());
    let cancel = CancellationToken::new();
    let running = tokio::spawn(poller.run(cancel.clone()));
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    cancel.cancel();
    running.await.unwrap();
    journal
}

#[tokio::test(start_paused = true)]
async fn a_healthy_source_is_asked_at_its_interval() {
    let (script, sink) = (Script::of([document("a")]), Arc::new(MemorySink::default()));
    run_for(310, &script, &sink).await;
    assert_eq!(script.gaps(), [60; 5]);
    assert_eq!(sink.items().len(), 1, "an undated entry that stays the same is published once");
}

#[tokio::test(start_paused = true)]
async fn a_failing_source_is_asked_ever_more_rarely_and_recovers() {
    let failures = std::iter::repeat_n(status(500, None), 6);
    let (script, sink) = (Script::of(failures.chain([document("a")])), Arc::new(MemorySink::default()));
    let journal = run_for(1_200, &script, &sink).await;
    let gaps = script.gaps();
    for (attempt, gap) in gaps.iter().take(6).enumerate() {
        assert!(*gap <= 5 << attempt, "{gaps:?}");
    }
    assert!(gaps[6..].iter().all(|gap| *gap == 60), "{gaps:?}");
    assert_eq!(sink.items().len(), 1);
    assert_eq!(journal.status("s").last_error, None);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured() {
    let (script, sink) =
        (Script::of([status(429, Some(200)), document("a")]), Arc::new(MemorySink::default()));
    run_for(300, &script, &sink).await;
    assert_eq!(script.gaps()[0], 200);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_published_is_published_later() {
    let (script, sink) = (Script::of([document("a")]), Arc::new(MemorySink::default()));
    sink.fail(2);
    let journal = run_for(60, &script, &sink).await;
    assert_eq!(sink.items().len(), 1);
    assert_eq!(journal.memory("s").published, 1);
}

#[tokio::test(start_paused = true)]
async fn a_changed_entry_is_a_new_revision_of_the_same_item() {
    let (script, sink) =
        (Script::of([document("a"), document("a"), document("b")]), Arc::new(MemorySink::default()));
    run_for(200, &script, &sink).await;
    let items = sink.items();
    assert_eq!(items.iter().map(|item| item.text.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(items[0].id, items[1].id);
}
