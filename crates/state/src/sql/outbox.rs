//! The outbox: what waits to be appended to the log, and how much it is.

use crisislens_model::{Header, NewRecord, Timestamp};
use sqlx::Row;

use super::dialect::{rows, sizes};
use super::{EngineStore, EngineTx};
use crate::StateError;
use crate::columns::{count, from_json, instant, micros, signed, to_json, topic};
use crate::stream::{OutboxDepth, WAITING_BYTES, Waiting};

/// Sizes are computed from lengths, which both engines know without reading the bytes, before any of these is read.
const WAITING: &str = "\
    SELECT outbox.seq, topic, key, headers, value FROM outbox JOIN ( \
      SELECT seq, sum(size) OVER (ORDER BY seq) - size AS ahead FROM ( \
        SELECT seq, octet_length(key) + octet_length(headers) + coalesce(octet_length(value), 0) AS size \
        FROM outbox WHERE seq > $1 ORDER BY seq LIMIT $2 \
      ) AS oldest \
    ) AS sized ON sized.seq = outbox.seq \
    WHERE ahead < $3 ORDER BY outbox.seq";

pub(super) async fn waiting(
    store: &EngineStore,
    after: i64,
    limit: usize,
) -> Result<Vec<Waiting>, StateError> {
    let rows = sqlx::query(WAITING)
        .bind(after)
        .bind(signed(limit as u64))
        .bind(signed(WAITING_BYTES))
        .fetch_all(&store.readers)
        .await?;
    rows.into_iter()
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

/// Read off an index that holds what is asked for.
pub(super) async fn depth(store: &EngineStore) -> Result<OutboxDepth, StateError> {
    let row = sqlx::query(
        "SELECT count(*), CAST(coalesce(sum(bytes), 0) AS BIGINT), CAST(coalesce(sum(spooled), 0) AS BIGINT), \
         CAST(coalesce(sum(spooled * bytes), 0) AS BIGINT), (SELECT at FROM outbox ORDER BY seq LIMIT 1), \
         (SELECT count(*) FROM stranded_records) FROM outbox",
    )
    .fetch_one(&store.readers)
    .await?;
    Ok(OutboxDepth {
        records: count(row.try_get(0)?),
        bytes: count(row.try_get(1)?),
        spooled_records: count(row.try_get(2)?),
        spooled_bytes: count(row.try_get(3)?),
        oldest: row.try_get::<Option<i64>, _>(4)?.map(instant).transpose()?,
        stranded: count(row.try_get(5)?),
    })
}

pub(super) async fn has_spooled(store: &EngineStore) -> Result<bool, StateError> {
    let first: Option<i64> =
        sqlx::query_scalar("SELECT seq FROM outbox WHERE spooled = 1 ORDER BY seq LIMIT 1")
            .fetch_optional(&store.readers)
            .await?;
    Ok(first.is_some())
}

pub(super) async fn put(
    tx: &mut EngineTx,
    records: Vec<NewRecord>,
    at: Timestamp,
    spooled: bool,
) -> Result<(), StateError> {
    if records.is_empty() {
        return Ok(());
    }
    tx.hold_outbox().await?;
    let mut rest = records.into_iter();
    for size in sizes(rest.len()) {
        // Moved, not copied: a record may be 10 MiB, and memory holds it once more for each copy.
        let chunk: Vec<NewRecord> = rest.by_ref().take(size).collect();
        let waiting = rows(chunk, |record| {
            let headers = to_json("outbox record", &record.headers)?;
            let bytes = record.key.len() + headers.len() + record.value.as_ref().map_or(0, Vec::len);
            Ok([
                micros(at).into(),
                record.topic.as_str().into(),
                record.key.into(),
                headers.into(),
                record.value.into(),
                signed(bytes as u64).into(),
                i64::from(spooled).into(),
            ])
        })?;
        let query = waiting.query(|rows| {
            format!("INSERT INTO outbox (at, topic, key, headers, value, bytes, spooled) {rows}")
        });
        query.execute(tx.connection()).await?;
    }
    Ok(())
}
