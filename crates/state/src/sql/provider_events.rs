//! What providers tell of messages after they took them.

use std::collections::BTreeSet;

use crisislens_model::{DeliveryId, DeliveryStatus};
use sqlx::Row as _;

use super::dialect::rows;
use super::ledger::{read_carried, status_rank};
use super::{EngineStore, EngineTx, chunks};
use crate::StateError;
use crate::columns::{blob, instant, micros, text, uuid};
use crate::ledger::{ProviderEvent, Told};
use crate::lock::Lock;

pub(super) async fn told_of(store: &EngineStore, id: DeliveryId) -> Result<Vec<Told>, StateError> {
    let rows = sqlx::query(
        "SELECT provider, event, why, at FROM provider_events WHERE delivery_id = $1 ORDER BY at, event_key",
    )
    .bind(blob(id.0))
    .fetch_all(&store.readers)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Told {
                provider: row.try_get(0)?,
                event: row.try_get(1)?,
                why: row.try_get(2)?,
                at: instant(row.try_get(3)?)?,
            })
        })
        .collect()
}

/// By their keys and then by deliveries, so that two nodes that are told the same do not wait for each other.
pub(super) async fn take(
    tx: &mut EngineTx,
    provider: &str,
    events: &[ProviderEvent],
) -> Result<Vec<String>, StateError> {
    let mut events: Vec<&ProviderEvent> = events.iter().collect();
    events.sort_by(|one, other| one.key.cmp(&other.key));
    let mut owners = Vec::with_capacity(events.len());
    for event in &events {
        owners.push(owner(tx, provider, event).await?);
    }
    if owners.contains(&None) {
        // An answer that names the message may be about to be committed.
        tx.hold(Lock::Messages).await?;
        for (event, owner_of) in events.iter().zip(&mut owners).filter(|(_, owner)| owner.is_none()) {
            *owner_of = owner(tx, provider, event).await?;
        }
    }
    let (mut new, mut moved) = (Vec::new(), BTreeSet::new());
    for (event, owner) in events.iter().zip(owners) {
        let is_new = keep(tx, provider, event, owner).await?;
        if is_new {
            new.push(event.key.clone());
        }
        if is_new || explain(tx, provider, event).await? {
            moved.extend(owner);
        }
    }
    for id in moved {
        raise(tx, id).await?;
    }
    Ok(new)
}

async fn owner(
    tx: &mut EngineTx,
    provider: &str,
    event: &ProviderEvent,
) -> Result<Option<DeliveryId>, StateError> {
    let named = match event.delivery {
        Some(id) => known(tx, id).await?,
        None => None,
    };
    match (named, &event.message) {
        (None, Some(message)) => by_message(tx, provider, message).await,
        (named, _) => Ok(named),
    }
}

