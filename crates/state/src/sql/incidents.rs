//! Incidents.

use async_trait::async_trait;
use crisislens_model::{HazardType, Incident, IncidentId, IncidentStatus, Timestamp};
use sqlx::{QueryBuilder, Row};

use super::chunks;
use super::dialect::rows;
use super::{Db, DbRow, EngineStore, EngineTx, read_some};
use crate::columns::{blob, count, from_json, micros, severity_rank, signed, to_json};
use crate::incidents::{Incidents, IncidentsTx, MAX_OPEN};
use crate::lock::Lock;
use crate::{Cursor, Page, StateError};

#[async_trait]
impl Incidents for EngineStore {
    async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StateError> {
        let document: Option<String> = sqlx::query_scalar("SELECT document FROM incidents WHERE id = $1")
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
        let conditions = |query: &mut QueryBuilder<Db>| {
            query.push(" FROM incidents WHERE true");
            if let Some(status) = status {
                query.push(" AND status = ").push_bind(status.as_str());
            }
            if let Some(hazard) = hazard {
                query.push(" AND hazard = ").push_bind(hazard.as_str());
            }
        };
        let mut counting = QueryBuilder::<Db>::new("SELECT count(*)");
        conditions(&mut counting);
        let total: i64 = counting.build_query_scalar().fetch_one(&self.readers).await?;
        let mut query = QueryBuilder::<Db>::new("SELECT document");
        conditions(&mut query);
        if let Some(cursor) = after {
            query.push(" AND (last_seen, id) < (").push_bind(micros(cursor.at));
            query.push(",").push_bind(blob(cursor.id)).push(")");
        }
        query.push(" ORDER BY last_seen DESC, id DESC LIMIT ").push_bind(signed(limit as u64 + 1));
        let read = |row: &DbRow| from_json::<Incident>("incident", row.try_get("document")?);
        let (incidents, has_more) = read_some(query.build().fetch(&self.readers), limit, read).await?;
        Ok(Page::of(incidents, has_more, count(total), |incident| Cursor {
            at: incident.last_seen,
            id: incident.id.0,
        }))
    }
}

#[async_trait]
impl IncidentsTx for EngineTx {
    async fn incidents_by_id(&mut self, ids: &[IncidentId]) -> Result<Vec<Incident>, StateError> {
        self.hold(Lock::Incidents).await?;
        let mut incidents = Vec::with_capacity(ids.len());
        for chunk in chunks(ids) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?
                .lookup(|among| format!("SELECT document FROM incidents WHERE id {among}"));
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
        self.hold(Lock::Incidents).await?;
        let mut query = QueryBuilder::<Db>::new(
            "SELECT document FROM incidents WHERE (status <> 'closed' OR merged = 1) AND last_seen >= ",
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
        for chunk in chunks(incidents) {
            let written = rows(chunk, |incident| {
                Ok([
                    blob(incident.id.0).into(),
                    incident.hazard.as_str().into(),
                    incident.status.as_str().into(),
                    incident.country.clone().into(),
                    severity_rank(incident.severity).into(),
                    micros(incident.last_seen).into(),
                    signed(incident.version).into(),
                    i64::from(incident.merged_into.is_some()).into(),
                    to_json("incident", incident)?.into(),
                ])
            })?;
            let query = written.query(|rows| {
                format!(
                    "INSERT INTO incidents (id, hazard, status, country, severity, last_seen, version, merged, document) \
                     {rows} ON CONFLICT (id) DO UPDATE SET hazard = excluded.hazard, status = excluded.status, \
                     country = excluded.country, severity = excluded.severity, last_seen = excluded.last_seen, \
                     version = excluded.version, merged = excluded.merged, document = excluded.document"
                )
            });
            query.execute(self.connection()).await?;
        }
        Ok(())
    }
}
