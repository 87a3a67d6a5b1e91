//! The ledger of deliveries: reads.

use std::collections::HashMap;

use async_trait::async_trait;
use crisislens_model::{
    AlertId, Attempt, Channel, Contact, Delivery, DeliveryId, DeliveryStatus, Notification, NotificationId,
    Severity, Timestamp, UserId,
};
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _};
use uuid::Uuid;

use super::claims::firsts;
use super::notices::read_notification;
use super::{Db, DbRow, EngineStore, bulletins, desk_objects, fanouts, provider_events, reach};
use crate::columns::{blob, count, from_json, instant, micros, severity_of, signed, text, uuid};
use crate::ledger::{
    Acknowledgement, DeliveryFilter, DeskObject, Fanout, Ledger, Prompt, ReachCount, Row, Said, Suppression,
    Told,
};
use crate::{Cursor, Page, StateError};

fn read_suppression(row: &DbRow) -> Result<Suppression, StateError> {
    Ok(Suppression {
        channel: read_channel(row.try_get(0)?)?,
        address: row.try_get(1)?,
        why: row.try_get(2)?,
        at: instant(row.try_get(3)?)?,
    })
}

/// The columns that [`read_row`] reads, of the table called `d`.
pub(super) const COLUMNS: &str = "d.id, d.notification_id, d.alert_id, d.revision, d.recipient, d.channel, d.address, d.priority, \
    d.exercise, d.status, d.reason, d.due_at, d.expires_at, d.created_at, d.sent_at, d.token, d.provider, \
    d.provider_id, d.attempts, d.digest";

pub(super) fn read_row(row: &DbRow) -> Result<Row, StateError> {
    let id = |name: &str| uuid(row.try_get::<&[u8], _>(name)?);
    let time = |name: &str| row.try_get::<Option<i64>, _>(name)?.map(instant).transpose();
    Ok(Row {
        id: DeliveryId(id("id")?),
        notification: NotificationId(id("notification_id")?),
        thread: id("alert_id")?,
        revision: count(row.try_get("revision")?),
        recipient: UserId(id("recipient")?),
        channel: read_channel(row.try_get("channel")?)?,
        address: row.try_get("address")?,
        priority: severity_of(row.try_get("priority")?),
        exercise: row.try_get::<i64, _>("exercise")? != 0,
        status: read_status(row.try_get("status")?)?,
        reason: row.try_get("reason")?,
        due_at: time("due_at")?,
        expires_at: instant(row.try_get("expires_at")?)?,
        created_at: instant(row.try_get("created_at")?)?,
        sent_at: time("sent_at")?,
        token: count(row.try_get("token")?),
        provider: row.try_get("provider")?,
        provider_id: row.try_get("provider_id")?,
        attempts: from_json::<Vec<Attempt>>("attempts", row.try_get("attempts")?)?,
        digest: row.try_get::<Option<&[u8]>, _>("digest")?.map(uuid).transpose()?.map(DeliveryId),
    })
}

pub(super) fn read_channel(word: &str) -> Result<Channel, StateError> {
    Channel::parse(word)
        .ok_or_else(|| StateError::Damaged { what: "channel", reason: format!("there is no channel {word}") })
}

pub(super) fn read_acknowledgement(row: &DbRow) -> Result<Acknowledgement, StateError> {
    Ok(Acknowledgement {
        alert: AlertId(uuid(row.try_get("alert_id")?)?),
        user: UserId(uuid(row.try_get("user_id")?)?),
        via: row.try_get("via")?,
        at: instant(row.try_get("at")?)?,
        expires_at: row.try_get::<Option<i64>, _>("expires_at")?.map(instant).transpose()?,
    })
}

/// A status as the rising number that it is.
pub(super) const fn status_rank(status: DeliveryStatus) -> i64 {
    status as i64
}

pub(super) fn read_status(rank: i64) -> Result<DeliveryStatus, StateError> {
    usize::try_from(rank).ok().and_then(|rank| DeliveryStatus::ALL.get(rank).copied()).ok_or_else(|| {
        StateError::Damaged { what: "delivery status", reason: format!("there is no status {rank}") }
    })
}

