//! The intake: takes records from outside to the log, or spools them in the outbox while the log is away (ADR 14).
//!
//! What they mean, and who may bring them, is decided by who calls it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crisislens_log::{EventLog, LogError};
use crisislens_model::{Clock, NewRecord, Timestamp};
use crisislens_state::stream::OutboxDepth;
use crisislens_state::{Durability, StateError, Store};
use tokio::sync::Notify;
use tokio::time::Instant;

/// For so long it is believed how much is spooled; what other nodes spool meanwhile may go beyond the budget.
const BELIEVED_FOR: Duration = Duration::from_secs(1);
/// With no more than so many records spooled, and the relay at work on them, requests wait for it instead of adding to them:
/// under a steady load there would always be another, and the spool would never end.
const LAST_RECORDS: u64 = 2_000;
/// For so long at most.
const LAST_WITHIN: Duration = Duration::from_secs(1);
/// They look after so long whether the spool is empty, and each time after twice as long, because there may be many of them …
const LOOK_AFTER: Duration = Duration::from_millis(20);
/// … up to this.
const LOOK_EVERY: Duration = Duration::from_millis(160);

/// Bounds of the intake.
#[derive(Debug, Clone, Copy)]
pub struct IntakeOptions {
    /// How long the log may take before records are spooled instead.
    pub patience: Duration,
    /// With so many records spooled, no more are taken …
    pub max_records: u64,
    /// … nor with so many bytes; the request that reaches either is still taken.
    pub max_bytes: u64,
}

impl Default for IntakeOptions {
    fn default() -> Self {
        Self { patience: Duration::from_secs(3), max_records: 100_000, max_bytes: 256 * 1024 * 1024 }
    }
}

/// Takes records from outside.
pub struct Intake {
    log: Arc<dyn EventLog>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// Wakes the relay.
    relay: Arc<Notify>,
    options: IntakeOptions,
    spool: Mutex<Spool>,
}

/// Where records are after they were taken. Either way they are durable and will be applied once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// On the log.
    OnTheLog,
    /// In the outbox, on their way to the log.
    Spooled,
}

/// Why records were not acknowledged. They are to be brought again, and are then applied once: where the log was slow to answer,
/// some may be on it all the same.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// One of them can never be appended.
    #[error(transparent)]
    Refused(LogError),
    /// The log is away, and so much waits for it that no more is taken.
    #[error(
        "the log is not available, and {records} records ({bytes} bytes) wait for it already; no more are taken until it has \
         them"
    )]
    Full {
        /// Records spooled.
        records: u64,
        /// Bytes of these.
        bytes: u64,
    },
    /// The store does not answer: it is not known what waits for the log, and nothing can be spooled.
    #[error("the store is not available, so nothing can be taken in order: {0}")]
    Away(StateError),
}

/// What is believed to be spooled.
#[derive(Default)]
struct Spool {
    seen: Option<Instant>,
    records: u64,
    bytes: u64,
    /// When the oldest record of the outbox came there.
    oldest: Option<Timestamp>,
    /// Whether the relay has moved on between the last two looks.
    is_moving: bool,
}

impl Spool {
    /// What a look at the outbox says, after what the one before said.
    fn after(&self, depth: &OutboxDepth) -> Self {
        let is_recent = self.seen.is_some_and(|seen| seen.elapsed() < BELIEVED_FOR * 4);
        let has_moved = self.oldest.zip(depth.oldest).is_some_and(|(before, now)| now > before);
        Self {
            seen: Some(Instant::now()),
            records: depth.spooled_records,
            bytes: depth.spooled_bytes,
            oldest: depth.oldest,
            is_moving: is_recent && has_moved,
        }
    }
}

impl Intake {
    /// An intake to `log`, or to the outbox of `store`.
    pub fn new(
        log: Arc<dyn EventLog>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        relay: Arc<Notify>,
        options: IntakeOptions,
    ) -> Self {
        Self { log, store, clock, relay, options, spool: Mutex::default() }
    }

