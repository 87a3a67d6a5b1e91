//! Incidents on SQLite.

use async_trait::async_trait;
use crisislens_model::{HazardType, Incident, IncidentId, IncidentStatus, Timestamp};
use sqlx::{AssertSqlSafe, QueryBuilder, Row, Sqlite};

use super::bulk::{chunks, placeholders};
use super::rows::{blob, count, from_json, micros, severity_rank, signed, to_json};
use super::{SqliteStore, SqliteTx};
use crate::incidents::{Incidents, IncidentsTx, MAX_OPEN};
use crate::{Cursor, Page, StateError};

#[async_trait]
impl Incidents for SqliteStore {
    async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StateError> {
        let document: Option<String> = sqlx::query_scalar("SELECT document FROM incidents WHERE id = ?")
            .bind(blob(id.0))
            .fetch_optional(&self.readers)
            .await?;
        document.map(|text| from_json("incident", &text)).transpose()
    }

    async fn list_incidents(
        &self,
        status: Option<IncidentStatus>,
        hazard: Option<HazardType>,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<Incident>, StateError> {
        let conditions = |query: &mut QueryBuilder<Sqlite>| {
            query.push(" FROM incidents WHERE 1");
            if let Some(status) = status {
                query.push(" AND status = ").push_bind(status.as_str());
            }
            if let Some(hazard) = hazard {
                query.push(" AND hazard = ").push_bind(hazard.as_str());
            }
        };
        let mut counting = QueryBuilder::<Sqlite>::new("SELECT count(*)");
        conditions(&mut counting);
        let total: i64 = counting.build_query_scalar().fetch_one(&self.readers).await?;
        let mut query = QueryBuilder::<Sqlite>::new("SELECT document");
        conditions(&mut query);
        if let Some(cursor) = after {
            query.push(" AND (last_seen, id) < (").push_bind(micros(cursor.at));
            query.push(",").push_bind(blob(cursor.id)).push(")");
        }
        query.push(" ORDER BY last_seen DESC, id DESC LIMIT ").push_bind(signed(limit as u64 + 1));
        let rows = query.build().fetch_all(&self.readers).await?;
        let incidents = rows
            .iter()
            .map(|row| from_json("incident", row.try_get(0)?))
            .collect::<Result<Vec<Incident>, _>>()?;
        Ok(Page::cut(incidents, limit, count(total), |incident| Cursor {
            at: incident.last_seen,
            id: incident.id.0,
        }))
    }
}

#[async_trait]
impl IncidentsTx for SqliteTx {
    async fn incidents_by_id(&mut self, ids: &[IncidentId]) -> Result<Vec<Incident>, StateError> {
        let mut incidents = Vec::with_capacity(ids.len());
        for chunk in chunks(ids) {
            let sql = format!("SELECT document FROM incidents WHERE id IN {}", placeholders(1, chunk.len()));
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for id in chunk {
                query = query.bind(blob(id.0));
            }
            for row in query.fetch_all(self.connection()).await? {
                incidents.push(from_json("incident", row.try_get(0)?)?);
            }
        }
        Ok(incidents)
    }

    async fn open_incidents(
        &mut self,
        hazards: &[HazardType],
        since: Timestamp,
    ) -> Result<Vec<Incident>, StateError> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT document FROM incidents WHERE status <> 'closed' AND last_seen >= ",
        );
        query.push_bind(micros(since)).push(" AND hazard IN (");
        let mut list = query.separated(",");
        for hazard in hazards {
            list.push_bind(hazard.as_str());
        }
        list.push_unseparated(") ORDER BY last_seen DESC, id LIMIT ");
        query.push_bind(signed(MAX_OPEN as u64));
        let rows = query.build().fetch_all(self.connection()).await?;
        rows.iter().map(|row| from_json("incident", row.try_get(0)?)).collect()
    }

    async fn put_incidents(&mut self, incidents: &[Incident]) -> Result<(), StateError> {
        for incident in incidents {
            sqlx::query(
                "INSERT INTO incidents (id, hazard, status, country, severity, last_seen, version, document) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET hazard = excluded.hazard, \
                 status = excluded.status, country = excluded.country, severity = excluded.severity, \
                 last_seen = excluded.last_seen, version = excluded.version, document = excluded.document",
            )
            .bind(blob(incident.id.0))
            .bind(incident.hazard.as_str())
            .bind(incident.status.as_str())
            .bind(incident.country.clone())
            .bind(severity_rank(incident.severity))
            .bind(micros(incident.last_seen))
            .bind(signed(incident.version))
            .bind(to_json("incident", incident)?)
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }
}
