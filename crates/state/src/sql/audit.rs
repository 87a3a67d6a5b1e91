//! The audit log.

use async_trait::async_trait;
use sqlx::{QueryBuilder, Row};

use super::{Db, DbRow, EngineStore, EngineTx};
use crate::audit::{Audit, AuditEntry, AuditTx};
use crate::columns::{blob, count, from_json, instant, micros, signed, text, to_json, uuid};
use crate::{Cursor, Page, StateError};

#[async_trait]
impl Audit for EngineStore {
    async fn audit(&self, limit: usize, after: Option<Cursor>) -> Result<Page<AuditEntry>, StateError> {
        let total: i64 =
            sqlx::query_scalar("SELECT count(*) FROM audit_entries").fetch_one(&self.readers).await?;
        let mut query =
            QueryBuilder::<Db>::new("SELECT id, at, actor, action, subject, detail FROM audit_entries");
        if let Some(cursor) = after {
            query.push(" WHERE (at, id) < (").push_bind(micros(cursor.at));
            query.push(",").push_bind(blob(cursor.id)).push(")");
        }
        query.push(" ORDER BY at DESC, id DESC LIMIT ").push_bind(signed(limit as u64 + 1));
        let rows = query.build().fetch_all(&self.readers).await?;
        let entries = rows.iter().map(read_entry).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(entries, limit, count(total), |entry| Cursor { at: entry.at, id: entry.id }))
    }
}

fn read_entry(row: &DbRow) -> Result<AuditEntry, StateError> {
    Ok(AuditEntry {
        id: uuid(row.try_get("id")?)?,
        at: instant(row.try_get("at")?)?,
        actor: row.try_get("actor")?,
        action: row.try_get("action")?,
        subject: row.try_get("subject")?,
        detail: from_json("audit entry", row.try_get("detail")?)?,
    })
}

#[async_trait]
impl AuditTx for EngineTx {
    async fn record_audit(&mut self, entry: &AuditEntry) -> Result<(), StateError> {
        sqlx::query(
            "INSERT INTO audit_entries (id, at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (id) DO NOTHING",
        )
        .bind(blob(entry.id))
        .bind(micros(entry.at))
        .bind(text(&entry.actor))
        .bind(text(&entry.action))
        .bind(text(&entry.subject))
        .bind(to_json("audit entry", &entry.detail)?)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
