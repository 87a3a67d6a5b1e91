//! One batch of one partition: prepared off the executor, applied in one transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

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

/// What has been tried before with the first record of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tries {
    /// How often it failed.
    pub failures: u32,
    /// When it first did.
    pub first_failed_at: Timestamp,
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
        handler.apply(&mut *tx, &work).await?;
    }
    if !letters.is_empty() {
        metrics::counter!("crisislens_stream_dead_letters_total", "consumer" => consumer.clone())
            .increment(letters.len() as u64);
        tx.publish(&letters).await?;
    }
    tx.advance(&consumer, topic, partition, from, to).await?;
    tx.commit().await?;
    metrics::counter!("crisislens_stream_records_total", "consumer" => consumer).increment(applied);
    Ok(to)
}

/// Whether trying the same again may help without anybody doing anything about the record.
pub(crate) fn is_dependency(error: &ApplyError) -> bool {
    matches!(error, ApplyError::State(StateError::Unavailable(_) | StateError::Migration(_)))
}
