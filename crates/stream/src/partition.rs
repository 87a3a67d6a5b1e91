//! The worker of one partition: the next records in order, and beside them those that are delayed.

use std::sync::Arc;
use std::time::Duration;

use crisislens_log::{LogError, LogRecord, MemberControl, ReadLimit};
use crisislens_model::Topic;
use crisislens_state::{Durability, StateError};
use rand::Rng as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::batch::{self, Applying, Outcome, Place, Prepared, Tries};
use crate::dead_letter::cut;
use crate::delayed::DelayedRecords;
use crate::policy::Next;
use crate::{ApplyError, Handler, Reject, Runner};

/// How often a worker at the end of its partition looks whether a delayed record is due, at least.
const DUE_CHECK: Duration = Duration::from_millis(200);

/// How often one that gives way looks whether others are still behind.
const WAY_CHECK: Duration = Duration::from_millis(100);

/// What a worker knows of its partition; all of it can be learnt again from the store.
#[derive(Default)]
struct Known {
    /// The next offset and what is delayed, once known.
    place: Option<(u64, DelayedRecords)>,
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
    /// Longest wait that this reason is worth.
    ceiling: Duration,
}

/// One partition in the hands of a runner.
pub(crate) struct Worker<H> {
    pub runner: Runner<H>,
    pub partition: u32,
    pub control: Arc<dyn MemberControl>,
}

impl<H: Handler> Worker<H> {
    /// Works until `cancel`, then finishes or undoes what is in flight.
    pub async fn run(self, cancel: CancellationToken) {
        let runner = &self.runner;
        let name = format!("{} {}/{}", runner.handler.consumer(), runner.handler.topic(), self.partition);
        let mut changes = runner.log.changes(runner.handler.topic());
        let mut known = Known::default();
        while !cancel.is_cancelled() {
            self.give_way(&cancel).await;
            changes.borrow_and_update();
            let step = tokio::select! {
                () = cancel.cancelled() => break,
                step = self.step(&mut known) => step,
            };
            match step {
                Ok(Progress::Moved) => runner.health.well(&name),
                Ok(Progress::AtEnd) => {
                    runner.health.well(&name);
                    self.wait_at_end(&known, &mut changes, &cancel).await;
                }
                Err(wait) => {
                    let failures = runner.health.failed(&name, wait.reason.clone());
                    tracing::warn!(
                        consumer = name,
                        failures,
                        reason = wait.reason,
                        "waiting before another try"
                    );
                    metrics::counter!("crisislens_stream_retries_total", "consumer" => runner.handler.consumer())
                        .increment(1);
                    back_off(runner.policy.in_place_back_off, wait.ceiling, failures, &cancel).await;
                }
            }
        }
        runner.health.well(&name);
    }

    /// Waits while others are behind, if it gives way to them.
    async fn give_way(&self, cancel: &CancellationToken) {
        let Some(way) = &self.runner.gives_way else { return };
        let wait = async {
            while (way.is_behind)() {
                tokio::time::sleep(WAY_CHECK).await;
            }
        };
        tokio::select! {
            () = cancel.cancelled() => {}
            () = tokio::time::sleep(way.at_most) => {}
            () = wait => {}
        }
    }

