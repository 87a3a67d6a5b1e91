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

    /// Migration 18 reads off documents which are part of an exercise, and of which; a text that says so is not taken at its word.
    #[tokio::test]
    async fn what_was_part_of_an_exercise_before_is_found_as_such() {
        let mut database = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        MIGRATIONS.run_direct(Some(17), &mut database, false).await.unwrap();
        let run = Uuid::from_u128(0x1234_5678_9abc_def0_0102_0304_0506_0708);
        let lie = format!(r#"{{"exercise":true,"exercise_id":"{}"}}"#, Uuid::from_u128(7));
        let of = |exercise: bool, id: Option<Uuid>| {
            let mut document = serde_json::json!({ "text": lie, "title": lie });
            if exercise {
                document["exercise"] = true.into();
            }
            if let Some(id) = id {
                document["exercise_id"] = id.to_string().into();
            }
            document.to_string()
        };
        let worlds = [(false, None), (true, None), (true, Some(run))];
        for (id, (exercise, exercise_id)) in (0_u8..).zip(worlds) {
            let document = of(exercise, exercise_id);
            for sql in [
                "INSERT INTO items (seq, id, source, status, hazard, severity, risk, said_at, content_hash, revision, version)                  VALUES ($1, $2, 's', 'new', 'flood', 0, 0.0, 0, x'00', 1, length($3))",
                "INSERT INTO item_documents (seq, document) SELECT $1, $3 WHERE $2 IS NOT NULL",
                "INSERT INTO incidents (id, hazard, status, severity, last_seen, version, document)                  VALUES ($2, 'flood', 'open', 0, 0, $1, $3)",
                "INSERT INTO alerts (id, incident_id, severity, effective, revision, document)                  VALUES ($2, $2, 0, 0, $1, $3)",
                "INSERT INTO claims (id, topic, status, verdict, risk, last_said, exercise, version, document)                  VALUES ($2, 'deaths', 'new', 'none', 0, 0, $1 > 0, 1, $3)",
            ] {
                sqlx::query(sql)
                    .bind(i64::from(id))
                    .bind(vec![id])
                    .bind(document.clone())
                    .execute(&mut database)
                    .await
                    .unwrap();
            }
        }
        MIGRATIONS.run_direct(None, &mut database, false).await.unwrap();
        let wanted: Vec<(i64, Option<Vec<u8>>)> =
            worlds.map(|(exercise, id)| (i64::from(exercise), id.map(|id| id.as_bytes().to_vec()))).to_vec();
        for table in ["items", "incidents", "alerts", "claims"] {
            let sql = format!("SELECT exercise, exercise_id FROM {table} ORDER BY id");
            let found: Vec<(i64, Option<Vec<u8>>)> =
                sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&mut database).await.unwrap();
            assert_eq!(found, wanted, "{table}");
        }
    }

    /// Migration 16 notes how large incidents are that were there before, as the store does from then on, and for what copies count.
    #[tokio::test]
    async fn incidents_and_copies_that_were_there_before_are_counted() {
        let mut database = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        MIGRATIONS.run_direct(Some(15), &mut database, false).await.unwrap();
        let counts = [0_u64, 1, 2, 3, 4, 1_000, (1 << 23) - 1, 1 << 23, 1 << 40];
        for (id, count) in (0_u8..).zip(counts) {
            let incident = "INSERT INTO incidents (id, hazard, status, severity, last_seen, version, document, item_count) \
                            VALUES ($1, 'flood', 'open', 0, 0, 1, '{}', $2)";
            sqlx::query(incident)
                .bind(vec![id])
                .bind(count.cast_signed())
                .execute(&mut database)
                .await
                .unwrap();
            for key in [-1_i64, i64::from(id)] {
                sqlx::query("INSERT INTO incident_keys (key, incident) VALUES ($1, $2)")
                    .bind(key)
                    .bind(vec![id])
                    .execute(&mut database)
                    .await
                    .unwrap();
            }
        }
        for (id, original, incident) in [(1_u8, None, Some(9_u8)), (2, Some(1), None), (3, Some(1), Some(9))]
        {
            let item = "INSERT INTO items (id, source, status, hazard, severity, risk, said_at, incident_id, duplicate_of, \
                        content_hash, revision, version) VALUES ($1, 's', 'new', 'flood', 0, 0.0, 0, $2, $3, x'00', 1, 1)";
            sqlx::query(item)
                .bind(vec![id])
                .bind(incident.map(|id| vec![id]))
                .bind(original.map(|id: u8| vec![id]))
                .execute(&mut database)
                .await
                .unwrap();
        }
        MIGRATIONS.run_direct(None, &mut database, false).await.unwrap();
        let sized: Vec<(i64, Vec<u8>)> =
            sqlx::query_as("SELECT size, incident FROM incident_keys WHERE key = -1 ORDER BY incident")
                .fetch_all(&mut database)
                .await
                .unwrap();
        let wanted: Vec<(i64, Vec<u8>)> = (0_u8..)
            .zip(counts)
            .map(|(id, count)| (crate::incidents::size(count).cast_signed(), vec![id]))
            .collect();
        assert_eq!(sized, wanted);
        let keys: i64 =
            sqlx::query_scalar("SELECT count(*) FROM incident_keys").fetch_one(&mut database).await.unwrap();
        assert_eq!(keys, 2 * counts.len() as i64);
        let counted: Vec<(Vec<u8>, Vec<u8>)> =
            sqlx::query_as("SELECT id, counts_for FROM items WHERE counts_for IS NOT NULL")
                .fetch_all(&mut database)
                .await
                .unwrap();
        assert_eq!(counted, [(vec![2], vec![1])], "what is in an incident is no copy there");
    }
}
