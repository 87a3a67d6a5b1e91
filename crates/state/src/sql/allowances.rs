//! What a person may have so many of and no more: counted so that nobody else counts theirs meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use crisislens_model::{Channel, Contact, DeliveryStatus, Notification, Severity, Timestamp, UserId};
use sqlx::{QueryBuilder, Row as _};

use super::candidates::among;
use super::dialect::FOR_UPDATE;
use super::ledger::{contacts_in_order, read_channel, status_rank};
use super::notices::read_notification;
use super::{Db, EngineTx};
use crate::StateError;
use crate::columns::{blob, count, micros, severity_of, signed, uuid};

/// What quiet hours put off was decided at most so long before it is handed over.
const DECIDED_WITHIN: Duration = Duration::from_secs(8 * 24 * 3600);

/// What is put off for longer is of another hour.
const SOON: Duration = Duration::from_secs(3600);

/// Keeps others from counting what these people have until the transaction ends, and lets what is read next be newer than what they
/// have committed. By id: two that hold several must not wait for each other.
async fn hold(tx: &mut EngineTx, people: &[Vec<u8>]) -> Result<(), StateError> {
    let mut query = QueryBuilder::<Db>::new("SELECT id FROM users WHERE 1 = 1");
    among(&mut query, "id", people);
    query.push(format!(" ORDER BY id{FOR_UPDATE}"));
    query.build().fetch_all(tx.connection()).await?;
    Ok(())
}

pub(super) async fn contacts(tx: &mut EngineTx, user: UserId) -> Result<Vec<Contact>, StateError> {
    hold(tx, &[blob(user.0)]).await?;
    let rows = sqlx::query("SELECT document FROM contacts WHERE user_id = $1")
        .bind(blob(user.0))
        .fetch_all(tx.connection())
        .await?;
    contacts_in_order(&rows)
}

pub(super) async fn told_alone(
    tx: &mut EngineTx,
    user: UserId,
    since: Timestamp,
    limit: usize,
) -> Result<Vec<Notification>, StateError> {
    hold(tx, &[blob(user.0)]).await?;
    let rows = sqlx::query(
        "SELECT document, read_at FROM notifications WHERE recipient = $1 AND created_at > $2 AND alert_id = id \
         ORDER BY created_at DESC, id DESC LIMIT $3",
    )
    .bind(blob(user.0))
    .bind(micros(since))
    .bind(signed(limit as u64))
    .fetch_all(tx.connection())
    .await?;
    rows.iter().map(read_notification).collect()
}

pub(super) async fn handed_over(
    tx: &mut EngineTx,
    people: &[UserId],
    since: Timestamp,
    now: Timestamp,
) -> Result<BTreeMap<(UserId, Channel, Severity), u64>, StateError> {
    let people: Vec<Vec<u8>> = people.iter().map(|user| blob(user.0)).collect();
    hold(tx, &people).await?;
    let decided = since.checked_sub(DECIDED_WITHIN).unwrap_or(Timestamp::MIN);
    let mut query = QueryBuilder::<Db>::new(
        "SELECT recipient, channel, priority, count(*) AS number FROM deliveries WHERE digest IS NULL",
    );
    among(&mut query, "recipient", &people);
    query.push(" AND created_at >= ").push_bind(micros(decided));
    query.push(" AND (sent_at >= ").push_bind(micros(since));
    // What a worker has, and what one has put off: until the end of its lease, or until its turn, if that is as near.
    query.push(" OR (token > 0 AND due_at > ").push_bind(micros(now));
    query.push(" AND due_at <= ").push_bind(micros(now.checked_add(SOON).unwrap_or(Timestamp::MAX)));
    query.push(format!(
        " AND status IN ({}, {}))) GROUP BY recipient, channel, priority",
        status_rank(DeliveryStatus::Deferred),
        status_rank(DeliveryStatus::Sending)
    ));
    let mut handed = BTreeMap::new();
    for row in &query.build().fetch_all(tx.connection()).await? {
        let user = UserId(uuid(row.try_get("recipient")?)?);
        let (channel, severity) =
            (read_channel(row.try_get("channel")?)?, severity_of(row.try_get("priority")?));
        handed.insert((user, channel, severity), count(row.try_get("number")?));
    }
    Ok(handed)
}
