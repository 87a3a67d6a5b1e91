//! The consumer runner: joins the group, and works each partition it holds in order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crisislens_log::{EventLog, LogError, LogRecord, ReadLimit};
use crisislens_model::{Clock, Topic};
use crisislens_state::{Durability, StateError, Store};
use rand::Rng as _;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::batch::{self, Tries};
use crate::{ApplyError, Handler, Health};

/// Bounds of a runner.
#[derive(Debug, Clone, Copy)]
pub struct RunnerOptions {
    /// Most records in one transaction.
    pub batch_records: usize,
    /// Most bytes in one transaction.
    pub batch_bytes: usize,
    /// How often a record that fails in an unknown way is tried before it is a dead letter.
    pub attempts: u32,
    /// First wait between tries; doubles up to `back_off_max`, with full jitter.
    pub back_off: Duration,
    /// Longest wait between tries.
    pub back_off_max: Duration,
}

impl Default for RunnerOptions {
    fn default() -> Self {
        Self {
            batch_records: 256,
            batch_bytes: 4 * 1024 * 1024,
            attempts: 3,
            back_off: Duration::from_millis(100),
            back_off_max: Duration::from_secs(30),
        }
    }
}

/// Runs one handler over the partitions that its group gives to this member.
pub struct Runner<H> {
    /// What to do with records.
    pub handler: Arc<H>,
    /// Where records come from.
    pub log: Arc<dyn EventLog>,
    /// Where effects and offsets go.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Wakes the relay after a commit.
    pub relay: Arc<Notify>,
    /// Told what it waits for.
    pub health: Health,
    /// Its bounds.
    pub options: RunnerOptions,
}

impl<H> Clone for Runner<H> {
    fn clone(&self) -> Self {
        Self {
            handler: Arc::clone(&self.handler),
            log: Arc::clone(&self.log),
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            relay: Arc::clone(&self.relay),
            health: self.health.clone(),
            options: self.options,
        }
    }
}

impl<H: Handler> Runner<H> {
    /// Works until `cancel`, then finishes or undoes what is in flight and leaves the group.
    pub async fn run(self, cancel: CancellationToken) -> Result<(), LogError> {
        let mut membership = self.log.join(self.handler.group(), self.handler.topic()).await?;
        let mut workers: HashMap<u32, (CancellationToken, JoinHandle<()>)> = HashMap::new();
        loop {
            let held = membership.assignment.borrow_and_update().clone();
            let gone: Vec<u32> =
                workers.keys().copied().filter(|held_by_us| !held.contains(held_by_us)).collect();
            for partition in gone {
                if let Some((stop, worker)) = workers.remove(&partition) {
                    stop.cancel();
                    let _ = worker.await;
                }
            }
            for partition in held {
                workers.entry(partition).or_insert_with(|| {
                    let stop = cancel.child_token();
                    let worker = tokio::spawn(self.clone().work_partition(partition, stop.clone()));
                    (stop, worker)
                });
            }
            tokio::select! {
                () = cancel.cancelled() => break,
                changed = membership.assignment.changed() => if changed.is_err() { break },
            }
        }
        for (stop, worker) in workers.into_values() {
            stop.cancel();
            let _ = worker.await;
        }
        Ok(())
    }

    async fn work_partition(self, partition: u32, cancel: CancellationToken) {
        let name = format!("{} {}/{partition}", self.handler.consumer(), self.handler.topic());
        let mut changes = self.log.changes(self.handler.topic());
        let mut state = PartitionState::default();
        while !cancel.is_cancelled() {
            changes.borrow_and_update();
            let step = tokio::select! {
                () = cancel.cancelled() => break,
                step = self.step(partition, &mut state) => step,
            };
            match step {
                Ok(Progress::Moved) => self.health.well(&name),
                Ok(Progress::AtEnd) => {
                    self.health.well(&name);
                    wait_for(&mut changes, &cancel).await;
                }
                Err(wait) => {
                    let failures = self.health.failed(&name, wait.reason.clone());
                    tracing::warn!(
                        consumer = name,
                        failures,
                        reason = wait.reason,
                        "waiting before another try"
                    );
                    self.back_off(failures, &cancel).await;
                }
            }
        }
        self.health.well(&name);
    }

