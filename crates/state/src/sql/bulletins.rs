//! Items whose news are still to be told.

use std::collections::HashSet;

use crisislens_model::{DeliveryStatus, News, Timestamp, UserId};
use sqlx::{QueryBuilder, Row as _};
use uuid::Uuid;

use super::candidates::among;
use super::ledger::status_rank;
use super::{Db, EngineStore, EngineTx};
use crate::StateError;
use crate::columns::{blob, from_json, instant, micros, to_json, uuid};
use crate::ledger::Bulletin;
use crate::lock::Lock;

pub(super) async fn next_due(store: &EngineStore) -> Result<Option<Timestamp>, StateError> {
    let due: Option<i64> =
        sqlx::query_scalar("SELECT min(due_at) FROM bulletins").fetch_one(&store.readers).await?;
    due.map(instant).transpose()
}

pub(super) async fn is_asked_for(tx: &mut EngineTx) -> Result<bool, StateError> {
    let one = sqlx::query("SELECT 1 FROM users WHERE asks_for_items = 1 LIMIT 1")
        .fetch_optional(tx.connection())
        .await?;
    Ok(one.is_some())
}

pub(super) async fn put(tx: &mut EngineTx, bulletin: &Bulletin) -> Result<(), StateError> {
    sqlx::query(
        "INSERT INTO bulletins (id, due_at, after_user, document) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (id) DO UPDATE SET after_user = excluded.after_user",
    )
    .bind(blob(bulletin.id))
    .bind(micros(bulletin.due_at))
    .bind(bulletin.after.map(|user| blob(user.0)))
    .bind(to_json("news", &bulletin.news)?)
    .execute(tx.connection())
    .await?;
    Ok(())
}

pub(super) async fn next(tx: &mut EngineTx, now: Timestamp) -> Result<Option<Bulletin>, StateError> {
    tx.hold(Lock::News).await?;
    let row = sqlx::query(
        "SELECT id, due_at, after_user, document FROM bulletins WHERE due_at <= $1 ORDER BY due_at, id LIMIT 1",
    )
    .bind(micros(now))
    .fetch_optional(tx.connection())
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Bulletin {
        id: uuid(row.try_get("id")?)?,
        due_at: instant(row.try_get("due_at")?)?,
        after: row.try_get::<Option<&[u8]>, _>("after_user")?.map(uuid).transpose()?.map(UserId),
        news: from_json::<Vec<News>>("news", row.try_get("document")?)?,
    }))
}

pub(super) async fn delete(tx: &mut EngineTx, id: Uuid) -> Result<(), StateError> {
    sqlx::query("DELETE FROM bulletins WHERE id = $1").bind(blob(id)).execute(tx.connection()).await?;
    Ok(())
}

pub(super) async fn told_since(
    tx: &mut EngineTx,
    threads: &[Uuid],
    users: &[UserId],
    since: Timestamp,
) -> Result<HashSet<(Uuid, UserId)>, StateError> {
    let mut told = HashSet::new();
    if threads.is_empty() || users.is_empty() {
        return Ok(told);
    }
    let (threads, users) = (ids(threads.iter().copied()), ids(users.iter().map(|user| user.0)));
    let went_nowhere = [DeliveryStatus::Canceled, DeliveryStatus::Expired, DeliveryStatus::Failed];
    let went_nowhere = went_nowhere.map(|status| status_rank(status).to_string()).join(", ");
    for (table, condition) in [
        ("notifications", "in_inbox = 1".to_owned()),
        ("deliveries", format!("status NOT IN ({went_nowhere})")),
    ] {
        let mut query = QueryBuilder::<Db>::new(format!(
            "SELECT DISTINCT alert_id, recipient FROM {table} WHERE {condition} AND created_at >= "
        ));
        query.push_bind(micros(since));
        among(&mut query, "alert_id", &threads);
        among(&mut query, "recipient", &users);
        for row in query.build().fetch_all(tx.connection()).await? {
            told.insert((uuid(row.try_get(0)?)?, UserId(uuid(row.try_get(1)?)?)));
        }
    }
    Ok(told)
}

fn ids(all: impl Iterator<Item = Uuid>) -> Vec<Vec<u8>> {
    all.map(blob).collect()
}
