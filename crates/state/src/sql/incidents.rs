//! Incidents.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use crisislens_model::incident::Voices;
use crisislens_model::{Incident, IncidentId, Item, ItemId, JoinedItem, SourceKind, Timestamp};
use sqlx::{AssertSqlSafe, QueryBuilder, Row};

use super::chunks;
use super::dialect::{FOR_UPDATE, HEX, rows};
use super::filter::push_exercise;
use super::items::{COLUMNS, read_item};
use super::{Db, DbRow, EngineStore, EngineTx, read_some};
use crate::columns::{
    blob, count, from_json, instant, micros, severity_of, severity_rank, signed, to_json, uuid,
};
use crate::incidents::{
    Figures, IncidentFilter, IncidentIndex, Incidents, IncidentsTx, MAX_KEY_INCIDENTS, size,
};
use crate::lock::Lock;
use crate::{Cursor, Page, StateError};

type Connection = <Db as sqlx::Database>::Connection;

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
        filter: &IncidentFilter,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<Incident>, StateError> {
        let conditions = |query: &mut QueryBuilder<Db>| {
            query.push(" FROM incidents WHERE merged_into IS NULL");
            if let Some(status) = filter.status {
                query.push(" AND status = ").push_bind(status.as_str());
            }
            if let Some(hazard) = filter.hazard {
                query.push(" AND hazard = ").push_bind(hazard.as_str());
            }
            push_exercise(query, filter.exercise, filter.exercise_id);
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

    async fn incidents_of_keys(&self, keys: &[u64]) -> Result<Vec<Incident>, StateError> {
        under_keys(&mut *self.readers.acquire().await?, keys, &[]).await
    }

    async fn incidents_left_by(&self, item: ItemId) -> Result<Vec<IncidentId>, StateError> {
        let rows = sqlx::query("SELECT incident FROM parted_items WHERE item = $1 ORDER BY incident")
            .bind(blob(item.0))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| Ok(IncidentId(uuid(row.try_get(0)?)?))).collect()
    }
}

/// The largest incidents of each of the keys in `rows`: a range of the key, which ends at the limit.
fn largest(rows: &str) -> String {
    let [before, behind] = HEX;
    format!(
        "WITH asked (key) AS ({rows}) SELECT (SELECT string_agg({before}f.incident{behind}, ',') FROM \
         (SELECT k.incident FROM incident_keys k WHERE k.key = asked.key \
         ORDER BY k.size DESC, k.incident DESC LIMIT {MAX_KEY_INCIDENTS}) f) FROM asked"
    )
}

/// What [`largest`] answers.
fn listed(rows: Vec<DbRow>) -> Result<Vec<IncidentId>, StateError> {
    let mut ids = Vec::new();
    for row in rows {
        let Some(of_key) = row.try_get::<Option<&str>, _>(0)? else { continue };
        for id in of_key.split(',') {
            let id = uuid::Uuid::try_parse(id).map_err(|error| StateError::Damaged {
                what: "id of an incident",
                reason: error.to_string(),
            })?;
            ids.push(IncidentId(id));
        }
    }
    Ok(ids)
}

/// Those with `ids` and the largest of each key: those that stand first, then the last seen first.
async fn under_keys(
    connection: &mut Connection,
    keys: &[u64],
    ids: &[IncidentId],
) -> Result<Vec<Incident>, StateError> {
    let keys: BTreeSet<u64> = keys.iter().copied().collect();
    let mut all: BTreeSet<IncidentId> = ids.iter().copied().collect();
    for chunk in chunks(&keys.into_iter().collect::<Vec<u64>>()) {
        let query = rows(chunk, |key| Ok([key.cast_signed().into()]))?.query(largest);
        all.extend(listed(query.fetch_all(&mut *connection).await?)?);
    }
    let mut found = read_incidents(connection, &all.into_iter().collect::<Vec<IncidentId>>()).await?;
    found.sort_by_key(|incident| (incident.merged_into.is_some(), Reverse(incident.last_seen), incident.id));
    Ok(found)
}

async fn read_incidents(
    connection: &mut Connection,
    ids: &[IncidentId],
) -> Result<Vec<Incident>, StateError> {
    let mut incidents = Vec::with_capacity(ids.len());
    for chunk in chunks(ids) {
        let query = rows(chunk, |id| Ok([blob(id.0).into()]))?
            .lookup(|among| format!("SELECT document FROM incidents WHERE id {among}"));
        for row in query.fetch_all(&mut *connection).await? {
            incidents.push(from_json("incident", row.try_get(0)?)?);
        }
    }
    Ok(incidents)
}

