//! Items on SQLite.

use std::collections::HashMap;

use async_trait::async_trait;
use crisislens_model::{IncidentId, Item, ItemFilter, ItemId, ItemStatus, JoinedItem, UserId};
use serde_json::value::RawValue;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, QueryBuilder, Row, Sqlite};

use super::bulk::{chunks, placeholders};
use super::filter::push_where;
use super::rows::{blob, count, from_json, micros, severity_rank, signed, to_json, uuid};
use super::{SqliteStore, SqliteTx};
use crate::items::{Facets, GridCell, ItemEdit, ItemRow, Items, ItemsTx, KnownItem};
use crate::{Cursor, Page, StateError};

/// The columns that [`read_item`] needs; they win over what the document says.
const COLUMNS: &str = "i.id, i.status, i.incident_id, i.assignee, i.version, d.document";

#[async_trait]
impl Items for SqliteStore {
    async fn item(&self, id: ItemId) -> Result<Option<Item>, StateError> {
        let sql = "SELECT i.id, i.status, i.incident_id, i.assignee, i.version, d.document, d.raw_data \
                   FROM items i JOIN item_documents d USING (seq) WHERE i.id = ?";
        let Some(row) = sqlx::query(sql).bind(blob(id.0)).fetch_optional(&self.readers).await? else {
            return Ok(None);
        };
        let mut item = read_item(&row)?;
        item.raw_data = match row.try_get::<Option<String>, _>("raw_data")? {
            Some(text) => Some(from_json::<Box<RawValue>>("raw record", &text)?),
            None => None,
        };
        Ok(Some(item))
    }