/// Puts a person's deliveries into their notifications as they now stand.
pub(super) async fn fill_in(
    store: &EngineStore,
    recipient: UserId,
    notifications: &mut [Notification],
) -> Result<(), StateError> {
    let times = notifications.iter().map(|notification| notification.created_at);
    let (Some(first), Some(last)) = (times.clone().min(), times.max()) else { return Ok(()) };
    let mut query = QueryBuilder::<Db>::new(format!("SELECT {COLUMNS} FROM deliveries d WHERE recipient = "));
    query.push_bind(blob(recipient.0)).push(" AND created_at BETWEEN ").push_bind(micros(first));
    query.push(" AND ").push_bind(micros(last));
    let rows = query.build().fetch_all(&store.readers).await?;
    let mut now: HashMap<DeliveryId, Delivery> = HashMap::new();
    for row in &rows {
        let row = read_row(row)?;
        now.insert(row.id, Delivery { attempts: Vec::new(), ..row.delivery() });
    }
    for notification in notifications {
        stand(notification, &mut now);
    }
    Ok(())
}

fn stand(notification: &mut Notification, now: &mut HashMap<DeliveryId, Delivery>) {
    let is_read = notification.read_at.is_some();
    for delivery in &mut notification.deliveries {
        if let Some(stands) = now.remove(&delivery.id) {
            *delivery = stands;
        } else if delivery.channel == Channel::Inbox && is_read && delivery.status < DeliveryStatus::Read {
            delivery.status = DeliveryStatus::Read;
        }
    }
}

#[async_trait]
impl Ledger for EngineStore {
    async fn delivery(&self, id: DeliveryId) -> Result<Option<(Row, Option<Notification>)>, StateError> {
        let mut query = QueryBuilder::<Db>::new(format!(
            "SELECT {COLUMNS}, n.document, n.read_at FROM deliveries d \
             LEFT JOIN notifications n ON n.id = d.notification_id WHERE d.id = "
        ));
        query.push_bind(blob(id.0));
        let row = query.build().fetch_optional(&self.readers).await?;
        row.map(|row| Ok((read_row(&row)?, read_carried(&row)?))).transpose()
    }

    async fn told_of(&self, id: DeliveryId) -> Result<Vec<Told>, StateError> {
        provider_events::told_of(self, id).await
    }

    async fn list_deliveries(
        &self,
        filter: &DeliveryFilter,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<Row>, StateError> {
        let conditions = |query: &mut QueryBuilder<Db>| {
            query.push(" FROM deliveries d WHERE 1 = 1");
            if let Some(alert) = filter.alert {
                query.push(" AND d.alert_id = ").push_bind(blob(alert.0));
            }
            if let Some(recipient) = filter.recipient {
                query.push(" AND d.recipient = ").push_bind(blob(recipient.0));
            }
            if let Some(channel) = filter.channel {
                query.push(" AND d.channel = ").push_bind(channel.as_str());
            }
            if let Some(status) = filter.status {
                query.push(" AND d.status = ").push_bind(status_rank(status));
            }
        };
        let mut counting = QueryBuilder::<Db>::new("SELECT count(*)");
        conditions(&mut counting);
        let total: i64 = counting.build_query_scalar().fetch_one(&self.readers).await?;
        let mut query = QueryBuilder::<Db>::new(format!("SELECT {COLUMNS}"));
        conditions(&mut query);
        if let Some(cursor) = after {
            query.push(" AND (d.created_at, d.id) < (").push_bind(micros(cursor.at));
            query.push(",").push_bind(blob(cursor.id)).push(")");
        }
        query.push(" ORDER BY d.created_at DESC, d.id DESC LIMIT ").push_bind(signed(limit as u64 + 1));
        let rows = query.build().fetch_all(&self.readers).await?;
        let rows = rows.iter().map(read_row).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(rows, limit, count(total), |row| Cursor { at: row.created_at, id: row.id.0 }))
    }

    async fn reach(&self, alert: AlertId) -> Result<Vec<ReachCount>, StateError> {
        reach::counts(self, alert).await
    }

    async fn people_told(&self, alert: AlertId) -> Result<Vec<(Severity, u64)>, StateError> {
        reach::people_told(self, alert).await
    }

    async fn promptness(&self, alert: AlertId) -> Result<Vec<Prompt>, StateError> {
        reach::promptness(self, alert).await
    }

    async fn acknowledgers(&self, alert: AlertId) -> Result<Vec<Said>, StateError> {
        reach::acknowledgers(self, alert).await
    }

