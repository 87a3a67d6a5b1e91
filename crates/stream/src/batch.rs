//! One batch of one partition: prepared off the executor, applied in one transaction.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use crisislens_log::LogRecord;
use crisislens_model::{Clock, EventId, NewRecord, Timestamp, Topic};
use crisislens_state::stream::Delayed;
use crisislens_state::{Durability, Store, Tx};

use crate::dead_letter::{Death, dead_letter};
use crate::{ApplyError, Handler, Reject};

/// Batches of at least so many records are prepared on several threads: preparing one record needs no other.
const PARALLEL_RECORDS: usize = 32;
/// Most threads that prepare one batch.
const PARALLEL_PARTS: usize = 4;

/// What preparing made of a record.
pub(crate) enum Outcome<W> {
    /// To be applied.
    Work(W),
    /// Not for this handler.
    Skip,
    /// Can never be applied.
    Dead(Reject),
    /// Must wait behind a record of its key that is delayed.
    Behind,
    /// Has failed too often in place, and is tried again after a while.
    PutOff(Duration),
}

/// A batch after preparing.
pub(crate) struct Prepared<W> {
    /// The records, in offset order.
    pub records: Vec<LogRecord>,
    /// What became of each.
    pub outcomes: Vec<Outcome<W>>,
}

impl<W> Prepared<W> {
    /// Whether applying it writes a dead letter.
    pub fn has_letters(&self) -> bool {
        let mut both = self.records.iter().zip(&self.outcomes);
        both.any(|(record, outcome)| matches!(outcome, Outcome::Dead(_)) && record.topic != Topic::Dlq)
    }

    /// Replaces the work of its single record.
    pub fn replace(&mut self, with: impl Fn() -> Outcome<W>) {
        for outcome in self.outcomes.iter_mut().filter(|outcome| matches!(outcome, Outcome::Work(_))) {
            *outcome = with();
        }
    }
}

/// Decodes and analyses `records`; a panic in the handler kills its record, not the process.
pub(crate) async fn prepare<H: Handler>(
    handler: &Arc<H>,
    records: Vec<LogRecord>,
) -> Result<Prepared<H::Work>, ApplyError> {
    let parts = if records.len() < PARALLEL_RECORDS {
        1
    } else {
        std::thread::available_parallelism().map_or(1, usize::from).min(PARALLEL_PARTS)
    };
    let records = Arc::new(records);
    let size = records.len().div_ceil(parts).max(1);
    let prepare_part = |start: usize| {
        let (handler, records) = (Arc::clone(handler), Arc::clone(&records));
        tokio::task::spawn_blocking(move || {
            let part = &records[start..records.len().min(start + size)];
            part.iter().map(|record| prepare_one(&*handler, record)).collect::<Vec<_>>()
        })
    };
    let running: Vec<_> = (0..records.len()).step_by(size).map(prepare_part).collect();
    let mut outcomes = Vec::with_capacity(records.len());
    for part in running {
        outcomes.extend(part.await.map_err(|error| ApplyError::Failed(error.to_string()))?);
    }
    // Every part is done and has let go of them.
    let records = Arc::try_unwrap(records).unwrap_or_else(|shared| shared.to_vec());
    Ok(Prepared { records, outcomes })
}

fn prepare_one<H: Handler>(handler: &H, record: &LogRecord) -> Outcome<H::Work> {
    match catch_unwind(AssertUnwindSafe(|| handler.prepare(record))) {
        Ok(Ok(Some(work))) => Outcome::Work(work),
        Ok(Ok(None)) => Outcome::Skip,
        Ok(Err(reject)) => Outcome::Dead(reject),
        Err(_) => Outcome::Dead(Reject {
            stage: "handle",
            class: "panic",
            message: "the handler panicked on this record".to_owned(),
        }),
    }
}

/// What has been tried before with one record, alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tries {
    /// Which record.
    pub offset: u64,
    /// How often it failed.
    pub failures: u32,
    /// When it first did.
    pub first_failed_at: Timestamp,
}

/// Which part of a partition's bookkeeping a batch moves.
pub(crate) enum Place {
    /// The next records: the offset moves from here to behind them.
    Next(u64),
    /// A record that was delayed: it is taken back.
    Delayed,
}

/// Whose batch is applied.
pub(crate) struct Applying<'a, H> {
    pub handler: &'a H,
    pub store: &'a dyn Store,
    pub clock: &'a dyn Clock,
    /// The process, for dead letters.
    pub instance: &'a str,
    /// What had been tried with its single record.
    pub tries: Option<Tries>,
    /// Why that failed last.
    pub last_error: &'a str,
}

/// What a batch comes to, before it is written.
struct Sorted<W> {
    events: Vec<EventId>,
    work: Vec<W>,
    letters: Vec<NewRecord>,
    delayed: Vec<Delayed>,
}

