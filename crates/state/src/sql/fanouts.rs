//! Choosing the recipients of an alert, page by page.

use std::collections::BTreeMap;

use crisislens_model::{Alert, AlertId, Timestamp, UserId};
use sqlx::{AssertSqlSafe, Row as _};

use super::dialect::SKIP_LOCKED;
use super::{DbRow, EngineStore, EngineTx};
use crate::StateError;
use crate::columns::{blob, count, from_json, instant, micros, severity_rank, signed, text, to_json, uuid};
use crate::ledger::Fanout;

pub(super) async fn of_alert(store: &EngineStore, alert: AlertId) -> Result<Vec<Fanout>, StateError> {
    let rows = sqlx::query(
        "SELECT document, after_user, begun_at, done_at, considered, told, held FROM fanouts \
         WHERE alert_id = $1 ORDER BY revision",
    )
    .bind(blob(alert.0))
    .fetch_all(&store.readers)
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &DbRow) -> Result<Fanout, StateError> {
    Ok(Fanout {
        alert: from_json("alert", row.try_get("document")?)?,
        after: row.try_get::<Option<&[u8]>, _>("after_user")?.map(uuid).transpose()?.map(UserId),
        begun_at: instant(row.try_get("begun_at")?)?,
        done_at: row.try_get::<Option<i64>, _>("done_at")?.map(instant).transpose()?,
        considered: count(row.try_get("considered")?),
        told: count(row.try_get("told")?),
        held: row.try_get("held")?,
    })
}

pub(super) async fn begin(tx: &mut EngineTx, alert: &Alert, now: Timestamp) -> Result<bool, StateError> {
    let done = sqlx::query(
        "INSERT INTO fanouts (alert_id, revision, priority, begun_at, considered, told, document) \
         VALUES ($1, $2, $3, $4, 0, 0, $5) ON CONFLICT (alert_id, revision) DO NOTHING",
    )
    .bind(blob(alert.id.0))
    .bind(signed(alert.revision))
    .bind(severity_rank(alert.severity))
    .bind(micros(now))
    .bind(to_json("alert", alert)?)
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Revisions of one alert are gone through in their order: a later one waits for those before it.
pub(super) async fn next(tx: &mut EngineTx) -> Result<Option<Fanout>, StateError> {
    let sql = format!(
        "SELECT document, after_user, begun_at, done_at, considered, told, held FROM fanouts d \
         WHERE done_at IS NULL AND NOT EXISTS (SELECT 1 FROM fanouts earlier WHERE earlier.alert_id = d.alert_id \
         AND earlier.revision < d.revision AND earlier.done_at IS NULL) \
         ORDER BY priority DESC, begun_at LIMIT 1{SKIP_LOCKED}"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).fetch_optional(tx.connection()).await?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn put(tx: &mut EngineTx, fanout: &Fanout) -> Result<(), StateError> {
    sqlx::query(
        "UPDATE fanouts SET after_user = $1, done_at = $2, considered = $3, told = $4, held = $5 \
         WHERE alert_id = $6 AND revision = $7",
    )
    .bind(fanout.after.map(|user| blob(user.0)))
    .bind(fanout.done_at.map(micros))
    .bind(signed(fanout.considered))
    .bind(signed(fanout.told))
    .bind(fanout.held.as_deref().map(text))
    .bind(blob(fanout.alert.id.0))
    .bind(signed(fanout.alert.revision))
    .execute(tx.connection())
    .await?;
    Ok(())
}

pub(super) async fn put_passed_over(
    tx: &mut EngineTx,
    alert: AlertId,
    revision: u64,
    first: UserId,
    reasons: &BTreeMap<String, Vec<UserId>>,
) -> Result<(), StateError> {
    sqlx::query(
        "INSERT INTO passed_over (alert_id, revision, first_user, document) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (alert_id, revision, first_user) DO UPDATE SET document = excluded.document",
    )
    .bind(blob(alert.0))
    .bind(signed(revision))
    .bind(blob(first.0))
    .bind(to_json("reasons", reasons)?)
    .execute(tx.connection())
    .await?;
    Ok(())
}

pub(super) async fn passed_over(
    store: &EngineStore,
    alert: AlertId,
    revision: u64,
    user: UserId,
) -> Result<Option<String>, StateError> {
    let page: Option<String> = sqlx::query_scalar(
        "SELECT document FROM passed_over WHERE alert_id = $1 AND revision = $2 AND first_user <= $3 \
         ORDER BY first_user DESC LIMIT 1",
    )
    .bind(blob(alert.0))
    .bind(signed(revision))
    .bind(blob(user.0))
    .fetch_optional(&store.readers)
    .await?;
    let Some(page) = page else { return Ok(None) };
    let reasons: BTreeMap<String, Vec<UserId>> = from_json("reasons", &page)?;
    Ok(reasons.into_iter().find(|(_, users)| users.contains(&user)).map(|(reason, _)| reason))
}
