//! The consumer that is measured: the runner itself, with a handler that decodes every record and has no effect of its own. Each
//! batch commits its offset in the store, as in production.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use crisislens_log::{EventLog, LogRecord};
use crisislens_model::{SystemClock, Topic};
use crisislens_state::Tx;
use crisislens_state::sqlite::SqliteStore;
use crisislens_stream::{ApplyError, FailurePolicy, Gate, Handler, Health, Reject, Runner, RunnerOptions};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Decodes and counts.
struct Counter {
    group: &'static str,
    seen: AtomicUsize,
    wanted: usize,
    /// When the first record came, and told when the last has.
    begun: std::sync::OnceLock<Instant>,
    done: Notify,
}

#[async_trait]
impl Handler for Counter {
    type Work = ();

    fn group(&self) -> &'static str {
        self.group
    }

    fn stage(&self) -> &'static str {
        "count"
    }

    fn topic(&self) -> Topic {
        Topic::RawItems
    }

    fn prepare(&self, record: &LogRecord) -> Result<Option<()>, Reject> {
        self.begun.get_or_init(Instant::now);
        let text =
            std::str::from_utf8(record.value.as_deref().unwrap_or_default()).map_err(Reject::decode)?;
        if text.len() != super::VALUE_BYTES || !text.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(Reject::invalid("not a record of this measurement"));
        }
        if self.seen.fetch_add(1, Ordering::Relaxed) + 1 >= self.wanted {
            self.done.notify_one();
        }
        Ok(None)
    }

    async fn apply(&self, _: &mut dyn Tx, _: &[()]) -> Result<(), ApplyError> {
        Ok(())
    }
}

/// Records a second that a runner decodes and commits, from its first record on.
pub async fn consume(log: &Arc<dyn EventLog>, records: usize, group: &'static str) -> anyhow::Result<f64> {
    let dir = tempfile::tempdir()?;
    let store = Arc::new(SqliteStore::open(&dir.path().join("state.db")).await?);
    let handler = Arc::new(Counter {
        group,
        seen: AtomicUsize::new(0),
        wanted: records,
        begun: std::sync::OnceLock::new(),
        done: Notify::new(),
    });
    let runner = Runner {
        handler: Arc::clone(&handler),
        log: Arc::clone(log),
        store,
        clock: Arc::new(SystemClock),
        relay: Arc::default(),
        health: Health::default(),
        gate: Gate::default(),
        policy: FailurePolicy::default(),
        instance: "bench".into(),
        options: RunnerOptions { batch_records: 1024, ..RunnerOptions::default() },
        gives_way: None,
    };
    let cancel = CancellationToken::new();
    let running = tokio::spawn(runner.run(cancel.clone()));
    handler.done.notified().await;
    let seconds = handler.begun.get().map_or(0.0, |begun| begun.elapsed().as_secs_f64());
    cancel.cancel();
    running.await??;
    Ok(records as f64 / seconds)
}