    /// Works one batch.
    async fn step(&self, partition: u32, state: &mut PartitionState) -> Result<Progress, Wait> {
        let topic = self.handler.topic();
        let from = match state.next {
            Some(next) => next,
            None => self.store.offset(&self.handler.consumer(), topic, partition).await.map_err(Wait::on)?,
        };
        let alone = state.one_by_one > 0 || state.tries.is_some();
        let limit = ReadLimit {
            records: if alone { 1 } else { self.options.batch_records },
            bytes: self.options.batch_bytes,
        };
        let records = match self.log.read(topic, partition, from, limit).await {
            Ok(records) => records,
            Err(LogError::OutOfRange { start, .. }) if from < start => {
                return self.skip_lost(partition, from, start, state).await;
            }
            Err(error) => return Err(Wait::on(error)),
        };
        if records.is_empty() {
            state.next = Some(from);
            return Ok(Progress::AtEnd);
        }
        self.apply(from, records, state).await
    }

    async fn apply(
        &self,
        from: u64,
        records: Vec<LogRecord>,
        state: &mut PartitionState,
    ) -> Result<Progress, Wait> {
        let count = records.len();
        let mut prepared = batch::prepare(Arc::clone(&self.handler), records).await.map_err(Wait::on)?;
        let tries = state.tries.filter(|tries| tries.offset == from);
        if let Some(tries) = tries.filter(|tries| tries.failures >= self.options.attempts) {
            batch::give_up(&mut prepared, tries, &state.last_error);
        }
        match batch::apply(&*self.handler, &*self.store, &*self.clock, from, prepared, tries).await {
            Ok(next) => {
                state.next = Some(next);
                state.tries = None;
                state.one_by_one = state.one_by_one.saturating_sub(1);
                self.relay.notify_one();
                Ok(Progress::Moved)
            }
            Err(ApplyError::State(error @ StateError::Fenced { .. })) => {
                state.next = None;
                Err(Wait::on(error))
            }
            Err(error) if batch::is_dependency(&error) => {
                state.next = None;
                Err(Wait::on(error))
            }
            Err(error) if count > 1 => {
                // One of them fails: find out which by working them one by one.
                tracing::warn!(consumer = self.handler.consumer(), from, count, %error, "batch failed");
                state.one_by_one = count;
                state.next = None;
                Ok(Progress::Moved)
            }
            Err(error) => {
                let now = self.clock.now();
                let tries = tries.unwrap_or(Tries { offset: from, failures: 0, first_failed_at: now });
                state.tries = Some(Tries { failures: tries.failures + 1, ..tries });
                state.last_error = error.to_string();
                state.next = None;
                Err(Wait::on(error))
            }
        }
    }

    /// Retention has dropped records that this consumer had not read: says so loudly and goes on with what is left.
    async fn skip_lost(
        &self,
        partition: u32,
        from: u64,
        start: u64,
        state: &mut PartitionState,
    ) -> Result<Progress, Wait> {
        let consumer = self.handler.consumer();
        tracing::error!(
            consumer,
            partition,
            from,
            start,
            "retention dropped records before they were consumed"
        );
        metrics::counter!("crisislens_stream_lost_records_total", "consumer" => consumer.clone())
            .increment(start - from);
        let mut tx = self.store.begin(Durability::Process).await.map_err(Wait::on)?;
        tx.advance(&consumer, self.handler.topic(), partition, from, start).await.map_err(Wait::on)?;
        tx.commit().await.map_err(Wait::on)?;
        state.next = Some(start);
        Ok(Progress::Moved)
    }

    async fn back_off(&self, failures: u32, cancel: &CancellationToken) {
        let ceiling = self
            .options
            .back_off
            .saturating_mul(1 << failures.saturating_sub(1).min(16))
            .min(self.options.back_off_max);
        let wait = ceiling.mul_f64(rand::rng().random_range(0.5..=1.0));
        tokio::select! {
            () = cancel.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

async fn wait_for(changes: &mut watch::Receiver<u64>, cancel: &CancellationToken) {
    tokio::select! {
        () = cancel.cancelled() => {}
        changed = changes.changed() => if changed.is_err() { cancel.cancelled().await },
    }
}

/// What a worker knows of its partition; all of it can be learnt again from the store.
#[derive(Default)]
struct PartitionState {
    /// The next offset, once known.
    next: Option<u64>,
    /// So many records are to be worked alone, because a batch failed.
    one_by_one: usize,
    /// How often the next record has failed alone.
    tries: Option<Tries>,
    /// Why it last did.
    last_error: String,
}

enum Progress {
    Moved,
    AtEnd,
}

/// A reason to wait before another try.
struct Wait {
    reason: String,
}

impl Wait {
    fn on(error: impl std::fmt::Display) -> Self {
        Self { reason: error.to_string() }
    }
}

/// The names of a handler's topic and consumer, for operators.
impl<H: Handler> std::fmt::Debug for Runner<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let topic: Topic = self.handler.topic();
        f.debug_struct("Runner").field("consumer", &self.handler.consumer()).field("topic", &topic).finish()
    }
}