impl<H: Handler> Applying<'_, H> {
    /// Applies a batch, dead letters and delays included, and moves the offset, all in one transaction. Answers what was
    /// delayed.
    pub async fn apply(&self, place: Place, prepared: Prepared<H::Work>) -> Result<Vec<Delayed>, ApplyError> {
        let Some(last) = prepared.records.last() else { return Ok(Vec::new()) };
        let (topic, partition, to, offset) = (last.topic, last.partition, last.offset + 1, last.offset);
        let consumer = self.handler.consumer();
        let now = self.clock.now();
        metrics::histogram!("crisislens_stream_batch_records", "consumer" => consumer.clone())
            .record(prepared.records.len() as f64);
        let passed_by = prepared.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Skip)).count();
        let Sorted { events, mut work, letters, delayed } = self.sort(prepared, now);
        let asked = Instant::now();
        let mut tx = self.store.begin(Durability::Process).await?;
        let begun = Instant::now();
        let fresh = tx.claim(&consumer, &events, now).await?;
        let mut fresh_flags = fresh.iter();
        work.retain(|_| fresh_flags.next().copied().unwrap_or(true));
        let applied = work.len() as u64;
        if !work.is_empty() {
            caught(self.handler.apply(&mut *tx, &work)).await?;
        }
        if !letters.is_empty() {
            metrics::counter!("crisislens_stream_dead_letters_total", "consumer" => consumer.clone())
                .increment(letters.len() as u64);
            tx.publish(letters, now).await?;
        }
        match place {
            Place::Next(from) => tx.advance(&consumer, topic, partition, from, to).await?,
            Place::Delayed => tx.undelay(&consumer, topic, partition, &[offset]).await?,
        }
        self.keep_delayed(&mut *tx, &consumer, (topic, partition), &delayed).await?;
        tx.commit().await?;
        metrics::histogram!("crisislens_stream_wait_seconds", "consumer" => consumer.clone())
            .record(begun - asked);
        metrics::histogram!("crisislens_stream_apply_seconds", "consumer" => consumer.clone())
            .record(begun.elapsed());
        metrics::counter!("crisislens_stream_records_total", "consumer" => consumer.clone())
            .increment(applied);
        metrics::counter!("crisislens_stream_passed_by_total", "consumer" => consumer)
            .increment(passed_by as u64);
        Ok(delayed)
    }

    async fn keep_delayed(
        &self,
        tx: &mut dyn Tx,
        consumer: &str,
        (topic, partition): (Topic, u32),
        delayed: &[Delayed],
    ) -> Result<(), ApplyError> {
        if delayed.is_empty() {
            return Ok(());
        }
        metrics::counter!("crisislens_stream_delayed_records_total", "consumer" => consumer.to_owned())
            .increment(delayed.len() as u64);
        Ok(tx.delay(consumer, topic, partition, delayed).await?)
    }

    fn sort(&self, prepared: Prepared<H::Work>, now: Timestamp) -> Sorted<H::Work> {
        let mut sorted =
            Sorted { events: Vec::new(), work: Vec::new(), letters: Vec::new(), delayed: Vec::new() };
        let tries = self.tries;
        let (failures, first_failed_at) =
            tries.map_or((0, now), |tries| (tries.failures, tries.first_failed_at));
        for (record, outcome) in prepared.records.iter().zip(prepared.outcomes) {
            let put_off = |due_at, last_error: String, failures| Delayed {
                offset: record.offset,
                key: record.key.to_vec(),
                failures,
                first_failed_at,
                due_at,
                last_error,
            };
            match outcome {
                Outcome::Work(one) => {
                    sorted.events.push(self.handler.event_id(record));
                    sorted.work.push(one);
                }
                Outcome::Skip => {}
                Outcome::Dead(reject) if record.topic == Topic::Dlq => self.pass_over(record, &reject),
                Outcome::Dead(reject) => sorted.letters.push(self.letter(record, &reject, now)),
                Outcome::Behind => {
                    sorted.delayed.push(put_off(now, "waits behind a record of its key".to_owned(), 0));
                }
                Outcome::PutOff(delay) => {
                    let due_at = now.checked_add(delay).unwrap_or(now);
                    sorted.delayed.push(put_off(due_at, self.last_error.to_owned(), failures));
                }
            }
        }
        sorted
    }

    /// A dead letter of a dead letter would go round for ever: it stays where it is, on `dlq`.
    fn pass_over(&self, record: &LogRecord, reject: &Reject) {
        let consumer = self.handler.consumer();
        tracing::error!(
            offset = record.offset,
            consumer,
            class = reject.class,
            reason = reject.message,
            "a dead letter cannot be worked and is passed over"
        );
        metrics::counter!("crisislens_stream_passed_over_letters_total", "consumer" => consumer).increment(1);
    }

    fn letter(&self, record: &LogRecord, reject: &Reject, now: Timestamp) -> NewRecord {
        let consumer = self.handler.consumer();
        tracing::warn!(
            topic = %record.topic, partition = record.partition, offset = record.offset,
            consumer, class = reject.class, reason = reject.message, "dead letter"
        );
        dead_letter(
            record,
            &Death {
                consumer: &consumer,
                instance: self.instance,
                reject,
                attempts: self.tries.map_or(1, |tries| tries.failures),
                first_failed_at: self.tries.map_or(now, |tries| tries.first_failed_at),
                last_failed_at: now,
            },
        )
    }
}

/// Waits for `applying`; a panic in it is a failure like any other, not the end of the partition's worker.
async fn caught(applying: impl Future<Output = Result<(), ApplyError>>) -> Result<(), ApplyError> {
    let mut applying = pin!(applying);
    let panicked = || Poll::Ready(Err(ApplyError::Failed("the handler panicked".to_owned())));
    poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| applying.as_mut().poll(context))).unwrap_or_else(|_| panicked())
    })
    .await
}
