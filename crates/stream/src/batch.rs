//! One batch of one partition: prepared off the executor, applied in one transaction.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use crisislens_log::LogRecord;
use crisislens_model::{Clock, EventId, Timestamp};
use crisislens_state::{Durability, StateError, Store};

use crate::dead_letter::{Death, dead_letter, event_id_of};
use crate::{ApplyError, Handler, Reject};

/// What preparing made of a record.
pub(crate) enum Outcome<W> {
    /// To be applied.
    Work(W),
    /// Not for this handler.
    Skip,
    /// Can never be applied.
    Dead(Reject),
}

/// A batch after preparing.
pub(crate) struct Prepared<W> {
    /// The records, in offset order.
    pub records: Vec<LogRecord>,
    /// What became of each.
    pub outcomes: Vec<Outcome<W>>,
}

/// Decodes and analyses `records`; a panic in the handler kills its record, not the process.
pub(crate) async fn prepare<H: Handler>(
    handler: Arc<H>,
    records: Vec<LogRecord>,
) -> Result<Prepared<H::Work>, ApplyError> {
    tokio::task::spawn_blocking(move || {
        let outcomes = records.iter().map(|record| prepare_one(&*handler, record)).collect();
        Prepared { records, outcomes }
    })
    .await
    .map_err(|error| ApplyError::Failed(error.to_string()))
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

/// Turns the single record of a batch that failed too often into a dead letter.
pub(crate) fn give_up<W>(prepared: &mut Prepared<W>, tries: Tries, last_error: &str) {
    for outcome in prepared.outcomes.iter_mut().filter(|outcome| matches!(outcome, Outcome::Work(_))) {
        *outcome = Outcome::Dead(Reject {
            stage: "handle",
            class: "failed",
            message: format!("failed {} times: {last_error}", tries.failures),
        });
    }
}

/// Applies a batch, dead letters included, and moves the offset, all in one transaction.
pub(crate) async fn apply<H: Handler>(
    handler: &H,
    store: &dyn Store,
    clock: &dyn Clock,
    from: u64,
    prepared: Prepared<H::Work>,
    tries: Option<Tries>,
) -> Result<u64, ApplyError> {
    let Some(last) = prepared.records.last() else { return Ok(from) };
    let (topic, partition, to) = (last.topic, last.partition, last.offset + 1);
    let consumer = handler.consumer();
    let now = clock.now();
    let mut tx = store.begin(Durability::Process).await?;

    let mut events: Vec<EventId> = Vec::new();
    let mut work = Vec::new();
    let mut letters = Vec::new();
    for (record, outcome) in prepared.records.iter().zip(prepared.outcomes) {
        match outcome {
            Outcome::Work(one) => {
                events.push(event_id_of(record));
                work.push(one);
            }
            Outcome::Skip => {}
            Outcome::Dead(reject) => {
                tracing::warn!(
                    topic = %record.topic, partition = record.partition, offset = record.offset,
                    consumer, class = reject.class, reason = reject.message, "dead letter"
                );
                let death = Death {
                    consumer: &consumer,
                    reject: &reject,
                    attempts: tries.map_or(1, |tries| tries.failures),
                    first_failed_at: tries.map_or(now, |tries| tries.first_failed_at),
                    last_failed_at: now,
                };
                letters.push(dead_letter(record, &death));
            }
        }
    }
    let fresh = tx.claim(&consumer, &events, now).await?;
    let mut fresh_flags = fresh.iter();
    work.retain(|_| fresh_flags.next().copied().unwrap_or(true));
    let applied = work.len() as u64;
    if !work.is_empty() {
        caught(handler.apply(&mut *tx, &work)).await?;
    }
    if !letters.is_empty() {
        metrics::counter!("crisislens_stream_dead_letters_total", "consumer" => consumer.clone())
            .increment(letters.len() as u64);
        tx.publish(&letters, now).await?;
    }
    tx.advance(&consumer, topic, partition, from, to).await?;
    tx.commit().await?;
    metrics::counter!("crisislens_stream_records_total", "consumer" => consumer).increment(applied);
    Ok(to)
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

/// Whether trying the same again may help without anybody doing anything about the record.
pub(crate) fn is_dependency(error: &ApplyError) -> bool {
    matches!(error, ApplyError::State(StateError::Unavailable(_) | StateError::Migration(_)))
}
