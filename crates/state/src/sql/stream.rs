//! Offsets and the inbox. The outbox is in `outbox`, what left it without reaching the log in `stranded`.

use std::collections::HashSet;

use async_trait::async_trait;
use crisislens_model::{EventId, NewRecord, Timestamp, Topic};
use sqlx::Row;
use uuid::Uuid;

use super::chunks;
use super::dialect::rows;
use super::{EngineStore, EngineTx, delayed, leases, outbox, stranded};
use crate::StateError;
use crate::columns::{blob, count, micros, signed, small, text, topic, uuid};
use crate::stream::{
    ConsumerOffset, Delayed, DelayedCount, OutboxDepth, Stranded, StreamState, StreamTx, Waiting,
};

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
        let waiting = outbox::waiting(self, after, limit).await?;
        self.settled().await?;
        Ok(waiting)
    }

    async fn outbox_depth(&self) -> Result<OutboxDepth, StateError> {
        outbox::depth(self).await
    }

    async fn has_spooled(&self) -> Result<bool, StateError> {
        outbox::has_spooled(self).await
    }

    async fn stranded(&self, limit: usize) -> Result<Vec<Stranded>, StateError> {
        stranded::list(self, limit).await
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
        sorted.dedup();
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
        // What comes again may come once more: a letter that is replayed and dies again lies on dlq for as long as the first.
        for event in sorted.iter().filter(|event| !fresh.contains(&event.0)) {
            sqlx::query("UPDATE inbox SET at = $1 WHERE consumer = $2 AND event_id = $3 AND at < $1")
                .bind(micros(at))
                .bind(consumer)
                .bind(blob(event.0))
                .execute(self.connection())
                .await?;
        }
        Ok(events.iter().map(|event| fresh.remove(&event.0)).collect())
    }

    async fn publish(&mut self, records: Vec<NewRecord>, at: Timestamp) -> Result<(), StateError> {
        outbox::put(self, records, at, false).await
    }

    async fn spool(&mut self, records: Vec<NewRecord>, at: Timestamp) -> Result<(), StateError> {
        outbox::put(self, records, at, true).await
    }

    async fn strand(&mut self, seq: i64, reason: &str, at: Timestamp) -> Result<(), StateError> {
        stranded::put(self, seq, reason, at).await
    }

    async fn send_stranded(&mut self, seq: i64, at: Timestamp) -> Result<bool, StateError> {
        stranded::send(self, seq, at).await
    }

    async fn drop_stranded(&mut self, seq: i64) -> Result<bool, StateError> {
        stranded::remove(self, seq).await
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