    async fn fanouts(&self, alert: AlertId) -> Result<Vec<Fanout>, StateError> {
        fanouts::of_alert(self, alert).await
    }

    async fn passed_over(
        &self,
        alert: AlertId,
        revision: u64,
        user: UserId,
    ) -> Result<Option<String>, StateError> {
        fanouts::passed_over(self, alert, revision, user).await
    }

    async fn next_due(&self, channels: &[(Channel, Severity)]) -> Result<Option<Timestamp>, StateError> {
        if channels.is_empty() {
            return Ok(None);
        }
        let rows = sqlx::query(AssertSqlSafe(firsts(channels))).fetch_all(&self.readers).await?;
        let mut first: Option<i64> = None;
        for row in &rows {
            first = first.into_iter().chain([row.try_get::<i64, _>("due_at")?]).min();
        }
        first.map(instant).transpose()
    }

    async fn next_bulletin_at(&self) -> Result<Option<Timestamp>, StateError> {
        bulletins::next_due(self).await
    }

    async fn has_fanout(&self) -> Result<bool, StateError> {
        let open = sqlx::query("SELECT 1 FROM fanouts WHERE done_at IS NULL LIMIT 1")
            .fetch_optional(&self.readers)
            .await?;
        Ok(open.is_some())
    }

    async fn open_deliveries(&self) -> Result<u64, StateError> {
        let open: i64 = sqlx::query_scalar("SELECT count(*) FROM deliveries WHERE due_at IS NOT NULL")
            .fetch_one(&self.readers)
            .await?;
        Ok(count(open))
    }

    async fn suppressions(
        &self,
        channel: Option<Channel>,
        limit: usize,
    ) -> Result<Vec<Suppression>, StateError> {
        let mut query = QueryBuilder::<Db>::new("SELECT channel, address, why, at FROM suppressions");
        if let Some(channel) = channel {
            query.push(" WHERE channel = ").push_bind(channel.as_str());
        }
        query.push(" ORDER BY at DESC, channel, address LIMIT ").push_bind(signed(limit as u64));
        let rows = query.build().fetch_all(&self.readers).await?;
        rows.iter().map(read_suppression).collect()
    }

    async fn suppressed_contacts(&self, user: UserId) -> Result<Vec<Suppression>, StateError> {
        let mut found = Vec::new();
        for Contact { target, .. } in self.contacts(user).await? {
            let row = sqlx::query(
                "SELECT channel, address, why, at FROM suppressions WHERE channel = $1 AND address = $2",
            )
            .bind(target.channel().as_str())
            .bind(text(target.address()))
            .fetch_optional(&self.readers)
            .await?;
            found.extend(row.as_ref().map(read_suppression).transpose()?);
        }
        Ok(found)
    }

    async fn contacts(&self, user: UserId) -> Result<Vec<Contact>, StateError> {
        let rows = sqlx::query("SELECT document FROM contacts WHERE user_id = $1")
            .bind(blob(user.0))
            .fetch_all(&self.readers)
            .await?;
        contacts_in_order(&rows)
    }

    async fn acknowledgements(&self, alert: AlertId) -> Result<Vec<Acknowledgement>, StateError> {
        let rows = sqlx::query(
            "SELECT alert_id, user_id, via, at, expires_at FROM acknowledgements WHERE alert_id = $1 ORDER BY at, user_id",
        )
        .bind(blob(alert.0))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(read_acknowledgement).collect()
    }

    async fn desk_objects(&self, kind: &str, owner: Option<Uuid>) -> Result<Vec<DeskObject>, StateError> {
        let mut query = desk_objects::select(kind, owner);
        desk_objects::read(&query.build().fetch_all(&self.readers).await?)
    }
}

/// Contacts, first first.
pub(super) fn contacts_in_order(rows: &[DbRow]) -> Result<Vec<Contact>, StateError> {
    let contacts = rows.iter().map(|row| from_json("contact", row.try_get(0)?));
    let mut contacts = contacts.collect::<Result<Vec<Contact>, _>>()?;
    contacts.sort_by_key(|contact| (contact.created_at, contact.id));
    Ok(contacts)
}

/// The notification of a row that was joined with it.
pub(super) fn read_carried(row: &DbRow) -> Result<Option<Notification>, StateError> {
    row.try_get::<Option<&str>, _>("document")?.map(|_| read_notification(row)).transpose()
}
