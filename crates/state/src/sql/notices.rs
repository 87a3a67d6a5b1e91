//! Notifications and the development outbox.

use async_trait::async_trait;
use crisislens_model::{AlertId, Channel, Notification, NotificationId, Timestamp, UserId};
use sqlx::{QueryBuilder, Row};

use super::dialect::rows;
use super::{Db, DbRow, EngineStore, EngineTx, allowances, chunks, ledger};
use crate::columns::{blob, count, from_json, instant, micros, signed, to_json};
use crate::notices::{Notices, NoticesTx, OutboxMessage};
use crate::{Cursor, Page, StateError};

#[async_trait]
impl Notices for EngineStore {
    async fn list_notifications(
        &self,
        recipient: UserId,
        unread_only: bool,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<Notification>, StateError> {
        let conditions = |query: &mut QueryBuilder<Db>| {
            query.push(" FROM notifications WHERE recipient = ").push_bind(blob(recipient.0));
            if unread_only {
                query.push(" AND read_at IS NULL");
            }
        };
        let mut counting = QueryBuilder::<Db>::new("SELECT count(*)");
        conditions(&mut counting);
        let total: i64 = counting.build_query_scalar().fetch_one(&self.readers).await?;
        let mut query = QueryBuilder::<Db>::new("SELECT document, read_at");
        conditions(&mut query);
        if let Some(cursor) = after {
            query.push(" AND (created_at, id) < (").push_bind(micros(cursor.at));
            query.push(",").push_bind(blob(cursor.id)).push(")");
        }
        query.push(" ORDER BY created_at DESC, id DESC LIMIT ").push_bind(signed(limit as u64 + 1));
        let rows = query.build().fetch_all(&self.readers).await?;
        let mut notifications = rows.iter().map(read_notification).collect::<Result<Vec<_>, _>>()?;
        ledger::fill_in(self, recipient, &mut notifications).await?;
        Ok(Page::cut(notifications, limit, count(total), |notification| Cursor {
            at: notification.created_at,
            id: notification.id.0,
        }))
    }

    async fn notification_of(
        &self,
        recipient: UserId,
        alert: AlertId,
        revision: u64,
    ) -> Result<Option<Notification>, StateError> {
        let row = sqlx::query(
            "SELECT document, read_at FROM notifications WHERE alert_id = $1 AND recipient = $2 AND revision = $3 \
             ORDER BY created_at, id LIMIT 1",
        )
        .bind(blob(alert.0))
        .bind(blob(recipient.0))
        .bind(signed(revision))
        .fetch_optional(&self.readers)
        .await?;
        stands(self, recipient, row.as_ref()).await
    }

    async fn notification(
        &self,
        recipient: UserId,
        id: NotificationId,
    ) -> Result<Option<Notification>, StateError> {
        let row = sqlx::query("SELECT document, read_at FROM notifications WHERE id = $1 AND recipient = $2")
            .bind(blob(id.0))
            .bind(blob(recipient.0))
            .fetch_optional(&self.readers)
            .await?;
        stands(self, recipient, row.as_ref()).await
    }

    async fn unread(&self, recipient: UserId) -> Result<u64, StateError> {
        let unread: i64 =
            sqlx::query_scalar("SELECT count(*) FROM notifications WHERE recipient = $1 AND read_at IS NULL")
                .bind(blob(recipient.0))
                .fetch_one(&self.readers)
                .await?;
        Ok(count(unread))
    }

    async fn list_outbox_messages(
        &self,
        channel: Option<Channel>,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<OutboxMessage>, StateError> {
        let conditions = |query: &mut QueryBuilder<Db>| {
            query.push(" FROM outbox_messages WHERE ");
            match channel {
                None => query.push("1 = 1"),
                Some(channel) => query.push("channel = ").push_bind(channel.as_str()),
            };
        };
        let mut counting = QueryBuilder::<Db>::new("SELECT count(*)");
        conditions(&mut counting);
        let total: i64 = counting.build_query_scalar().fetch_one(&self.readers).await?;
        let mut query = QueryBuilder::<Db>::new("SELECT document");
        conditions(&mut query);
        if let Some(cursor) = after {
            query.push(" AND (at, id) < (").push_bind(micros(cursor.at));
            query.push(",").push_bind(blob(cursor.id)).push(")");
        }
        query.push(" ORDER BY at DESC, id DESC LIMIT ").push_bind(signed(limit as u64 + 1));
        let rows = query.build().fetch_all(&self.readers).await?;
        let messages = rows
            .iter()
            .map(|row| from_json("outbox message", row.try_get(0)?))
            .collect::<Result<Vec<OutboxMessage>, _>>()?;
        Ok(Page::cut(messages, limit, count(total), |message| Cursor { at: message.at, id: message.id }))
    }
}

/// A notification with its deliveries as they now stand, if there is one.
async fn stands(
    store: &EngineStore,
    recipient: UserId,
    row: Option<&DbRow>,
) -> Result<Option<Notification>, StateError> {
    let Some(row) = row else { return Ok(None) };
    let mut found = [read_notification(row)?];
    ledger::fill_in(store, recipient, &mut found).await?;
    Ok(found.into_iter().next())
}

pub(super) fn read_notification(row: &DbRow) -> Result<Notification, StateError> {
    let mut notification: Notification = from_json("notification", row.try_get("document")?)?;
    notification.read_at = row.try_get::<Option<i64>, _>("read_at")?.map(instant).transpose()?;
    Ok(notification)
}

#[async_trait]
impl NoticesTx for EngineTx {
    async fn mark_read(
        &mut self,
        recipient: UserId,
        id: Option<NotificationId>,
        at: Timestamp,
    ) -> Result<u64, StateError> {
        let mut query = QueryBuilder::<Db>::new("UPDATE notifications SET read_at = ");
        query
            .push_bind(micros(at))
            .push(" WHERE read_at IS NULL AND recipient = ")
            .push_bind(blob(recipient.0));
        if let Some(id) = id {
            query.push(" AND id = ").push_bind(blob(id.0));
        }
        Ok(query.build().execute(self.connection()).await?.rows_affected())
    }

    async fn has_notification(&mut self, recipient: UserId, id: NotificationId) -> Result<bool, StateError> {
        let found = sqlx::query("SELECT 1 FROM notifications WHERE recipient = $1 AND id = $2")
            .bind(blob(recipient.0))
            .bind(blob(id.0))
            .fetch_optional(self.connection())
            .await?;
        Ok(found.is_some())
    }

    async fn told_alone(
        &mut self,
        recipient: UserId,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<Notification>, StateError> {
        allowances::told_alone(self, recipient, since, limit).await
    }

    async fn put_outbox_messages(&mut self, messages: &[OutboxMessage]) -> Result<(), StateError> {
        for chunk in chunks(messages) {
            let query = rows(chunk, |message| {
                Ok([
                    blob(message.id).into(),
                    micros(message.at).into(),
                    to_json("outbox message", message)?.into(),
                    message.channel.as_str().to_owned().into(),
                ])
            })?
            .query(|rows| {
                format!(
                    "INSERT INTO outbox_messages (id, at, document, channel) {rows} ON CONFLICT (id) DO NOTHING"
                )
            });
            query.execute(self.connection()).await?;
        }
        Ok(())
    }
}