    /// Takes `records`, all or none, and answers once they are durable. What was taken before, by whatever node, comes before
    /// them on the log.
    pub async fn take(&self, records: Vec<NewRecord>) -> Result<Taken, IntakeError> {
        // What the log would refuse must not be spooled: whoever brings it is told now.
        self.log.definitions().checked_bytes(&records).map_err(IntakeError::Refused)?;
        if self.may_append().await? {
            match self.append(records.clone()).await {
                Ok(()) => return Ok(Taken::OnTheLog),
                Err(error) if error.is_about_the_record() => return Err(IntakeError::Refused(error)),
                Err(error) => {
                    tracing::warn!(%error, records = records.len(), "intake spools what the log did not take")
                }
            }
        }
        self.spool(records).await?;
        Ok(Taken::Spooled)
    }

    /// Whether nothing is spooled, or what is comes to its end now.
    async fn may_append(&self) -> Result<bool, IntakeError> {
        let (begun, mut pause) = (Instant::now(), LOOK_AFTER);
        while self.store.has_spooled().await.map_err(IntakeError::Away)? {
            self.look().await?;
            let is_ending = {
                let spool = self.believed();
                spool.is_moving && spool.records <= LAST_RECORDS
            };
            if !is_ending || begun.elapsed() > LAST_WITHIN {
                return Ok(false);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LOOK_EVERY);
        }
        Ok(true)
    }

    async fn append(&self, records: Vec<NewRecord>) -> Result<(), LogError> {
        let log = Arc::clone(&self.log);
        let mut appending = Box::pin(async move { log.append(records).await });
        let Ok(appended) = tokio::time::timeout(self.options.patience, &mut appending).await else {
            // It comes to its own end: a producer that fails must be cleared of what stands behind the failure. If the records
            // reach the log after all, they are there twice under one event id.
            tokio::spawn(appending);
            let patience = self.options.patience.as_millis();
            return Err(LogError::Unavailable(format!("it has not answered for {patience} ms")));
        };
        appended.map(|_| ())
    }

    async fn spool(&self, records: Vec<NewRecord>) -> Result<(), IntakeError> {
        self.reserve(&records).await?;
        let count = records.len() as u64;
        let written = async {
            let mut tx = self.store.begin(Durability::Power).await?;
            tx.spool(records, self.clock.now()).await?;
            tx.commit().await
        };
        written.await.map_err(IntakeError::Away)?;
        metrics::counter!("crisislens_stream_intake_spooled_records_total").increment(count);
        self.relay.notify_one();
        Ok(())
    }

    /// Counts `records` as spooled, if there is room. What fails afterwards is counted until the next look.
    async fn reserve(&self, records: &[NewRecord]) -> Result<(), IntakeError> {
        self.look().await?;
        let mut spool = self.believed();
        if spool.records >= self.options.max_records || spool.bytes >= self.options.max_bytes {
            metrics::counter!("crisislens_stream_intake_refused_records_total")
                .increment(records.len() as u64);
            return Err(IntakeError::Full { records: spool.records, bytes: spool.bytes });
        }
        spool.records += records.len() as u64;
        spool.bytes += records.iter().map(|record| record.size() as u64).sum::<u64>();
        Ok(())
    }

    /// Looks at what is spooled, unless that is still believed.
    async fn look(&self) -> Result<(), IntakeError> {
        let is_stale = self.believed().seen.is_none_or(|seen| seen.elapsed() >= BELIEVED_FOR);
        if is_stale {
            let depth = self.store.outbox_depth().await.map_err(IntakeError::Away)?;
            let mut spool = self.believed();
            // Of those who looked at the same time one is believed: beside its look, the outbox would seem not to move.
            if spool.seen.is_none_or(|seen| seen.elapsed() >= BELIEVED_FOR) {
                *spool = spool.after(&depth);
            }
        }
        Ok(())
    }

    fn believed(&self) -> MutexGuard<'_, Spool> {
        self.spool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
