//! The ledger of deliveries: what a worker takes, with all that sending it needs.

use std::collections::{HashMap, HashSet};

use crisislens_model::{Channel, Contact, ContactId, Severity, Timestamp, User};
use sqlx::{AssertSqlSafe, Row as _};

use super::dialect::{SKIP_LOCKED, rows};
use super::ledger::{COLUMNS, read_carried, read_channel, read_row};
use super::people::read_user_as;
use super::{DbRow, EngineTx, chunks};
use crate::StateError;
use crate::columns::{blob, from_json, micros, severity_of, severity_rank, signed};
use crate::ledger::Due;

/// The statement that reads when the first row of each of these channels, and of each severity from the one given on, is due, where one
/// waits.
pub(super) fn firsts(channels: &[(Channel, Severity)]) -> String {
    let pairs = channels.iter().flat_map(|(channel, least)| {
        let priorities = Severity::ALL.into_iter().filter(move |priority| priority >= least);
        priorities.map(|priority| format!("('{}', {})", channel.as_str(), severity_rank(priority)))
    });
    let pairs: Vec<String> = pairs.collect();
    format!(
        "SELECT * FROM (SELECT w.column1 AS channel, CAST(w.column2 AS BIGINT) AS priority, \
         (SELECT d.due_at FROM deliveries d WHERE d.due_at IS NOT NULL AND d.channel = w.column1 \
         AND d.priority = w.column2 ORDER BY d.due_at LIMIT 1) AS due_at FROM (VALUES {}) AS w) AS f \
         WHERE due_at IS NOT NULL",
        pairs.join(", ")
    )
}

impl EngineTx {
    /// Of which channel and severity rows are due.
    pub(super) async fn kinds_due(
        &mut self,
        channels: &[(Channel, Severity)],
        now: Timestamp,
    ) -> Result<HashSet<(Channel, Severity)>, StateError> {
        if channels.is_empty() {
            return Ok(HashSet::new());
        }
        let rows = sqlx::query(AssertSqlSafe(firsts(channels))).fetch_all(self.connection()).await?;
        let mut due = HashSet::new();
        for row in &rows {
            if row.try_get::<i64, _>("due_at")? <= micros(now) {
                due.insert((read_channel(row.try_get("channel")?)?, severity_of(row.try_get("priority")?)));
            }
        }
        Ok(due)
    }

    /// The severity before the time: what waits for tomorrow is not looked at.
    pub(super) async fn due(
        &mut self,
        channel: Channel,
        priority: Severity,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Due>, StateError> {
        let sql = format!(
            "SELECT {COLUMNS}, n.document, n.read_at, s.why, u.id AS user_id, u.email, u.name, u.role, u.preferences, \
             u.created_at AS user_created_at FROM deliveries d \
             LEFT JOIN notifications n ON n.id = d.notification_id LEFT JOIN users u ON u.id = d.recipient \
             LEFT JOIN suppressions s ON s.channel = d.channel AND s.address = d.address \
             WHERE d.due_at IS NOT NULL AND d.channel = $1 AND d.priority = $2 AND d.due_at <= $3 \
             ORDER BY d.due_at LIMIT $4{SKIP_LOCKED}"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(channel.as_str())
            .bind(severity_rank(priority))
            .bind(micros(now))
            .bind(signed(limit as u64))
            .fetch_all(self.connection())
            .await?;
        let read = |row: &DbRow| {
            Ok(Due {
                row: read_row(row)?,
                notification: read_carried(row)?,
                user: joined_user(row)?,
                contact: None,
                suppressed: row.try_get("why")?,
            })
        };
        rows.iter().map(read).collect()
    }

    pub(super) async fn add_contacts(&mut self, due: &mut [Due]) -> Result<(), StateError> {
        let ids: Vec<ContactId> = due
            .iter()
            .filter(|one| one.row.channel != Channel::Email)
            .map(|one| Contact::id_at(one.row.recipient, one.row.channel, &one.row.address))
            .collect();
        let mut found = HashMap::with_capacity(ids.len());
        for chunk in chunks(&ids) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?
                .lookup(|among| format!("SELECT document FROM contacts WHERE id {among}"));
            for row in query.fetch_all(self.connection()).await? {
                let contact: Contact = from_json("contact", row.try_get(0)?)?;
                found.insert(contact.id, contact);
            }
        }
        for one in due {
            let id = Contact::id_at(one.row.recipient, one.row.channel, &one.row.address);
            one.contact = found.get(&id).cloned();
        }
        Ok(())
    }
}

/// The account that a row was joined with, if it is still there.
fn joined_user(row: &DbRow) -> Result<Option<User>, StateError> {
    let is_there = row.try_get::<Option<&[u8]>, _>("user_id")?.is_some();
    is_there.then(|| read_user_as(row, "user_id", "user_created_at")).transpose()
}
