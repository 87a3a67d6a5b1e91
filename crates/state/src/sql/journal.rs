//! Sources and settings.

use async_trait::async_trait;
use crisislens_model::SourceStatus;
use sqlx::{AssertSqlSafe, Row};

use super::{EngineStore, EngineTx, dialect};
use crate::StateError;
use crate::columns::{from_json, text, to_json};
use crate::journal::{Journal, JournalTx};

#[async_trait]
impl Journal for EngineStore {
    async fn sources(&self) -> Result<Vec<SourceStatus>, StateError> {
        let rows = sqlx::query("SELECT status FROM sources ORDER BY name").fetch_all(&self.readers).await?;
        rows.iter().map(|row| from_json("source", row.try_get(0)?)).collect()
    }

    async fn source_memory(&self, name: &str) -> Result<Option<String>, StateError> {
        let memory: Option<Option<String>> = sqlx::query_scalar("SELECT memory FROM sources WHERE name = $1")
            .bind(text(name))
            .fetch_optional(&self.readers)
            .await?;
        Ok(memory.flatten())
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StateError> {
        Ok(sqlx::query_scalar("SELECT value FROM settings WHERE name = $1")
            .bind(text(name))
            .fetch_optional(&self.readers)
            .await?)
    }
}

#[async_trait]
impl JournalTx for EngineTx {
    async fn put_source(&mut self, status: &SourceStatus, memory: Option<&str>) -> Result<(), StateError> {
        sqlx::query(
            "INSERT INTO sources (name, status, memory) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET \
             status = excluded.status, memory = coalesce(excluded.memory, sources.memory)",
        )
        .bind(text(&status.name))
        .bind(to_json("source", status)?)
        .bind(memory.map(text))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    async fn setting_or(&mut self, name: &str, value: &str) -> Result<String, StateError> {
        sqlx::query("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(text(name))
            .bind(text(value))
            .execute(self.connection())
            .await?;
        let sql = format!("SELECT value FROM settings WHERE name = $1{}", dialect::FOR_UPDATE);
        Ok(sqlx::query_scalar(AssertSqlSafe(sql)).bind(text(name)).fetch_one(self.connection()).await?)
    }

    async fn put_setting(&mut self, name: &str, value: &str) -> Result<(), StateError> {
        sqlx::query("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
            .bind(text(name))
            .bind(text(value))
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
