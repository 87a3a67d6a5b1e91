//! Sources and settings on SQLite.

use async_trait::async_trait;
use crisislens_model::SourceStatus;
use sqlx::Row;

use super::rows::{from_json, to_json};
use super::{SqliteStore, SqliteTx};
use crate::StateError;
use crate::journal::{Journal, JournalTx};

#[async_trait]
impl Journal for SqliteStore {
    async fn sources(&self) -> Result<Vec<SourceStatus>, StateError> {
        let rows = sqlx::query("SELECT status FROM sources ORDER BY name").fetch_all(&self.readers).await?;
        rows.iter().map(|row| from_json("source", row.try_get(0)?)).collect()
    }

    async fn source_memory(&self, name: &str) -> Result<Option<String>, StateError> {
        let memory: Option<Option<String>> = sqlx::query_scalar("SELECT memory FROM sources WHERE name = ?")
            .bind(name.to_owned())
            .fetch_optional(&self.readers)
            .await?;
        Ok(memory.flatten())
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StateError> {
        Ok(sqlx::query_scalar("SELECT value FROM settings WHERE name = ?")
            .bind(name.to_owned())
            .fetch_optional(&self.readers)
            .await?)
    }
}

#[async_trait]
impl JournalTx for SqliteTx {
    async fn put_source(&mut self, status: &SourceStatus, memory: Option<&str>) -> Result<(), StateError> {
        sqlx::query(
            "INSERT INTO sources (name, status, memory) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET \
             status = excluded.status, memory = coalesce(excluded.memory, memory)",
        )
        .bind(status.name.clone())
        .bind(to_json("source", status)?)
        .bind(memory.map(str::to_owned))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    async fn setting_or(&mut self, name: &str, value: &str) -> Result<String, StateError> {
        sqlx::query("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING")
            .bind(name.to_owned())
            .bind(value.to_owned())
            .execute(self.connection())
            .await?;
        Ok(sqlx::query_scalar("SELECT value FROM settings WHERE name = ?")
            .bind(name.to_owned())
            .fetch_one(self.connection())
            .await?)
    }

    async fn put_setting(&mut self, name: &str, value: &str) -> Result<(), StateError> {
        sqlx::query("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
            .bind(name.to_owned())
            .bind(value.to_owned())
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
