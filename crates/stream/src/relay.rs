//! The outbox relay: appends what transactions published, in commit order, then removes it from the outbox.
//!
//! A crash between the two appends a record twice, with the same event id; consumers and rooms drop the second. A record that
//! the log refuses for what it is would hold up all others for ever: it is stranded, which keeps it for a person to decide.

use std::sync::Arc;
use std::time::Duration;

use crisislens_log::{EventLog, LogError};
use crisislens_model::Clock;
use crisislens_state::stream::Waiting;
use crisislens_state::{Durability, StateError, Store};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Health, Lease};

/// A relay that failed so often in a row offers its lease to others.
const FAILURES_PER_TURN: u32 = 3;

/// Bounds of the relay.
#[derive(Debug, Clone, Copy)]
pub struct RelayOptions {
    /// Most records in one append.
    pub batch: usize,
    /// Appended records are removed after so many …
    pub remove_after_records: usize,
    /// … or after this time, whichever is first.
    pub remove_after: Duration,
    /// How long to wait for a wake-up before looking anyway.
    pub idle: Duration,
}

impl Default for RelayOptions {
    fn default() -> Self {
        Self {
            batch: 512,
            remove_after_records: 2000,
            remove_after: Duration::from_millis(250),
            idle: Duration::from_secs(1),
        }
    }
}

/// Moves records from the outbox to the log.
pub struct Relay {
    /// The outbox.
    pub store: Arc<dyn Store>,
    /// Where they go.
    pub log: Arc<dyn EventLog>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Wakes it.
    pub wake: Arc<Notify>,
    /// Told what it waits for.
    pub health: Health,
    /// Held by the one relay that works, where several nodes share the store: two would mix the order of the outbox.
    pub lease: Option<Lease>,
    /// Its bounds.
    pub options: RelayOptions,
}

/// Why a round failed.
#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    State(#[from] StateError),
}

/// How far it has come since it started.
struct Reach {
    appended: i64,
    removed: i64,
    unremoved: usize,
    last_removal: Instant,
}

impl Reach {
    /// Notes that everything up to `seq`, `records` more, is appended or stranded.
    fn came_to(&mut self, seq: i64, records: usize) {
        self.appended = seq;
        self.unremoved += records;
        metrics::counter!("crisislens_stream_relayed_records_total").increment(records as u64);
    }
}

impl Relay {
    /// Relays until `cancel`; what is then still in the outbox is appended at the next start.
    pub async fn run(self, cancel: CancellationToken) {
        let mut reach = Reach { appended: 0, removed: 0, unremoved: 0, last_removal: Instant::now() };
        while !cancel.is_cancelled() {
            if !self.may_work(&mut reach, &cancel).await {
                continue;
            }
            match self.round(&mut reach).await {
                Ok(0) => {
                    self.health.well("outbox relay");
                    tokio::select! {
                        () = cancel.cancelled() => {}
                        () = self.wake.notified() => {}
                        () = tokio::time::sleep(self.idle(&reach)) => {}
                    }
                }
                Ok(_) => self.health.well("outbox relay"),
                Err(error) => {
                    let failures = self.health.failed("outbox relay", error.to_string());
                    tracing::warn!(failures, %error, "relay waits before another try");
                    let mut wait = Duration::from_millis(100 * u64::from(failures.min(50)));
                    if let Some(lease) =
                        self.lease.as_ref().filter(|_| failures.is_multiple_of(FAILURES_PER_TURN))
                    {
                        // Perhaps only this node has lost the log: another gets its turn.
                        lease.release(&*self.store).await;
                        wait = wait.max(lease.retry_after() * 2);
                    }
                    pause(wait, &cancel).await;
                }
            }
        }
        let _ = self.remove(&mut reach).await;
        if let Some(lease) = &self.lease {
            lease.release(&*self.store).await;
        }
    }

    /// Whether this relay is the one that works; waits a little when it is not.
    async fn may_work(&self, reach: &mut Reach, cancel: &CancellationToken) -> bool {
        let Some(lease) = &self.lease else { return true };
        let (held, anew) = match lease.held(&*self.store).await {
            Ok(held) => held,
            Err(error) => {
                self.health.failed("outbox relay", error.to_string());
                pause(lease.retry_after(), cancel).await;
                return false;
            }
        };
        if anew {
            // Another has worked meanwhile: what waits now is read from the beginning.
            *reach = Reach { appended: 0, removed: 0, unremoved: 0, last_removal: Instant::now() };
        }
        if !held {
            // It waits for nobody: another does the work.
            self.health.well("outbox relay");
            pause(lease.retry_after(), cancel).await;
        }
        held
    }

    fn idle(&self, reach: &Reach) -> Duration {
        if reach.unremoved > 0 { self.options.remove_after } else { self.options.idle }
    }

    async fn round(&self, reach: &mut Reach) -> Result<usize, RelayError> {
        let waiting = self.store.waiting(reach.appended, self.options.batch).await?;
        let count = waiting.len();
        if let Some(last) = waiting.last().map(|waiting| waiting.seq) {
            match self.log.append(waiting.into_iter().map(|waiting| waiting.record).collect()).await {
                Ok(_) => reach.came_to(last, count),
                Err(error) if error.is_about_the_record() => self.one_by_one(reach).await?,
                Err(error) => return Err(error.into()),
            }
        }
        let due = reach.unremoved >= self.options.remove_after_records
            || reach.unremoved > 0 && reach.last_removal.elapsed() >= self.options.remove_after;
        if due {
            self.remove(reach).await?;
        }
        Ok(count)
    }

    /// Appends what waits one by one, because one of it is refused, and strands that.
    async fn one_by_one(&self, reach: &mut Reach) -> Result<(), RelayError> {
        for Waiting { seq, record } in self.store.waiting(reach.appended, self.options.batch).await? {
            let topic = record.topic;
            match self.log.append(vec![record]).await {
                Ok(_) => {}
                Err(error) if error.is_about_the_record() => {
                    tracing::error!(seq, %topic, %error, "a record is stranded: the log refuses it");
                    metrics::counter!("crisislens_stream_stranded_records_total").increment(1);
                    let mut tx = self.store.begin(Durability::Power).await?;
                    tx.strand(seq, &error.to_string(), self.clock.now()).await?;
                    tx.commit().await?;
                }
                Err(error) => return Err(error.into()),
            }
            reach.came_to(seq, 1);
        }
        Ok(())
    }

    async fn remove(&self, reach: &mut Reach) -> Result<(), StateError> {
        if reach.appended > reach.removed {
            let mut tx = self.store.begin(Durability::Process).await?;
            tx.relayed(reach.appended).await?;
            tx.commit().await?;
            reach.removed = reach.appended;
            reach.unremoved = 0;
        }
        reach.last_removal = Instant::now();
        Ok(())
    }
}

async fn pause(wait: Duration, cancel: &CancellationToken) {
    tokio::select! {
        () = cancel.cancelled() => {}
        () = tokio::time::sleep(wait) => {}
    }
}