#[async_trait]
impl IncidentsTx for EngineTx {
    async fn incidents_by_id(&mut self, ids: &[IncidentId]) -> Result<Vec<Incident>, StateError> {
        self.hold(Lock::Incidents).await?;
        read_incidents(self.connection(), ids).await
    }

    async fn find_incidents(&mut self, keys: &[u64]) -> Result<Vec<Incident>, StateError> {
        self.hold(Lock::Incidents).await?;
        self.glance_at_incidents(keys, &[]).await
    }

    async fn glance_at_incidents(
        &mut self,
        keys: &[u64],
        ids: &[IncidentId],
    ) -> Result<Vec<Incident>, StateError> {
        under_keys(self.connection(), keys, ids).await
    }

    async fn due_incidents(&mut self, now: Timestamp, limit: usize) -> Result<Vec<Incident>, StateError> {
        self.hold(Lock::Incidents).await?;
        let found =
            sqlx::query("SELECT document FROM incidents WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2")
                .bind(micros(now))
                .bind(signed(limit as u64))
                .fetch_all(self.connection())
                .await?;
        found.iter().map(|row| from_json("incident", row.try_get(0)?)).collect()
    }

    async fn index_incidents(&mut self, indexed: &[IncidentIndex]) -> Result<(), StateError> {
        let mut kept: Vec<(u64, u64, IncidentId)> = Vec::new();
        for chunk in chunks(indexed) {
            let query = rows(chunk, |one| Ok([blob(one.id.0).into()]))?
                .lookup(|among| format!("DELETE FROM incident_keys WHERE incident {among}"));
            query.execute(self.connection()).await?;
            let due = rows(chunk, |one| Ok([blob(one.id.0).into(), one.due.map(micros).into()]))?;
            let query = due.query(|rows| {
                format!(
                    "WITH looked (id, due_at) AS ({rows}) UPDATE incidents SET due_at = looked.due_at FROM looked \
                     WHERE incidents.id = looked.id"
                )
            });
            query.execute(self.connection()).await?;
            let query = rows(chunk, |one| Ok([blob(one.id.0).into()]))?
                .lookup(|among| format!("SELECT id, item_count FROM incidents WHERE id {among}"));
            let mut sizes: HashMap<uuid::Uuid, u64> = HashMap::with_capacity(chunk.len());
            for row in query.fetch_all(self.connection()).await? {
                sizes.insert(uuid(row.try_get(0)?)?, size(count(row.try_get(1)?)));
            }
            for one in chunk {
                let size = sizes.get(&one.id.0).copied().unwrap_or_default();
                kept.extend(one.keys.iter().map(|key| (*key, size, one.id)));
            }
        }
        kept.sort_unstable_by_key(|(key, size, id)| (key.cast_signed(), *size, *id));
        for chunk in chunks(&kept) {
            let query = rows(chunk, |(key, size, id)| {
                Ok([key.cast_signed().into(), signed(*size).into(), blob(id.0).into()])
            })?
            .query(|rows| {
                format!("INSERT INTO incident_keys (key, size, incident) {rows} ON CONFLICT DO NOTHING")
            });
            query.execute(self.connection()).await?;
        }
        Ok(())
    }

