//! Alerts.

use async_trait::async_trait;
use crisislens_model::{Alert, AlertId, IncidentId, Timestamp};
use sqlx::{QueryBuilder, Row};

use super::filter::push_exercise;
use super::{Db, EngineStore, EngineTx};
use crate::alerts::{AlertFilter, Alerts, AlertsTx};
use crate::columns::{blob, count, from_json, micros, severity_rank, signed, to_json};
use crate::lock::Lock;
use crate::{Cursor, Page, StateError};

/// Every revision of one alert.
const REVISIONS: &str = "SELECT document FROM alert_revisions WHERE id = $1 ORDER BY revision";

#[async_trait]
impl Alerts for EngineStore {
    async fn alert(&self, id: AlertId) -> Result<Option<Alert>, StateError> {
        let document: Option<String> = sqlx::query_scalar("SELECT document FROM alerts WHERE id = $1")
            .bind(blob(id.0))
            .fetch_optional(&self.readers)
            .await?;
        document.map(|text| from_json("alert", &text)).transpose()
    }

    async fn alert_revisions(&self, id: AlertId) -> Result<Vec<Alert>, StateError> {
        let rows = sqlx::query(REVISIONS).bind(blob(id.0)).fetch_all(&self.readers).await?;
        rows.iter().map(|row| from_json("alert", row.try_get(0)?)).collect()
    }

    async fn list_alerts(
        &self,
        filter: &AlertFilter,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<Alert>, StateError> {
        let conditions = |query: &mut QueryBuilder<Db>| {
            query.push(" FROM alerts WHERE true");
            push_exercise(query, filter.exercise, filter.exercise_id);
        };
        let mut counting = QueryBuilder::<Db>::new("SELECT count(*)");
        conditions(&mut counting);
        let total: i64 = counting.build_query_scalar().fetch_one(&self.readers).await?;
        let mut query = QueryBuilder::<Db>::new("SELECT document");
        conditions(&mut query);
        if let Some(cursor) = after {
            query.push(" AND (effective, id) < (").push_bind(micros(cursor.at));
            query.push(",").push_bind(blob(cursor.id)).push(")");
        }
        query.push(" ORDER BY effective DESC, id DESC LIMIT ").push_bind(signed(limit as u64 + 1));
        let rows = query.build().fetch_all(&self.readers).await?;
        let alerts =
            rows.iter().map(|row| from_json("alert", row.try_get(0)?)).collect::<Result<Vec<Alert>, _>>()?;
        Ok(Page::cut(alerts, limit, count(total), |alert| Cursor { at: alert.effective, id: alert.id.0 }))
    }
}

#[async_trait]
impl AlertsTx for EngineTx {
    async fn alert_of(&mut self, incident: IncidentId) -> Result<Option<Alert>, StateError> {
        self.hold(Lock::Incidents).await?;
        let document: Option<String> =
            sqlx::query_scalar("SELECT document FROM alerts WHERE incident_id = $1")
                .bind(blob(incident.0))
                .fetch_optional(self.connection())
                .await?;
        document.map(|text| from_json("alert", &text)).transpose()
    }

    async fn revisions_of_alert(&mut self, id: AlertId) -> Result<Vec<Alert>, StateError> {
        let rows = sqlx::query(REVISIONS).bind(blob(id.0)).fetch_all(self.connection()).await?;
        rows.iter().map(|row| from_json("alert", row.try_get(0)?)).collect()
    }

    async fn alerts_since(&mut self, since: Timestamp, limit: usize) -> Result<Vec<Alert>, StateError> {
        let rows = sqlx::query(
            "SELECT document FROM alerts WHERE effective >= $1 ORDER BY effective DESC, id DESC LIMIT $2",
        )
        .bind(micros(since))
        .bind(signed(limit as u64))
        .fetch_all(self.connection())
        .await?;
        rows.iter().map(|row| from_json("alert", row.try_get(0)?)).collect()
    }

    async fn put_alert(&mut self, alert: &Alert) -> Result<(), StateError> {
        let document = to_json("alert", alert)?;
        sqlx::query(
            "INSERT INTO alert_revisions (id, revision, document) VALUES ($1, $2, $3) \
             ON CONFLICT (id, revision) DO UPDATE SET document = excluded.document",
        )
        .bind(blob(alert.id.0))
        .bind(signed(alert.revision))
        .bind(document.clone())
        .execute(self.connection())
        .await?;
        sqlx::query(
            "INSERT INTO alerts (id, incident_id, severity, effective, revision, document, exercise, exercise_id) \
             VALUES ($1, $2, $3, $4, $5, $6, coalesce((SELECT exercise FROM incidents WHERE id = $2), 0), \
             (SELECT exercise_id FROM incidents WHERE id = $2)) \
             ON CONFLICT (id) DO UPDATE SET incident_id = excluded.incident_id, severity = excluded.severity, effective = excluded.effective, \
             revision = excluded.revision, document = excluded.document, exercise = excluded.exercise, \
             exercise_id = excluded.exercise_id",
        )
        .bind(blob(alert.id.0))
        .bind(blob(alert.incident_id.0))
        .bind(severity_rank(alert.severity))
        .bind(micros(alert.effective))
        .bind(signed(alert.revision))
        .bind(document)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
