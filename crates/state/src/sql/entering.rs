//! The ledger of deliveries: the rows that notifications enter with.

use std::collections::{HashMap, HashSet};

use crisislens_model::{Channel, DeliveryId, DeliveryStatus, Notification, NotificationId, Timestamp};
use sqlx::Row as _;
use uuid::Uuid;

use super::dialect::rows;
use super::ledger::status_rank;
use super::{EngineTx, chunks};
use crate::StateError;
use crate::columns::{Value, blob, micros, severity_rank, signed, to_json, uuid};
use crate::ledger::Row;

pub(super) fn is_in_inbox(notification: &Notification) -> bool {
    notification.deliveries.iter().any(|one| one.channel == Channel::Inbox && one.status.went_out())
}

/// The rows of a notification's deliveries that are to leave.
pub(super) fn leaving(notification: &Notification) -> impl Iterator<Item = Row> {
    let leaves = |channel: Channel, status: DeliveryStatus| channel != Channel::Inbox && status.is_open();
    notification.deliveries.iter().filter(move |one| leaves(one.channel, one.status)).map(|one| Row {
        id: one.id,
        notification: notification.id,
        thread: notification.thread(),
        revision: notification.revision,
        recipient: notification.recipient,
        channel: one.channel,
        address: one.to.clone().unwrap_or_default(),
        priority: notification.priority,
        exercise: notification.exercise,
        status: one.status,
        reason: one.reason.clone(),
        due_at: Some(one.due_at.unwrap_or(notification.created_at)),
        expires_at: one.expires_at.unwrap_or(Timestamp::MAX),
        created_at: notification.created_at,
        sent_at: None,
        token: 0,
        provider: None,
        provider_id: None,
        attempts: Vec::new(),
        digest: one.digest,
    })
}

/// A row for each digest that these wait for. It is worth sending as long as the last of them is.
pub(super) fn digests(leaving: &[Row]) -> Vec<Row> {
    let mut digests: HashMap<DeliveryId, Row> = HashMap::new();
    for row in leaving {
        let Some(id) = row.digest else { continue };
        let digest = digests.entry(id).or_insert_with(|| Row {
            id,
            notification: NotificationId(id.0),
            thread: Uuid::nil(),
            revision: 0,
            status: DeliveryStatus::Deferred,
            digest: None,
            ..row.clone()
        });
        digest.expires_at = digest.expires_at.max(row.expires_at);
    }
    let mut digests: Vec<Row> = digests.into_values().collect();
    // By id: two nodes that enter into the same ones must not wait for each other.
    digests.sort_by_key(|row| row.id);
    digests
}

impl EngineTx {
    /// Makes the digests that are not there yet; those that nobody has taken.
    pub(super) async fn open_digests(&mut self, digests: &[Row]) -> Result<HashSet<DeliveryId>, StateError> {
        let mut open = HashSet::new();
        for chunk in chunks(digests) {
            let query = rows(chunk, columns)?.query(|rows| {
                format!(
                    "INSERT INTO deliveries ({INSERTED}) {rows} ON CONFLICT (id) DO UPDATE SET \
                     expires_at = CASE WHEN excluded.expires_at > deliveries.expires_at THEN excluded.expires_at \
                     ELSE deliveries.expires_at END WHERE deliveries.token = 0 AND deliveries.status = {deferred} \
                     RETURNING id",
                    deferred = status_rank(DeliveryStatus::Deferred)
                )
            });
            for row in query.fetch_all(self.connection()).await? {
                open.insert(DeliveryId(uuid(row.try_get(0)?)?));
            }
        }
        Ok(open)
    }

    pub(super) async fn insert_rows(&mut self, leaving: &[Row]) -> Result<(), StateError> {
        for chunk in chunks(leaving) {
            let query = rows(chunk, columns)?.query(|rows| {
                format!("INSERT INTO deliveries ({INSERTED}) {rows} ON CONFLICT (id) DO NOTHING")
            });
            query.execute(self.connection()).await?;
        }
        Ok(())
    }
}

const INSERTED: &str = "id, notification_id, alert_id, revision, recipient, channel, address, priority, exercise, status, reason, \
    due_at, expires_at, created_at, token, attempts, digest";

fn columns(row: &Row) -> Result<[Value; 17], StateError> {
    Ok([
        blob(row.id.0).into(),
        blob(row.notification.0).into(),
        blob(row.thread).into(),
        signed(row.revision).into(),
        blob(row.recipient.0).into(),
        row.channel.as_str().into(),
        row.address.as_str().into(),
        severity_rank(row.priority).into(),
        i64::from(row.exercise).into(),
        status_rank(row.status).into(),
        row.reason.as_str().into(),
        row.due_at.map(micros).into(),
        micros(row.expires_at).into(),
        micros(row.created_at).into(),
        signed(row.token).into(),
        to_json("attempts", &row.attempts)?.into(),
        Value::from(row.digest.map(|id| blob(id.0))),
    ])
}
