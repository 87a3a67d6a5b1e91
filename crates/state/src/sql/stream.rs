//! Offsets, inbox and outbox.

use std::collections::HashSet;

use async_trait::async_trait;
use crisislens_model::{EventId, Header, NewRecord, Timestamp, Topic};
use sqlx::Row;
use uuid::Uuid;

use super::dialect::{chunks, rows};
use super::{EngineStore, EngineTx, delayed, leases};
use crate::StateError;
use crate::columns::{blob, count, from_json, instant, micros, signed, small, text, to_json, topic, uuid};
use crate::stream::{ConsumerOffset, Delayed, DelayedCount, OutboxDepth, StreamState, StreamTx, Waiting};

#[async_trait]
impl StreamState for EngineStore {
    async fn offset(&self, consumer: &str, topic: Topic, partition: u32) -> Result<u64, StateError> {
        let next: Option<i64> = sqlx::query_scalar(
            "SELECT next FROM consumer_offsets WHERE consumer = $1 AND topic = $2 AND part = $3",
        )
        .bind(text(consumer))
        .bind(topic.as_str())
        .bind(i64::from(partition))
        .fetch_optional(&self.readers)
        .await?;
        Ok(count(next.unwrap_or(0)))
    }

    async fn offsets(&self) -> Result<Vec<ConsumerOffset>, StateError> {
        let rows = sqlx::query("SELECT consumer, topic, part, next FROM consumer_offsets ORDER BY 1, 2, 3")
            .fetch_all(&self.readers)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(ConsumerOffset {
                    consumer: row.try_get(0)?,
                    topic: topic(row.try_get(1)?)?,
                    partition: small(row.try_get(2)?),
                    next: count(row.try_get(3)?),
                })
            })
            .collect()
    }

    async fn waiting(&self, after: i64, limit: usize) -> Result<Vec<Waiting>, StateError> {
        let rows = sqlx::query(
            "SELECT seq, topic, key, headers, value FROM outbox WHERE seq > $1 ORDER BY seq LIMIT $2",
        )
        .bind(after)
        .bind(signed(limit as u64))
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let record = NewRecord {
                    topic: topic(row.try_get(1)?)?,
                    key: row.try_get(2)?,
                    headers: from_json::<Vec<Header>>("outbox record", row.try_get(3)?)?,
                    value: row.try_get(4)?,
                };
                Ok(Waiting { seq: row.try_get(0)?, record })
            })
            .collect()
    }

    async fn outbox_depth(&self) -> Result<OutboxDepth, StateError> {
        let row =
            sqlx::query("SELECT (SELECT count(*) FROM outbox), (SELECT at FROM outbox ORDER BY seq LIMIT 1)")
                .fetch_one(&self.readers)
                .await?;
        Ok(OutboxDepth {
            records: count(row.try_get(0)?),
            oldest: row.try_get::<Option<i64>, _>(1)?.map(instant).transpose()?,
        })
    }

    async fn delayed(
        &self,
        consumer: &str,
        topic: Topic,
        partition: u32,
    ) -> Result<Vec<Delayed>, StateError> {
        delayed::list(self, consumer, topic, partition).await
    }

    async fn delayed_counts(&self) -> Result<Vec<DelayedCount>, StateError> {
        delayed::counts(self).await
    }
}

#[async_trait]
impl StreamTx for EngineTx {
    async fn advance(
        &mut self,
        consumer: &str,
        topic: Topic,
        partition: u32,
        from: u64,
        to: u64,
    ) -> Result<(), StateError> {
        let moved = if from == 0 {
            // The first commit of a consumer makes its row; a row that has moved on already stays and counts as a miss.
            sqlx::query(
                "INSERT INTO consumer_offsets (consumer, topic, part, next) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (consumer, topic, part) DO UPDATE SET next = excluded.next \
                 WHERE consumer_offsets.next = 0",
            )
            .bind(text(consumer))
            .bind(topic.as_str())
            .bind(i64::from(partition))
            .bind(signed(to))
            .execute(self.connection())
            .await?
        } else {
            sqlx::query(
                "UPDATE consumer_offsets SET next = $1 WHERE consumer = $2 AND topic = $3 AND part = $4 AND next = $5",
            )
            .bind(signed(to))
            .bind(text(consumer))
            .bind(topic.as_str())
            .bind(i64::from(partition))
            .bind(signed(from))
            .execute(self.connection())
            .await?
        };
        if moved.rows_affected() == 1 {
            return Ok(());
        }
        Err(StateError::Fenced { consumer: consumer.to_owned(), topic, partition, expected: from })
    }

    async fn claim(
        &mut self,
        consumer: &str,
        events: &[EventId],
        at: Timestamp,
    ) -> Result<Vec<bool>, StateError> {
        // In one order everywhere: two nodes that claim the same events must not wait for each other.
        let mut sorted = events.to_vec();
        sorted.sort_unstable();
        let mut fresh: HashSet<Uuid> = HashSet::with_capacity(events.len());
        for chunk in chunks(&sorted) {
            let claims = rows(chunk, |event| Ok([consumer.into(), blob(event.0).into(), micros(at).into()]))?;
            let query = claims.query(|rows| {
                format!(
                    "INSERT INTO inbox (consumer, event_id, at) {rows} ON CONFLICT DO NOTHING RETURNING event_id"
                )
            });
            for row in query.fetch_all(self.connection()).await? {
                fresh.insert(uuid(row.try_get(0)?)?);
            }
        }
        Ok(events.iter().map(|event| fresh.remove(&event.0)).collect())
    }

    async fn publish(&mut self, records: &[NewRecord], at: Timestamp) -> Result<(), StateError> {
        if records.is_empty() {
            return Ok(());
        }
        self.hold_outbox().await?;
        for chunk in chunks(records) {
            let waiting = rows(chunk, |record| {
                Ok([
                    micros(at).into(),
                    record.topic.as_str().into(),
                    record.key.clone().into(),
                    to_json("outbox record", &record.headers)?.into(),
                    record.value.clone().into(),
                ])
            })?;
            waiting
                .query(|rows| format!("INSERT INTO outbox (at, topic, key, headers, value) {rows}"))
                .execute(self.connection())
                .await?;
        }
        Ok(())
    }

    async fn relayed(&mut self, seq: i64) -> Result<(), StateError> {
        sqlx::query("DELETE FROM outbox WHERE seq <= $1").bind(seq).execute(self.connection()).await?;
        Ok(())
    }

    async fn forget_applied(&mut self, before: Timestamp) -> Result<u64, StateError> {
        let done = sqlx::query(
            "DELETE FROM inbox WHERE (consumer, event_id) IN \
             (SELECT consumer, event_id FROM inbox WHERE at < $1 LIMIT 5000)",
        )
        .bind(micros(before))
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected())
    }

    async fn delay(
        &mut self,
        consumer: &str,
        topic: Topic,
        partition: u32,
        records: &[Delayed],
    ) -> Result<(), StateError> {
        delayed::put(self, consumer, topic, partition, records).await
    }

    async fn undelay(
        &mut self,
        consumer: &str,
        topic: Topic,
        partition: u32,
        offsets: &[u64],
    ) -> Result<(), StateError> {
        delayed::take(self, consumer, topic, partition, offsets).await
    }

    async fn take_lease(
        &mut self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<u64>, StateError> {
        leases::take(self, name, holder, now, until).await
    }

    async fn release_lease(&mut self, name: &str, holder: &str) -> Result<(), StateError> {
        leases::release(self, name, holder).await
    }
}
