//! Whom an alert reached, and how soon they acknowledged it.

use crisislens_model::{AlertId, Channel, DeliveryStatus, Severity, UserId};
use sqlx::{AssertSqlSafe, Row as _};

use super::escalations::reasons_to_rest;
use super::ledger::{read_acknowledgement, read_channel, read_status, status_rank};
use super::{Db, DbRow, EngineStore};
use crate::StateError;
use crate::columns::{blob, count, instant, severity_of, uuid};
use crate::ledger::{Prompt, ReachCount, Said};

/// Who was told of the alert `$1`, how urgent it was, and when: in their inbox, or by a message that was handed over (`$2`) and has not
/// failed (`$3`).
const TOLD: &str = "(SELECT n.recipient AS recipient, coalesce(f.priority, 0) AS priority, n.created_at AS at \
     FROM notifications n LEFT JOIN fanouts f ON f.alert_id = n.alert_id AND f.revision = n.revision \
     WHERE n.in_inbox = 1 AND n.alert_id = $1 \
     UNION ALL SELECT recipient, priority, coalesce(sent_at, created_at) FROM deliveries \
     WHERE alert_id = $1 AND status >= $2 AND status <> $3)";

pub(super) async fn counts(store: &EngineStore, alert: AlertId) -> Result<Vec<ReachCount>, StateError> {
    let rows = sqlx::query(
        "SELECT revision, channel, priority, status, count(*) FROM deliveries WHERE alert_id = $1 \
         GROUP BY revision, channel, priority, status ORDER BY revision, channel, priority, status",
    )
    .bind(blob(alert.0))
    .fetch_all(&store.readers)
    .await?;
    let mut counts = Vec::with_capacity(rows.len());
    for row in rows {
        counts.push(ReachCount {
            revision: count(row.try_get(0)?),
            channel: read_channel(row.try_get(1)?)?,
            priority: severity_of(row.try_get(2)?),
            status: read_status(row.try_get(3)?)?,
            count: count(row.try_get(4)?),
        });
    }
    counts.extend(of_inboxes(store, alert).await?);
    Ok(counts)
}

/// The inbox has no rows in the ledger: who was told there has the notification in it.
async fn of_inboxes(store: &EngineStore, alert: AlertId) -> Result<Vec<ReachCount>, StateError> {
    let rows = sqlx::query(
        "SELECT n.revision, count(*), count(n.read_at), f.priority FROM notifications n \
         LEFT JOIN fanouts f ON f.alert_id = n.alert_id AND f.revision = n.revision \
         WHERE n.in_inbox = 1 AND n.alert_id = $1 GROUP BY n.revision, f.priority ORDER BY n.revision",
    )
    .bind(blob(alert.0))
    .fetch_all(&store.readers)
    .await?;
    let mut counts = Vec::new();
    for row in rows {
        let (all, read) = (count(row.try_get(1)?), count(row.try_get(2)?));
        let priority = severity_of(row.try_get::<Option<i64>, _>(3)?.unwrap_or_default());
        for (status, number) in [(DeliveryStatus::Sent, all - read), (DeliveryStatus::Read, read)] {
            if number > 0 {
                let revision = count(row.try_get(0)?);
                counts.push(ReachCount {
                    revision,
                    channel: Channel::Inbox,
                    priority,
                    status,
                    count: number,
                });
            }
        }
    }
    Ok(counts)
}

pub(super) async fn people_told(
    store: &EngineStore,
    alert: AlertId,
) -> Result<Vec<(Severity, u64)>, StateError> {
    let sql = format!(
        "SELECT priority, count(DISTINCT recipient) FROM {TOLD} t GROUP BY priority ORDER BY priority"
    );
    let rows = told(&sql, alert).fetch_all(&store.readers).await?;
    rows.iter().map(|row| Ok((severity_of(row.try_get(0)?), count(row.try_get(1)?)))).collect()
}

pub(super) async fn promptness(store: &EngineStore, alert: AlertId) -> Result<Vec<Prompt>, StateError> {
    let sql = format!(
        "SELECT a.user_id, t.priority, min(t.at), a.first_at FROM acknowledgements a \
         JOIN {TOLD} t ON t.recipient = a.user_id WHERE a.alert_id = $1 \
         GROUP BY a.user_id, t.priority, a.first_at ORDER BY a.user_id, t.priority"
    );
    let rows = told(&sql, alert).fetch_all(&store.readers).await?;
    let prompt = |row: &DbRow| {
        Ok(Prompt {
            user: UserId(uuid(row.try_get(0)?)?),
            severity: severity_of(row.try_get(1)?),
            told_at: instant(row.try_get(2)?)?,
            acknowledged_at: instant(row.try_get(3)?)?,
        })
    };
    rows.iter().map(prompt).collect()
}

pub(super) async fn acknowledgers(store: &EngineStore, alert: AlertId) -> Result<Vec<Said>, StateError> {
    let sql = format!(
        "SELECT a.alert_id, a.user_id, a.via, a.at, a.expires_at, u.name, {} AS reasons FROM acknowledgements a \
         LEFT JOIN users u ON u.id = a.user_id WHERE a.alert_id = $1 ORDER BY a.at, a.user_id",
        reasons_to_rest("a.alert_id", "a.user_id")
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(blob(alert.0)).fetch_all(&store.readers).await?;
    let said = |row: &DbRow| {
        Ok(Said {
            acknowledgement: read_acknowledgement(row)?,
            name: row.try_get("name")?,
            rests: row.try_get::<i64, _>("reasons")? > 0,
        })
    };
    rows.iter().map(said).collect()
}

/// A query with [`TOLD`] in it.
fn told(sql: &str, alert: AlertId) -> sqlx::query::Query<'static, Db, <Db as sqlx::Database>::Arguments> {
    sqlx::query(AssertSqlSafe(sql.to_owned()))
        .bind(blob(alert.0))
        .bind(status_rank(DeliveryStatus::Sent))
        .bind(status_rank(DeliveryStatus::Failed))
}
