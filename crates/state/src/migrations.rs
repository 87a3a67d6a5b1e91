//! The tables, as numbered migrations that are written once, in SQLite's words; each engine brings itself to the last.

use sqlx::migrate::Migrator;

/// The migrations as SQLite takes them.
pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!();

#[cfg(test)]
mod tests {
    use crisislens_model::{Channel, NotificationId, Timestamp};
    use sqlx::{Connection as _, SqliteConnection};
    use uuid::Uuid;

    use super::*;
    use crate::notices::OutboxMessage;

    /// Migration 11 reads the channel off the beginning of documents that were written before it.
    #[tokio::test]
    async fn messages_of_the_outbox_that_were_there_before_have_their_channel() {
        let mut database = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        MIGRATIONS.run_direct(Some(10), &mut database, false).await.unwrap();
        let channels = [Channel::Email, Channel::Sms, Channel::Push, Channel::Webhook];
        for channel in channels {
            let message = OutboxMessage {
                id: Uuid::new_v4(),
                channel,
                to: "\"channel\":\"email\"".to_owned(),
                subject: String::new(),
                text: String::new(),
                html: None,
                payload: Some(serde_json::json!({ "channel": "email" })),
                at: Timestamp::UNIX_EPOCH,
                exercise: false,
                notification_id: NotificationId(Uuid::nil()),
            };
            sqlx::query("INSERT INTO outbox_messages (id, at, document) VALUES ($1, 0, $2)")
                .bind(message.id.as_bytes().to_vec())
                .bind(serde_json::to_string(&message).unwrap())
                .execute(&mut database)
                .await
                .unwrap();
        }
        MIGRATIONS.run_direct(None, &mut database, false).await.unwrap();
        for channel in channels {
            let named: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM outbox_messages WHERE channel = $1 AND document LIKE '%' || $2 || '%'",
            )
            .bind(channel.as_str())
            .bind(format!("\"channel\":\"{}\",\"to\"", channel.as_str()))
            .fetch_one(&mut database)
            .await
            .unwrap();
            assert_eq!(named, 1, "{channel:?}");
        }
    }
}
