//! Records that left the outbox because the log refuses them.

use crisislens_model::Timestamp;
use sqlx::Row;

use super::{EngineStore, EngineTx};
use crate::StateError;
use crate::columns::{count, instant, micros, signed, text, topic};
use crate::stream::Stranded;

pub(super) async fn list(store: &EngineStore, limit: usize) -> Result<Vec<Stranded>, StateError> {
    let rows = sqlx::query(
        "SELECT seq, topic, key, bytes, reason, published_at, stranded_at FROM stranded_records \
         ORDER BY seq LIMIT $1",
    )
    .bind(signed(limit as u64))
    .fetch_all(&store.readers)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Stranded {
                seq: row.try_get(0)?,
                topic: topic(row.try_get(1)?)?,
                key: row.try_get(2)?,
                bytes: count(row.try_get(3)?),
                reason: row.try_get(4)?,
                published_at: instant(row.try_get(5)?)?,
                stranded_at: instant(row.try_get(6)?)?,
            })
        })
        .collect()
}

pub(super) async fn put(tx: &mut EngineTx, seq: i64, reason: &str, at: Timestamp) -> Result<(), StateError> {
    tx.survive().await?;
    let moved = sqlx::query(
        "INSERT INTO stranded_records \
         (seq, published_at, topic, key, headers, value, bytes, reason, stranded_at) \
         SELECT seq, at, topic, key, headers, value, bytes, $2, $3 FROM outbox WHERE seq = $1 \
         ON CONFLICT DO NOTHING",
    )
    .bind(seq)
    .bind(text(reason))
    .bind(micros(at))
    .execute(tx.connection())
    .await?;
    if moved.rows_affected() > 0 {
        sqlx::query("DELETE FROM outbox WHERE seq = $1").bind(seq).execute(tx.connection()).await?;
    }
    Ok(())
}

pub(super) async fn send(tx: &mut EngineTx, seq: i64, at: Timestamp) -> Result<bool, StateError> {
    tx.hold_outbox().await?;
    let copied = sqlx::query(
        "INSERT INTO outbox (at, topic, key, headers, value, bytes, spooled) \
         SELECT CAST($2 AS BIGINT), topic, key, headers, value, bytes, 0 FROM stranded_records WHERE seq = $1",
    )
    .bind(seq)
    .bind(micros(at))
    .execute(tx.connection())
    .await?;
    Ok(copied.rows_affected() > 0 && remove(tx, seq).await?)
}

pub(super) async fn remove(tx: &mut EngineTx, seq: i64) -> Result<bool, StateError> {
    let removed =
        sqlx::query("DELETE FROM stranded_records WHERE seq = $1").bind(seq).execute(tx.connection()).await?;
    Ok(removed.rows_affected() > 0)
}