/// Keeps an event; whether it is new.
async fn keep(
    tx: &mut EngineTx,
    provider: &str,
    event: &ProviderEvent,
    owner: Option<DeliveryId>,
) -> Result<bool, StateError> {
    // What still waits at the provider is not ours to send: it moves nothing.
    let status = event.status.filter(|status| !status.is_open()).map(status_rank);
    let done = sqlx::query(
        "INSERT INTO provider_events (provider, event_key, delivery_id, message, event, status, why, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (provider, event_key) DO NOTHING",
    )
    .bind(text(provider))
    .bind(text(&event.key))
    .bind(owner.map(|id| blob(id.0)))
    .bind(event.message.as_deref().map(text))
    .bind(text(&event.event))
    .bind(status)
    .bind(event.why.as_deref().filter(|why| !why.is_empty()).map(text))
    .bind(micros(event.at))
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What is told again may bring the reason that the first lacked; of two the greater counts, whichever came first.
async fn explain(tx: &mut EngineTx, provider: &str, event: &ProviderEvent) -> Result<bool, StateError> {
    let Some(why) = event.why.as_deref().filter(|why| !why.is_empty()) else { return Ok(false) };
    let done = sqlx::query(
        "UPDATE provider_events SET why = $1 WHERE provider = $2 AND event_key = $3 AND (why IS NULL OR why < $4)",
    )
    .bind(text(why))
    .bind(text(provider))
    .bind(text(&event.key))
    .bind(text(why))
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

async fn known(tx: &mut EngineTx, id: DeliveryId) -> Result<Option<DeliveryId>, StateError> {
    let found = sqlx::query("SELECT 1 FROM deliveries WHERE id = $1")
        .bind(blob(id.0))
        .fetch_optional(tx.connection())
        .await?;
    Ok(found.map(|_| id))
}

async fn by_message(
    tx: &mut EngineTx,
    provider: &str,
    message: &str,
) -> Result<Option<DeliveryId>, StateError> {
    let row = sqlx::query(
        "SELECT id FROM deliveries WHERE provider_id = $1 AND provider = $2 AND digest IS NULL LIMIT 1",
    )
    .bind(text(message))
    .bind(text(provider))
    .fetch_optional(tx.connection())
    .await?;
    row.map(|row| Ok(DeliveryId(uuid(row.try_get(0)?)?))).transpose()
}

/// Moves a delivery, and what it carries, up to the highest that was told of it, for the reason that came with that; what stands
/// higher stays. All that was told is read, so that the end is the same whichever came last.
async fn raise(tx: &mut EngineTx, id: DeliveryId) -> Result<(), StateError> {
    let rows =
        sqlx::query("SELECT status, why FROM provider_events WHERE delivery_id = $1 AND status IS NOT NULL")
            .bind(blob(id.0))
            .fetch_all(tx.connection())
            .await?;
    let mut told: Vec<(i64, Option<String>)> = Vec::with_capacity(rows.len());
    for row in &rows {
        told.push((row.try_get(0)?, row.try_get(1)?));
    }
    let Some(highest) = told.iter().map(|(status, _)| *status).max() else { return Ok(()) };
    let why = told.into_iter().filter(|(_, why)| why.is_some()).max().and_then(|(_, why)| why);
    if why.is_none() && arrives(highest) {
        restore_reasons(tx, id).await?;
    }
    sqlx::query(
        "UPDATE deliveries SET status = $1, due_at = NULL, reason = coalesce($2, reason) \
         WHERE (id = $3 OR digest = $4) AND status <= $5",
    )
    .bind(highest)
    .bind(why)
    .bind(blob(id.0))
    .bind(blob(id.0))
    .bind(highest)
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Whether what has this status was handed over and has not failed.
fn arrives(status: i64) -> bool {
    status >= status_rank(DeliveryStatus::Sent) && status != status_rank(DeliveryStatus::Failed)
}

/// What a worker has put off says why, as that a try failed. If it arrived all the same, it says again why it was decided.
async fn restore_reasons(tx: &mut EngineTx, id: DeliveryId) -> Result<(), StateError> {
    let rows = sqlx::query(
        "SELECT d.id, n.document, n.read_at, (SELECT min(c.reason) FROM deliveries c WHERE c.digest = d.id) AS carried \
         FROM deliveries d LEFT JOIN notifications n ON n.id = d.notification_id \
         WHERE d.id = $1 AND d.token > 0 AND d.status = $2",
    )
    .bind(blob(id.0))
    .bind(status_rank(DeliveryStatus::Deferred))
    .fetch_all(tx.connection())
    .await?;
    for row in &rows {
        let deliveries = read_carried(row)?.map(|one| one.deliveries).unwrap_or_default();
        let decided = deliveries.into_iter().find(|one| one.id == id).map(|one| one.reason);
        let reason: String = decided.or(row.try_get("carried")?).unwrap_or_default();
        sqlx::query("UPDATE deliveries SET reason = $1 WHERE id = $2")
            .bind(reason)
            .bind(blob(id.0))
            .execute(tx.connection())
            .await?;
    }
    Ok(())
}

/// What was told of a delivery before it is sent again stays in its history and moves it no more.
pub(super) async fn settle(tx: &mut EngineTx, id: DeliveryId) -> Result<(), StateError> {
    sqlx::query("UPDATE provider_events SET status = NULL WHERE delivery_id = $1")
        .bind(blob(id.0))
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Matches what was told of messages before anybody knew whose they are.
pub(super) async fn match_waiting(
    tx: &mut EngineTx,
    named: &[(DeliveryId, String, String)],
) -> Result<(), StateError> {
    let mut found = Vec::new();
    for chunk in chunks(named) {
        let query = rows(chunk, |(_, _, message)| Ok([text(message).into()]))?.lookup(|among| {
            format!(
                "SELECT provider, event_key, message FROM provider_events \
                 WHERE delivery_id IS NULL AND message {among}"
            )
        });
        found.extend(query.fetch_all(tx.connection()).await?);
    }
    let mut moved = BTreeSet::new();
    for row in &found {
        let (provider, message): (&str, &str) = (row.try_get(0)?, row.try_get(2)?);
        let owner = named.iter().find(|(_, by, name)| by == provider && name == message);
        let Some((id, ..)) = owner else { continue };
        sqlx::query("UPDATE provider_events SET delivery_id = $1 WHERE provider = $2 AND event_key = $3")
            .bind(blob(id.0))
            .bind(provider)
            .bind(row.try_get::<&str, _>(1)?)
            .execute(tx.connection())
            .await?;
        moved.insert(*id);
    }
    for id in moved {
        raise(tx, id).await?;
    }
    Ok(())
}
