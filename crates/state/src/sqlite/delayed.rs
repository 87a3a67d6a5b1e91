//! Records that were put off, on SQLite.

use std::collections::BTreeSet;

use crisislens_model::Topic;
use sqlx::{AssertSqlSafe, Row};

use super::bulk::{chunks, placeholders};
use super::rows::{count, instant, micros, signed, small, topic};
use super::{SqliteStore, SqliteTx};
use crate::StateError;
use crate::stream::{Delayed, DelayedCount};

pub(super) async fn list(
    store: &SqliteStore,
    consumer: &str,
    topic: Topic,
    partition: u32,
) -> Result<Vec<Delayed>, StateError> {
    let rows = sqlx::query(
        "SELECT record_offset, key, failures, first_failed_at, due_at, last_error FROM delayed_records \
         WHERE consumer = $1 AND topic = $2 AND part = $3 ORDER BY record_offset",
    )
    .bind(consumer.to_owned())
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

pub(super) async fn counts(store: &SqliteStore) -> Result<Vec<DelayedCount>, StateError> {
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
    tx: &mut SqliteTx,
    consumer: &str,
    topic: Topic,
    partition: u32,
    records: &[Delayed],
) -> Result<(), StateError> {
    for chunk in chunks(records) {
        let sql = format!(
            "INSERT INTO delayed_records (consumer, topic, part, record_offset, key, failures, first_failed_at, \
             due_at, last_error) VALUES {} ON CONFLICT (consumer, topic, part, record_offset) DO UPDATE SET \
             key = excluded.key, failures = excluded.failures, first_failed_at = excluded.first_failed_at, \
             due_at = excluded.due_at, last_error = excluded.last_error",
            placeholders(chunk.len(), 9)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for record in chunk {
            query = query
                .bind(consumer.to_owned())
                .bind(topic.as_str())
                .bind(i64::from(partition))
                .bind(signed(record.offset))
                .bind(record.key.clone())
                .bind(i64::from(record.failures))
                .bind(micros(record.first_failed_at))
                .bind(micros(record.due_at))
                .bind(record.last_error.clone());
        }
        query.execute(tx.connection()).await?;
    }
    Ok(())
}

pub(super) async fn take(
    tx: &mut SqliteTx,
    consumer: &str,
    topic: Topic,
    partition: u32,
    offsets: &[u64],
) -> Result<(), StateError> {
    let mut missing: BTreeSet<u64> = offsets.iter().copied().collect();
    for offset in offsets {
        let gone = sqlx::query(
            "DELETE FROM delayed_records WHERE consumer = $1 AND topic = $2 AND part = $3 AND record_offset = $4",
        )
        .bind(consumer.to_owned())
        .bind(topic.as_str())
        .bind(i64::from(partition))
        .bind(signed(*offset))
        .execute(tx.connection())
        .await?;
        if gone.rows_affected() == 1 {
            missing.remove(offset);
        }
    }
    match missing.first() {
        Some(expected) => {
            Err(StateError::Fenced { consumer: consumer.to_owned(), topic, partition, expected: *expected })
        }
        None => Ok(()),
    }
}
