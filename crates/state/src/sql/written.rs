//! Writing items: the narrow row and the document beside it.

use std::collections::HashMap;

use sqlx::Row;

use super::EngineTx;
use super::dialect::rows;
use crate::StateError;
use crate::columns::{Value, blob, micros, severity_rank, signed, to_json, uuid};
use crate::items::ItemRow;

/// Writes one chunk of items, over what stood there; each item once.
pub(super) async fn put(tx: &mut EngineTx, written: &[ItemRow]) -> Result<(), StateError> {
    let query = rows(written, |row| Ok(columns_of(row)))?.query(|rows| {
        format!(
            "INSERT INTO items (id, source, status, hazard, country, severity, lat, lon, risk, said_at, incident_id, \
             duplicate_of, assignee, fingerprint, content_hash, revision, version, exercise, exercise_id) {rows} ON CONFLICT (id) DO UPDATE SET \
             status = excluded.status, hazard = excluded.hazard, country = excluded.country, \
             severity = excluded.severity, lat = excluded.lat, lon = excluded.lon, risk = excluded.risk, \
             said_at = excluded.said_at, incident_id = excluded.incident_id, duplicate_of = excluded.duplicate_of, \
             assignee = excluded.assignee, fingerprint = excluded.fingerprint, content_hash = excluded.content_hash, \
             revision = excluded.revision, version = excluded.version, \
             exercise = excluded.exercise, exercise_id = excluded.exercise_id RETURNING id, seq"
        )
    });
    let mut seqs = HashMap::with_capacity(written.len());
    for row in query.fetch_all(tx.connection()).await? {
        seqs.insert(uuid(row.try_get(0)?)?, row.try_get::<i64, _>(1)?);
    }
    put_documents(tx, written, &seqs).await
}

fn columns_of(row: &ItemRow) -> [Value; 19] {
    let item = &row.item;
    let point = item.point();
    [
        blob(item.id.0).into(),
        item.source.as_str().into(),
        item.status.as_str().into(),
        item.hazard.kind.as_str().into(),
        item.location.as_ref().and_then(|place| place.country.clone()).into(),
        severity_rank(item.severity).into(),
        point.map(|point| point.0).into(),
        point.map(|point| point.1).into(),
        item.risk_score.into(),
        micros(item.timestamp).into(),
        item.incident_id.map(|id| blob(id.0)).into(),
        item.duplicate_of.map(|id| blob(id.0)).into(),
        item.assignee.map(|id| blob(id.0)).into(),
        row.fingerprint.map(u64::cast_signed).into(),
        row.content_hash.to_vec().into(),
        signed(item.revision).into(),
        signed(item.version).into(),
        i64::from(item.exercise).into(),
        item.exercise_id.map(|id| blob(id.0)).into(),
    ]
}

async fn put_documents(
    tx: &mut EngineTx,
    written: &[ItemRow],
    seqs: &HashMap<uuid::Uuid, i64>,
) -> Result<(), StateError> {
    let documents = rows(written, |row| {
        let seq = seqs.get(&row.item.id.0).copied().ok_or_else(|| StateError::Damaged {
            what: "item",
            reason: format!("{} was written and has no row", row.item.id),
        })?;
        let mut item = row.item.clone();
        let raw_data = item.raw_data.take();
        Ok([seq.into(), to_json("item", &item)?.into(), raw_data.map(|data| data.get().to_owned()).into()])
    })?;
    let query = documents.query(|rows| {
        format!(
            "INSERT INTO item_documents (seq, document, raw_data) {rows} ON CONFLICT (seq) DO UPDATE SET \
             document = excluded.document, raw_data = excluded.raw_data"
        )
    });
    query.execute(tx.connection()).await?;
    Ok(())
}