    async fn items_by_id(&self, ids: &[ItemId]) -> Result<Vec<Item>, StateError> {
        let mut found = HashMap::with_capacity(ids.len());
        for chunk in chunks(ids) {
            let sql = format!(
                "SELECT {COLUMNS} FROM items i JOIN item_documents d USING (seq) WHERE i.id IN {}",
                placeholders(1, chunk.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for id in chunk {
                query = query.bind(blob(id.0));
            }
            for row in query.fetch_all(&self.readers).await? {
                let item = read_item(&row)?;
                found.insert(item.id, item);
            }
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    async fn items_after(&self, after: Option<ItemId>, limit: usize) -> Result<Vec<Item>, StateError> {
        let mut query = QueryBuilder::<Sqlite>::new(format!(
            "SELECT {COLUMNS} FROM items i JOIN item_documents d USING (seq)"
        ));
        if let Some(id) = after {
            query.push(" WHERE i.id > ").push_bind(blob(id.0));
        }
        query.push(" ORDER BY i.id LIMIT ").push_bind(signed(limit as u64));
        let rows = query.build().fetch_all(&self.readers).await?;
        rows.iter().map(read_item).collect()
    }

    async fn item_count(&self) -> Result<u64, StateError> {
        let items: i64 = sqlx::query_scalar("SELECT count(*) FROM items").fetch_one(&self.readers).await?;
        Ok(count(items))
    }

    async fn list_items(
        &self,
        filter: &ItemFilter,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<Item>, StateError> {
        let mut counting = QueryBuilder::<Sqlite>::new("SELECT count(*) FROM items");
        push_where(&mut counting, filter);
        let total: i64 = counting.build_query_scalar().fetch_one(&self.readers).await?;

        // The page is found in the narrow table first, so that sorting never touches a document.
        let mut query = QueryBuilder::<Sqlite>::new(format!(
            "SELECT {COLUMNS} FROM (SELECT seq, id, status, incident_id, assignee, version, said_at FROM items"
        ));
        push_where(&mut query, filter);
        if let Some(cursor) = after {
            query.push(" AND (said_at, id) < (").push_bind(micros(cursor.at));
            query.push(",").push_bind(blob(cursor.id)).push(")");
        }
        query.push(" ORDER BY said_at DESC, id DESC LIMIT ").push_bind(signed(limit as u64 + 1));
        query.push(") i JOIN item_documents d USING (seq) ORDER BY i.said_at DESC, i.id DESC");
        let rows = query.build().fetch_all(&self.readers).await?;
        let items = rows.iter().map(read_item).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(items, limit, count(total), |item| Cursor { at: item.timestamp, id: item.id.0 }))
    }

    async fn facets(&self, filter: &ItemFilter) -> Result<Facets, StateError> {
        let mut facets = Facets::new();
        for column in ["source", "hazard", "country", "status", "severity"] {
            let mut query = QueryBuilder::<Sqlite>::new(format!("SELECT {column}, count(*) FROM items"));
            push_where(&mut query, filter);
            query.push(format!(" AND {column} IS NOT NULL GROUP BY {column}"));
            let counts = facets.entry(column.to_owned()).or_default();
            for row in query.build().fetch_all(&self.readers).await? {
                let value = if column == "severity" {
                    super::rows::severity_of(row.try_get(0)?).as_str().to_owned()
                } else {
                    row.try_get(0)?
                };
                counts.insert(value, count(row.try_get(1)?));
            }
        }
        Ok(facets)
    }

    async fn grid(&self, filter: &ItemFilter, cell: f64, limit: usize) -> Result<Vec<GridCell>, StateError> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT CAST((lat + 90) / ");
        query.push_bind(cell).push(" AS INTEGER) AS y, CAST((lon + 180) / ").push_bind(cell);
        query.push(" AS INTEGER) AS x, hazard, count(*), avg(lat), avg(lon), max(severity) FROM items");
        push_where(&mut query, filter);
        query.push(" AND lat IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 4 DESC, 3");
        let mut cells: HashMap<(i64, i64), GridCell> = HashMap::new();
        for row in query.build().fetch_all(&self.readers).await? {
            let part = read_cell_part(&row)?;
            // The parts come largest first, so the first one names the cell's hazard.
            cells
                .entry((row.try_get(0)?, row.try_get(1)?))
                .and_modify(|cell| merge_cell(cell, &part))
                .or_insert(part);
        }
        let mut cells: Vec<GridCell> = cells.into_values().collect();
        cells.sort_by(|a, b| {
            b.count.cmp(&a.count).then(a.lat.total_cmp(&b.lat)).then(a.lon.total_cmp(&b.lon))
        });
        cells.truncate(limit);
        Ok(cells)
    }
}

fn read_cell_part(row: &SqliteRow) -> Result<GridCell, StateError> {
    let hazard: String = row.try_get(2)?;
    Ok(GridCell {
        hazard: crisislens_model::HazardType::parse(&hazard).unwrap_or_default(),
        count: count(row.try_get(3)?),
        lat: row.try_get(4)?,
        lon: row.try_get(5)?,
        severity: super::rows::severity_of(row.try_get(6)?),
    })
}

fn merge_cell(cell: &mut GridCell, part: &GridCell) {
    let sum = cell.count + part.count;
    let share = part.count as f64 / sum as f64;
    cell.lat += (part.lat - cell.lat) * share;
    cell.lon += (part.lon - cell.lon) * share;
    cell.severity = cell.severity.max(part.severity);
    cell.count = sum;
}

fn read_item(row: &SqliteRow) -> Result<Item, StateError> {
    let mut item: Item = from_json("item", row.try_get("document")?)?;
    item.status = ItemStatus::parse(row.try_get("status")?).unwrap_or_default();
    item.incident_id = optional_id(row, "incident_id")?.map(IncidentId);
    item.assignee = optional_id(row, "assignee")?.map(UserId);
    item.version = count(row.try_get("version")?);
    Ok(item)
}

fn optional_id(row: &SqliteRow, column: &str) -> Result<Option<uuid::Uuid>, StateError> {
    row.try_get::<Option<Vec<u8>>, _>(column)?.as_deref().map(uuid).transpose()
}

#[async_trait]
impl ItemsTx for SqliteTx {
    async fn known_items(&mut self, ids: &[ItemId]) -> Result<HashMap<ItemId, KnownItem>, StateError> {
        let mut known = HashMap::new();
        for chunk in chunks(ids) {
            let sql = format!(
                "SELECT i.id, i.content_hash, i.revision, i.version, i.status, i.assignee, i.incident_id, \
                 i.duplicate_of, d.document ->> '$.tags' AS tags, d.document ->> '$.source_kind' AS source_kind, \
                 coalesce(d.document ->> '$.exercise', 0) AS exercise \
                 FROM items i JOIN item_documents d USING (seq) WHERE i.id IN {}",
                placeholders(1, chunk.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for id in chunk {
                query = query.bind(blob(id.0));
            }
            for row in query.fetch_all(self.connection()).await? {
                let id = ItemId(uuid(row.try_get::<&[u8], _>("id")?)?);
                known.insert(id, read_known(&row)?);
            }
        }
        Ok(known)
    }

    async fn originals(
        &mut self,
        fingerprints: &[(String, u64)],
    ) -> Result<HashMap<(String, u64), ItemId>, StateError> {
        let mut originals = HashMap::new();
        for chunk in chunks(fingerprints) {
            // The plus sign keeps SQLite from sorting by rowid instead of seeking by fingerprint.
            let sql = format!(
                "SELECT source, fingerprint, id FROM items WHERE fingerprint IN {} \
                 AND duplicate_of IS NULL ORDER BY +seq DESC",
                placeholders(1, chunk.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for (_, fingerprint) in chunk {
                query = query.bind(fingerprint.cast_signed());
            }
            for row in query.fetch_all(self.connection()).await? {
                let fingerprint = row.try_get::<i64, _>(1)?.cast_unsigned();
                originals.insert((row.try_get(0)?, fingerprint), ItemId(uuid(row.try_get::<&[u8], _>(2)?)?));
            }
        }
        Ok(originals)
    }

    async fn put_items(&mut self, rows: Vec<ItemRow>) -> Result<(), StateError> {
        for chunk in chunks(&rows) {
            put_items(self.connection(), chunk).await?;
        }
        Ok(())
    }

    async fn join_incident(&mut self, joins: &[(ItemId, IncidentId)]) -> Result<Vec<JoinedItem>, StateError> {
        let mut versions = HashMap::with_capacity(joins.len());
        for chunk in chunks(joins) {
            let sql = format!(
                "WITH joins (id, incident) AS (VALUES {}) UPDATE items SET incident_id = joins.incident, \
                 version = version + 1 FROM joins WHERE items.id = joins.id RETURNING items.id, items.version",
                placeholders(chunk.len(), 2)
            );
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for (item, incident) in chunk {
                query = query.bind(blob(item.0)).bind(blob(incident.0));
            }
            for row in query.fetch_all(self.connection()).await? {
                versions.insert(uuid(row.try_get::<&[u8], _>(0)?)?, count(row.try_get(1)?));
            }
        }
        Ok(joins
            .iter()
            .filter_map(|(id, _)| {
                versions.get(&id.0).map(|version| JoinedItem { id: *id, version: *version })
            })
            .collect())
    }

    async fn edit_item(
        &mut self,
        id: ItemId,
        version: u64,
        edit: &ItemEdit,
    ) -> Result<Option<Item>, StateError> {
        let sql = "SELECT i.seq, i.id, i.status, i.incident_id, i.assignee, i.version, d.document \
                   FROM items i JOIN item_documents d USING (seq) WHERE i.id = ?";
        let Some(row) = sqlx::query(sql).bind(blob(id.0)).fetch_optional(self.connection()).await? else {
            return Ok(None);
        };
        let mut item = read_item(&row)?;
        if item.version != version {
            return Err(StateError::VersionConflict { current: item.version });
        }
        item.status = edit.status.unwrap_or(item.status);
        item.tags = edit.tags.clone().unwrap_or(item.tags);
        item.version += 1;
        sqlx::query("UPDATE items SET status = ?, version = ? WHERE id = ?")
            .bind(item.status.as_str())
            .bind(signed(item.version))
            .bind(blob(id.0))
            .execute(self.connection())
            .await?;
        sqlx::query("UPDATE item_documents SET document = ? WHERE seq = ?")
            .bind(to_json("item", &item)?)
            .bind(row.try_get::<i64, _>("seq")?)
            .execute(self.connection())
            .await?;
        Ok(Some(item))
    }
}

fn read_known(row: &SqliteRow) -> Result<KnownItem, StateError> {
    let hash: &[u8] = row.try_get("content_hash")?;
    Ok(KnownItem {
        content_hash: hash.try_into().map_err(|_| StateError::Damaged {
            what: "content hash",
            reason: "is not 32 bytes".to_owned(),
        })?,
        revision: count(row.try_get("revision")?),
        version: count(row.try_get("version")?),
        status: ItemStatus::parse(row.try_get("status")?).unwrap_or_default(),
        assignee: optional_id(row, "assignee")?.map(UserId),
        tags: match row.try_get::<Option<String>, _>("tags")? {
            Some(text) => from_json("item", &text)?,
            None => Vec::new(),
        },
        incident_id: optional_id(row, "incident_id")?.map(IncidentId),
        duplicate_of: optional_id(row, "duplicate_of")?.map(ItemId),
        source_kind: from_json("item", &format!("\"{}\"", row.try_get::<String, _>("source_kind")?))?,
        exercise: row.try_get::<i64, _>("exercise")? != 0,
    })
}

async fn put_items(connection: &mut sqlx::SqliteConnection, rows: &[ItemRow]) -> Result<(), StateError> {
    let sql = format!(
        "INSERT INTO items (id, source, status, hazard, country, severity, lat, lon, risk, said_at, incident_id, \
         duplicate_of, assignee, fingerprint, content_hash, revision, version) VALUES {} ON CONFLICT (id) DO UPDATE SET \
         status = excluded.status, hazard = excluded.hazard, country = excluded.country, \
         severity = excluded.severity, lat = excluded.lat, lon = excluded.lon, risk = excluded.risk, \
         said_at = excluded.said_at, incident_id = excluded.incident_id, duplicate_of = excluded.duplicate_of, \
         assignee = excluded.assignee, fingerprint = excluded.fingerprint, content_hash = excluded.content_hash, \
         revision = excluded.revision, version = excluded.version RETURNING id, seq",
        placeholders(rows.len(), 17)
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for row in rows {
        let item = &row.item;
        let point = item.point();
        query = query
            .bind(blob(item.id.0))
            .bind(item.source.clone())
            .bind(item.status.as_str())
            .bind(item.hazard.kind.as_str())
            .bind(item.location.as_ref().and_then(|place| place.country.clone()))
            .bind(severity_rank(item.severity))
            .bind(point.map(|point| point.0))
            .bind(point.map(|point| point.1))
            .bind(item.risk_score)
            .bind(micros(item.timestamp))
            .bind(item.incident_id.map(|id| blob(id.0)))
            .bind(item.duplicate_of.map(|id| blob(id.0)))
            .bind(item.assignee.map(|id| blob(id.0)))
            .bind(row.fingerprint.map(u64::cast_signed))
            .bind(row.content_hash.to_vec())
            .bind(signed(item.revision))
            .bind(signed(item.version));
    }
    let mut seqs = HashMap::with_capacity(rows.len());
    for row in query.fetch_all(&mut *connection).await? {
        seqs.insert(uuid(row.try_get::<&[u8], _>(0)?)?, row.try_get::<i64, _>(1)?);
    }
    put_documents(connection, rows, &seqs).await
}

async fn put_documents(
    connection: &mut sqlx::SqliteConnection,
    rows: &[ItemRow],
    seqs: &HashMap<uuid::Uuid, i64>,
) -> Result<(), StateError> {
    let sql = format!(
        "INSERT INTO item_documents (seq, document, raw_data) VALUES {} ON CONFLICT (seq) DO UPDATE SET \
         document = excluded.document, raw_data = excluded.raw_data",
        placeholders(rows.len(), 3)
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for row in rows {
        let seq = seqs.get(&row.item.id.0).copied().ok_or_else(|| StateError::Damaged {
            what: "item",
            reason: format!("{} was written and has no row", row.item.id),
        })?;
        let mut item = row.item.clone();
        let raw_data = item.raw_data.take();
        query =
            query.bind(seq).bind(to_json("item", &item)?).bind(raw_data.map(|data| data.get().to_owned()));
    }
    query.execute(connection).await?;
    Ok(())
}