    async fn wait_at_end(
        &self,
        known: &Known,
        changes: &mut watch::Receiver<u64>,
        cancel: &CancellationToken,
    ) {
        let now = self.runner.clock.now();
        let due = known.place.as_ref().and_then(|(_, delayed)| delayed.wait(now));
        let due = async {
            match due {
                Some(due) => tokio::time::sleep(due.min(DUE_CHECK)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = cancel.cancelled() => {}
            () = due => {}
            changed = changes.changed() => if changed.is_err() { cancel.cancelled().await },
        }
    }

    /// Works a delayed record that is due, or else the next batch.
    async fn step(&self, known: &mut Known) -> Result<Progress, Wait> {
        if known.place.is_none() {
            known.place = Some(self.learn().await?);
        }
        let Some((next, delayed)) = &known.place else { return Ok(Progress::AtEnd) };
        let (next, now) = (*next, self.runner.clock.now());
        if let Some(due) = delayed.due(now) {
            let tries =
                Tries { offset: due.offset, failures: due.failures, first_failed_at: due.first_failed_at };
            let was = due.last_error.clone();
            return self.retry(known, tries, &was).await;
        }
        if delayed.len() >= self.runner.policy.max_delayed {
            return Err(self.wait(format!(
                "{} records are delayed; no more are read until some are done",
                delayed.len()
            )));
        }
        let alone = known.one_by_one > 0 || known.tries.is_some();
        let records = if alone { 1 } else { self.runner.options.batch_records };
        match self.read(next, records).await {
            Ok(records) if records.is_empty() => Ok(Progress::AtEnd),
            Ok(records) => self.next(next, records, known).await,
            Err(LogError::OutOfRange { start, .. }) if next < start => {
                self.skip_lost(next, start, known).await
            }
            Err(error) => Err(self.wait(error.to_string())),
        }
    }

    async fn learn(&self) -> Result<(u64, DelayedRecords), Wait> {
        let (store, topic) = (&self.runner.store, self.runner.handler.topic());
        let consumer = self.runner.handler.consumer();
        let learnt = async {
            let next = store.offset(&consumer, topic, self.partition).await?;
            let delayed = store.delayed(&consumer, topic, self.partition).await?;
            Ok((next, DelayedRecords::new(delayed)))
        };
        learnt.await.map_err(|error: StateError| self.wait(error.to_string()))
    }

    async fn read(&self, from: u64, records: usize) -> Result<Vec<LogRecord>, LogError> {
        let limit = ReadLimit { records, bytes: self.runner.options.batch_bytes };
        self.runner.log.read(self.runner.handler.topic(), self.partition, from, limit).await
    }

    /// The record at `offset`, alone; `None` once retention has dropped it. A log that only seems to end before it (an engine
    /// on its way back, one broker's older view) is waited for: what was put off is not given up for that.
    async fn read_delayed(&self, offset: u64) -> Result<Option<Vec<LogRecord>>, Wait> {
        let mut records = match self.read(offset, 1).await {
            Ok(records) => records,
            Err(LogError::OutOfRange { start, .. }) if offset < start => return Ok(None),
            Err(error) => return Err(self.wait(error.to_string())),
        };
        let Some(first) = records.first().map(|record| record.offset) else {
            return Err(self.wait(format!("the log ends before the delayed record at {offset}")));
        };
        records.retain(|record| record.offset == offset);
        Ok((first <= offset).then_some(records))
    }

    /// Works the next records.
    async fn next(&self, from: u64, records: Vec<LogRecord>, known: &mut Known) -> Result<Progress, Wait> {
        let count = records.len();
        let to = records.last().map_or(from, |last| last.offset + 1);
        let mut prepared = self.prepare(records).await?;
        if let Some((_, delayed)) = &known.place {
            for (record, outcome) in prepared.records.iter().zip(&mut prepared.outcomes) {
                // What is not applied has no order to keep: it dies, or is passed over, at once.
                if matches!(outcome, Outcome::Work(_)) && delayed.holds_key(&record.key) {
                    *outcome = Outcome::Behind;
                }
            }
        }
        let tries = known.tries.filter(|tries| tries.offset == from);
        let last_error = std::mem::take(&mut known.last_error);
        if let Some(tries) = tries {
            self.decide(&mut prepared, tries.failures, tries, &last_error);
        }
        match self.apply(Place::Next(from), prepared, tries, &last_error).await {
            Ok(put_off) => {
                if let Some((next, delayed)) = &mut known.place {
                    *next = to;
                    delayed.add(put_off);
                }
                known.tries = None;
                known.one_by_one = known.one_by_one.saturating_sub(1);
                self.control.consumed(self.partition, to);
                Ok(Progress::Moved)
            }
            Err(error) if must_learn_again(&error) => {
                known.place = None;
                known.last_error = last_error;
                Err(self.wait(error.to_string()))
            }
            Err(error) if count > 1 => {
                // One of them fails: find out which by working them one by one.
                tracing::warn!(consumer = self.runner.handler.consumer(), from, count, %error, "batch failed");
                known.one_by_one = count;
                known.place = None;
                Ok(Progress::Moved)
            }
            Err(error) => {
                let first_failed_at =
                    tries.map_or_else(|| self.runner.clock.now(), |tries| tries.first_failed_at);
                let failures = tries.map_or(0, |tries| tries.failures) + 1;
                known.tries = Some(Tries { offset: from, failures, first_failed_at });
                known.last_error = cut(&error.to_string()).to_owned();
                known.place = None;
                if let ApplyError::Never(reject) = error {
                    return self.bury(from, &reject, known).await;
                }
                let ceiling = self.runner.policy.in_place_back_off_max;
                Err(Wait { reason: known.last_error.clone(), ceiling })
            }
        }
    }

    /// Works one delayed record alone.
    async fn retry(&self, known: &mut Known, tries: Tries, last_error: &str) -> Result<Progress, Wait> {
        let Some(records) = self.read_delayed(tries.offset).await? else {
            return self.forget_lost(tries.offset, known).await;
        };
        let prepared = self.prepare(records.clone()).await?;
        // One that only waited behind another has not been tried yet.
        let before = (tries.failures > 0).then_some(tries);
        let outcome = self.apply(Place::Delayed, prepared, before, last_error).await;
        let (mut failed, reject) = match outcome {
            Ok(_) => {
                self.done(known, tries.offset, Vec::new());
                return Ok(Progress::Moved);
            }
            Err(error) if must_learn_again(&error) => {
                known.place = None;
                return Err(self.wait(error.to_string()));
            }
            Err(ApplyError::Never(reject)) => (reject.to_string(), Some(reject)),
            Err(error) => (error.to_string(), None),
        };
        failed.truncate(cut(&failed).len());
        let first_failed_at = before.map_or_else(|| self.runner.clock.now(), |tries| tries.first_failed_at);
        let tries = Tries { failures: tries.failures + 1, first_failed_at, ..tries };
        let mut prepared = self.prepare(records).await?;
        match reject {
            Some(reject) => prepared.replace(|| Outcome::Dead(reject.clone())),
            // In place it was tried before: behind others of its key it begins with the delays.
            None => {
                let counted = tries.failures.max(self.runner.policy.in_place_attempts);
                self.decide(&mut prepared, counted, tries, &failed);
            }
        }
        match self.apply(Place::Delayed, prepared, Some(tries), &failed).await {
            Ok(put_off) => {
                self.done(known, tries.offset, put_off);
                Ok(Progress::Moved)
            }
            Err(error) => {
                known.place = None;
                Err(self.wait(error.to_string()))
            }
        }
    }

    fn done(&self, known: &mut Known, offset: u64, put_off: Vec<crisislens_state::stream::Delayed>) {
        if let Some((_, delayed)) = &mut known.place {
            delayed.remove(offset);
            delayed.add(put_off);
        }
    }

    /// Makes the single record of a batch a dead letter in the transaction that moves past it.
    async fn bury(&self, from: u64, reject: &Reject, known: &mut Known) -> Result<Progress, Wait> {
        let records = self.read(from, 1).await.map_err(|error| self.wait(error.to_string()))?;
        let mut prepared = self.prepare(records).await?;
        prepared.replace(|| Outcome::Dead(reject.clone()));
        let tries = known.tries.take();
        self.apply(Place::Next(from), prepared, tries, "")
            .await
            .map_err(|error| self.wait(error.to_string()))?;
        known.one_by_one = known.one_by_one.saturating_sub(1);
        Ok(Progress::Moved)
    }

    /// What the policy says after `failures`; where it says to try again in place, nothing changes.
    fn decide(&self, prepared: &mut Prepared<H::Work>, failures: u32, tries: Tries, last_error: &str) {
        let policy = &self.runner.policy;
        match policy.after(failures) {
            Next::InPlace => {}
            Next::Delay(delay) => prepared.replace(|| Outcome::PutOff(delay)),
            // A letter cannot be given up: there is no other place for it.
            Next::Die if self.runner.handler.topic() == Topic::Dlq => {
                let delay = policy.delays.last().copied().unwrap_or(DUE_CHECK);
                prepared.replace(|| Outcome::PutOff(delay));
            }
            Next::Die => prepared.replace(|| Outcome::Dead(given_up(tries, last_error))),
        }
    }

    async fn prepare(&self, records: Vec<LogRecord>) -> Result<Prepared<H::Work>, Wait> {
        batch::prepare(&self.runner.handler, records).await.map_err(|error| self.wait(error.to_string()))
    }

    async fn apply(
        &self,
        place: Place,
        prepared: Prepared<H::Work>,
        tries: Option<Tries>,
        last_error: &str,
    ) -> Result<Vec<crisislens_state::stream::Delayed>, ApplyError> {
        if let Some(reason) = self.runner.gate.closed(prepared.has_letters()) {
            return Err(ApplyError::Dependency { name: "the outbox".to_owned(), reason });
        }
        let runner = &self.runner;
        let applying = Applying {
            handler: &*runner.handler,
            store: &*runner.store,
            clock: &*runner.clock,
            instance: &runner.instance,
            tries,
            last_error,
        };
        let put_off = applying.apply(place, prepared).await?;
        runner.relay.notify_one();
        Ok(put_off)
    }

    /// Retention has dropped records that this consumer had not read: says so loudly and goes on with what is left.
    async fn skip_lost(&self, from: u64, start: u64, known: &mut Known) -> Result<Progress, Wait> {
        let consumer = self.runner.handler.consumer();
        let partition = self.partition;
        tracing::error!(
            consumer,
            partition,
            from,
            start,
            "retention dropped records before they were consumed"
        );
        metrics::counter!("crisislens_stream_lost_records_total", "consumer" => consumer.clone())
            .increment(start - from);
        let moved = async {
            let mut tx = self.runner.store.begin(Durability::Process).await?;
            tx.advance(&consumer, self.runner.handler.topic(), partition, from, start).await?;
            tx.commit().await
        };
        moved.await.map_err(|error: StateError| self.wait(error.to_string()))?;
        known.place = None;
        Ok(Progress::Moved)
    }

    /// The same for a record that was delayed for longer than the log keeps it.
    async fn forget_lost(&self, offset: u64, known: &mut Known) -> Result<Progress, Wait> {
        let consumer = self.runner.handler.consumer();
        tracing::error!(consumer, self.partition, offset, "retention dropped a delayed record");
        metrics::counter!("crisislens_stream_lost_records_total", "consumer" => consumer.clone())
            .increment(1);
        let forgotten = async {
            let mut tx = self.runner.store.begin(Durability::Process).await?;
            tx.undelay(&consumer, self.runner.handler.topic(), self.partition, &[offset]).await?;
            tx.commit().await
        };
        forgotten.await.map_err(|error: StateError| self.wait(error.to_string()))?;
        known.place = None;
        Ok(Progress::Moved)
    }

    fn wait(&self, reason: String) -> Wait {
        Wait { reason, ceiling: self.runner.policy.dependency_back_off_max }
    }
}

/// Whether what is known of the partition may be wrong: somebody else moved it, or it is unknown what was committed.
fn must_learn_again(error: &ApplyError) -> bool {
    error.is_dependency() || matches!(error, ApplyError::State(StateError::Fenced { .. }))
}

fn given_up(tries: Tries, last_error: &str) -> Reject {
    let message = format!("failed {} times: {last_error}", tries.failures);
    Reject { stage: "handle", class: "failed", message }
}

async fn back_off(first: Duration, ceiling: Duration, failures: u32, cancel: &CancellationToken) {
    let wait = first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(ceiling);
    let wait = wait.mul_f64(rand::rng().random_range(0.5..=1.0));
    tokio::select! {
        () = cancel.cancelled() => {}
        () = tokio::time::sleep(wait) => {}
    }
}
