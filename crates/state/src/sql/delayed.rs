//! Records that were put off,.

use std::collections::BTreeSet;

use crisislens_model::Topic;
use sqlx::Row;

use super::chunks;
use super::dialect::rows;
use super::{EngineStore, EngineTx};
use crate::StateError;
use crate::columns::{count, instant, micros, signed, small, text, topic};
use crate::stream::{Delayed, DelayedCount};

pub(super) async fn list(
    store: &EngineStore,
    consumer: &str,
    topic: Topic,
    partition: u32,
) -> Result<Vec<Delayed>, StateError> {
    let rows = sqlx::query(
        "SELECT record_offset, key, failures, first_failed_at, due_at, last_error FROM delayed_records \
         WHERE consumer = $1 AND topic = $2 AND part = $3 ORDER BY record_offset",
    )
    .bind(text(consumer))
    .bind(topic.as_str())
    .bind(i64::from(partition))
    .fetch_all(&store.readers)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Delayed {
                offset: count(row.try_get(0)?),
                key: row.try_get(1)?,
                failures: small(row.try_get(2)?),
                first_failed_at: instant(row.try_get(3)?)?,
                due_at: instant(row.try_get(4)?)?,
                last_error: row.try_get(5)?,
            })
        })
        .collect()
}

pub(super) async fn counts(store: &EngineStore) -> Result<Vec<DelayedCount>, StateError> {
    let rows = sqlx::query(
        "SELECT consumer, topic, part, count(*), min(first_failed_at) FROM delayed_records \
         GROUP BY consumer, topic, part ORDER BY consumer, topic, part",
    )
    .fetch_all(&store.readers)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(DelayedCount {
                consumer: row.try_get(0)?,
                topic: topic(row.try_get(1)?)?,
                partition: small(row.try_get(2)?),
                records: count(row.try_get(3)?),
                oldest_failed_at: instant(row.try_get(4)?)?,
            })
        })
        .collect()
}

pub(super) async fn put(
    tx: &mut EngineTx,
    consumer: &str,
    topic: Topic,
    partition: u32,
    records: &[Delayed],
) -> Result<(), StateError> {
    for chunk in chunks(records) {
        let delayed = rows(chunk, |record| {
            Ok([
                consumer.into(),
                topic.as_str().into(),
                i64::from(partition).into(),
                signed(record.offset).into(),
                record.key.clone().into(),
                i64::from(record.failures).into(),
                micros(record.first_failed_at).into(),
                micros(record.due_at).into(),
                record.last_error.as_str().into(),
            ])
        })?;
        let query = delayed.query(|rows| {
            format!(
                "INSERT INTO delayed_records (consumer, topic, part, record_offset, key, failures, \
                 first_failed_at, due_at, last_error) {rows} \
                 ON CONFLICT (consumer, topic, part, record_offset) DO UPDATE SET key = excluded.key, \
                 failures = excluded.failures, first_failed_at = excluded.first_failed_at, \
                 due_at = excluded.due_at, last_error = excluded.last_error"
            )
        });
        query.execute(tx.connection()).await?;
    }
    Ok(())
}

pub(super) async fn take(
    tx: &mut EngineTx,
    consumer: &str,
    topic: Topic,
    partition: u32,
    offsets: &[u64],
) -> Result<(), StateError> {
    let mut missing: BTreeSet<u64> = offsets.iter().copied().collect();
    for chunk in chunks(offsets) {
        let wanted = rows(chunk, |offset| {
            Ok([consumer.into(), topic.as_str().into(), i64::from(partition).into(), signed(*offset).into()])
        })?;
        let query = wanted.query(|rows| {
            format!(
                "DELETE FROM delayed_records WHERE (consumer, topic, part, record_offset) IN ({rows}) \
                 RETURNING record_offset"
            )
        });
        for row in query.fetch_all(tx.connection()).await? {
            missing.remove(&count(row.try_get(0)?));
        }
    }
    match missing.first() {
        Some(expected) => {
            Err(StateError::Fenced { consumer: consumer.to_owned(), topic, partition, expected: *expected })
        }
        None => Ok(()),
    }
}