    async fn hold_items_of(&mut self, incidents: &[IncidentId]) -> Result<(), StateError> {
        for chunk in chunks(incidents) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?.lookup(|among| {
                format!("SELECT id FROM items WHERE incident_id {among} ORDER BY id{FOR_UPDATE}")
            });
            query.fetch_all(self.connection()).await?;
        }
        Ok(())
    }

    async fn items_of_incident(
        &mut self,
        id: IncidentId,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Vec<Item>, StateError> {
        let mut query = QueryBuilder::<Db>::new(format!(
            "SELECT {COLUMNS} FROM items i JOIN item_documents d USING (seq) WHERE i.incident_id = "
        ));
        query.push_bind(blob(id.0));
        if let Some(cursor) = after {
            // The first condition alone is a range of the index.
            query.push(" AND i.said_at >= ").push_bind(micros(cursor.at));
            query.push(" AND (i.said_at, i.id) > (").push_bind(micros(cursor.at));
            query.push(",").push_bind(blob(cursor.id)).push(")");
        }
        query.push(" ORDER BY i.said_at, i.id LIMIT ").push_bind(signed(limit as u64));
        let found = query.build().fetch_all(self.connection()).await?;
        found.iter().map(read_item).collect()
    }

    async fn figures_of_incident(&mut self, id: IncidentId) -> Result<Option<Figures>, StateError> {
        let of = |kind: SourceKind| {
            // Quotation marks of a text stand behind a backslash, so that this is never one.
            format!("count(*) FILTER (WHERE d.document LIKE '%\"source_kind\":\"{}\"%')", kind.as_str())
        };
        let [official, media, social] = [SourceKind::Official, SourceKind::Media, SourceKind::Social].map(of);
        let sql = format!(
            "SELECT min(i.said_at), max(i.said_at), max(i.severity), max(i.risk), {official}, {media}, {social} \
             FROM items i JOIN item_documents d USING (seq) WHERE i.incident_id = $1"
        );
        let row = sqlx::query(AssertSqlSafe(sql)).bind(blob(id.0)).fetch_one(self.connection()).await?;
        let Some(first_seen) = row.try_get::<Option<i64>, _>(0)? else { return Ok(None) };
        Ok(Some(Figures {
            first_seen: instant(first_seen)?,
            last_seen: instant(row.try_get(1)?)?,
            severity: severity_of(row.try_get(2)?),
            risk_score: row.try_get(3)?,
            voices: Voices {
                official: count(row.try_get(4)?),
                media: count(row.try_get(5)?),
                social: count(row.try_get(6)?),
            },
        }))
    }

    async fn copies_of_incident(&mut self, id: IncidentId) -> Result<u64, StateError> {
        let sql = "SELECT count(*) FROM items o JOIN items c ON c.counts_for = o.id WHERE o.incident_id = $1";
        let copies: i64 = sqlx::query_scalar(sql).bind(blob(id.0)).fetch_one(self.connection()).await?;
        Ok(count(copies))
    }

    async fn copies_of_items(&mut self, ids: &[ItemId]) -> Result<HashMap<ItemId, u64>, StateError> {
        let mut copies = HashMap::new();
        for chunk in chunks(ids) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?.lookup(|among| {
                format!("SELECT counts_for, count(*) FROM items WHERE counts_for {among} GROUP BY counts_for")
            });
            for row in query.fetch_all(self.connection()).await? {
                copies.insert(ItemId(uuid(row.try_get(0)?)?), count(row.try_get(1)?));
            }
        }
        Ok(copies)
    }

    async fn count_copies(&mut self, copies: &[(ItemId, Option<ItemId>)]) -> Result<(), StateError> {
        for chunk in chunks(copies) {
            let query = rows(chunk, |(copy, original)| {
                Ok([blob(copy.0).into(), original.map(|id| blob(id.0)).into()])
            })?
            .query(|rows| {
                format!(
                    "WITH counted (id, counts_for) AS ({rows}) UPDATE items SET counts_for = counted.counts_for \
                     FROM counted WHERE items.id = counted.id"
                )
            });
            query.execute(self.connection()).await?;
        }
        Ok(())
    }

    async fn sources_of_incident(&mut self, id: IncidentId) -> Result<BTreeMap<String, u64>, StateError> {
        let counted =
            sqlx::query("SELECT source, count(*) FROM items WHERE incident_id = $1 GROUP BY source")
                .bind(blob(id.0))
                .fetch_all(self.connection())
                .await?;
        counted.iter().map(|row| Ok((row.try_get(0)?, count(row.try_get(1)?)))).collect()
    }

    async fn move_items(
        &mut self,
        from: IncidentId,
        into: IncidentId,
    ) -> Result<Vec<JoinedItem>, StateError> {
        let moved = sqlx::query(
            "UPDATE items SET incident_id = $1, version = version + 1 WHERE incident_id = $2 RETURNING id, version",
        )
        .bind(blob(into.0))
        .bind(blob(from.0))
        .fetch_all(self.connection())
        .await?;
        joined(&moved)
    }

    async fn leave_incident(&mut self, items: &[ItemId]) -> Result<Vec<JoinedItem>, StateError> {
        let mut left = Vec::with_capacity(items.len());
        for chunk in chunks(items) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?.lookup(|among| {
                format!(
                    "UPDATE items SET incident_id = NULL, version = version + 1 WHERE id {among} RETURNING id, version"
                )
            });
            left.extend(query.fetch_all(self.connection()).await?);
        }
        joined(&left)
    }

    async fn part_items(&mut self, parted: &[(ItemId, IncidentId)]) -> Result<(), StateError> {
        for chunk in chunks(parted) {
            let query = rows(chunk, |(item, incident)| Ok([blob(item.0).into(), blob(incident.0).into()]))?
                .query(|rows| {
                    format!("INSERT INTO parted_items (item, incident) {rows} ON CONFLICT DO NOTHING")
                });
            query.execute(self.connection()).await?;
        }
        Ok(())
    }

    async fn unpart_items(&mut self, items: &[ItemId], incident: IncidentId) -> Result<(), StateError> {
        for chunk in chunks(items) {
            let query = rows(chunk, |id| Ok([blob(id.0).into(), blob(incident.0).into()]))?
                .query(|rows| format!("DELETE FROM parted_items WHERE (item, incident) IN ({rows})"));
            query.execute(self.connection()).await?;
        }
        Ok(())
    }

    async fn parted_from(&mut self, items: &[ItemId]) -> Result<Vec<(ItemId, IncidentId)>, StateError> {
        let mut parted = Vec::new();
        for chunk in chunks(items) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?
                .lookup(|among| format!("SELECT item, incident FROM parted_items WHERE item {among}"));
            for row in query.fetch_all(self.connection()).await? {
                parted.push((ItemId(uuid(row.try_get(0)?)?), IncidentId(uuid(row.try_get(1)?)?)));
            }
        }
        parted.sort_unstable();
        Ok(parted)
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
                    signed(incident.item_count).into(),
                    incident.merged_into.map(|id| blob(id.0)).into(),
                    i64::from(incident.exercise).into(),
                    incident.exercise_id.map(|id| blob(id.0)).into(),
                    signed(incident.version).into(),
                    to_json("incident", incident)?.into(),
                ])
            })?;
            let query = written.query(|rows| {
                format!(
                    "INSERT INTO incidents (id, hazard, status, country, severity, last_seen, item_count, merged_into, exercise, \
                     exercise_id, version, document) {rows} ON CONFLICT (id) DO UPDATE SET hazard = excluded.hazard, status = excluded.status, \
                     country = excluded.country, severity = excluded.severity, last_seen = excluded.last_seen, \
                     item_count = excluded.item_count, merged_into = excluded.merged_into, \
                     exercise = excluded.exercise, exercise_id = excluded.exercise_id, version = excluded.version, document = excluded.document"
                )
            });
            query.execute(self.connection()).await?;
            let sized = rows(chunk, |one| Ok([blob(one.id.0).into(), signed(size(one.item_count)).into()]))?;
            let query = sized.query(|rows| {
                format!(
                    "WITH sized (id, size) AS ({rows}) UPDATE incident_keys SET size = sized.size FROM sized \
                     WHERE incident_keys.incident = sized.id AND incident_keys.size <> sized.size"
                )
            });
            query.execute(self.connection()).await?;
        }
        Ok(())
    }

    async fn note_stale(&mut self, incidents: &[IncidentId], now: Timestamp) -> Result<(), StateError> {
        for chunk in chunks(incidents) {
            let query = rows(chunk, |id| Ok([blob(id.0).into(), micros(now).into()]))?.query(|rows| {
                format!("INSERT INTO stale_incidents (incident, asked_at) {rows} ON CONFLICT DO NOTHING")
            });
            query.execute(self.connection()).await?;
        }
        Ok(())
    }

    async fn next_stale(&mut self) -> Result<Option<IncidentId>, StateError> {
        self.hold(Lock::Incidents).await?;
        let sql = "SELECT s.incident, i.id FROM stale_incidents s LEFT JOIN incidents i ON i.id = s.incident \
                   ORDER BY s.asked_at, s.incident LIMIT 1";
        loop {
            let Some(row) = sqlx::query(sql).fetch_optional(self.connection()).await? else {
                return Ok(None);
            };
            let id = IncidentId(uuid(row.try_get(0)?)?);
            if row.try_get::<Option<&[u8]>, _>(1)?.is_some() {
                return Ok(Some(id));
            }
            self.drop_stale(&[id]).await?;
        }
    }

    async fn drop_stale(&mut self, incidents: &[IncidentId]) -> Result<(), StateError> {
        for chunk in chunks(incidents) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?
                .lookup(|among| format!("DELETE FROM stale_incidents WHERE incident {among}"));
            query.execute(self.connection()).await?;
        }
        Ok(())
    }
}

/// Items with their versions, by rising id.
fn joined(rows: &[DbRow]) -> Result<Vec<JoinedItem>, StateError> {
    let read = |row: &DbRow| {
        Ok::<_, StateError>(JoinedItem {
            id: ItemId(uuid(row.try_get(0)?)?),
            version: count(row.try_get(1)?),
        })
    };
    let mut joined = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    joined.sort_unstable_by_key(|item| item.id);
    Ok(joined)
}
