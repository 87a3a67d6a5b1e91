//! Items.

use std::collections::HashMap;

use async_trait::async_trait;
use crisislens_model::{IncidentId, Item, ItemFilter, ItemId, ItemStatus, JoinedItem, UserId};
use serde_json::value::RawValue;
use sqlx::{AssertSqlSafe, QueryBuilder, Row};

use super::chunks;
use super::dialect::{FOR_UPDATE, TRUNCATE, rows};
use super::filter::push_where;
use super::known::{self, optional_id};
use super::{Db, DbRow, EngineStore, EngineTx, READ_BYTES, read_some, written};
use crate::columns::{blob, count, from_json, micros, severity_of, severity_rank, signed, to_json, uuid};
use crate::items::{Facets, Found, GridCell, ItemEdit, ItemRow, Items, ItemsTx, KnownItem};
use crate::lock::Lock;
use crate::verification::Verification as _;
use crate::{Cursor, Page, StateError};

/// The columns that [`read_item`] needs; they win over what the document says.
pub(super) const COLUMNS: &str = "i.id, i.status, i.incident_id, i.assignee, i.version, d.document";

/// Labels of a facet that are counted: the most frequent ones.
const MAX_LABELS: usize = 1_000;

#[async_trait]
impl Items for EngineStore {
    async fn item(&self, id: ItemId) -> Result<Option<Item>, StateError> {
        let sql = "SELECT i.id, i.status, i.incident_id, i.assignee, i.version, d.document, d.raw_data \
                   FROM items i JOIN item_documents d USING (seq) WHERE i.id = $1";
        let Some(row) = sqlx::query(sql).bind(blob(id.0)).fetch_optional(&self.readers).await? else {
            return Ok(None);
        };
        let mut item = read_item(&row)?;
        item.raw_data = match row.try_get::<Option<String>, _>("raw_data")? {
            Some(text) => Some(from_json::<Box<RawValue>>("raw record", &text)?),
            None => None,
        };
        add_claims(self, std::slice::from_mut(&mut item)).await?;
        Ok(Some(item))
    }

    async fn items_by_id(&self, ids: &[ItemId]) -> Result<(Vec<Item>, usize), StateError> {
        let from = "FROM items i JOIN item_documents d USING (seq)";
        let mut sizes = HashMap::with_capacity(ids.len());
        for chunk in chunks(ids) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?
                .lookup(|among| format!("SELECT i.id, octet_length(d.document) {from} WHERE i.id {among}"));
            for row in query.fetch_all(&self.readers).await? {
                // The engines answer integers of different widths.
                let bytes = row.try_get::<i64, _>(1).or_else(|_| row.try_get::<i32, _>(1).map(i64::from))?;
                sizes.insert(ItemId(uuid(row.try_get(0)?)?), count(bytes));
            }
        }
        let mut bytes = 0;
        let fits = |id: &&ItemId| {
            let is_room_left = bytes < READ_BYTES as u64;
            bytes += sizes.get(id).copied().unwrap_or_default();
            is_room_left
        };
        let (looked_for, _) = ids.split_at(ids.iter().take_while(fits).count());
        let mut found = HashMap::with_capacity(looked_for.len());
        for chunk in chunks(looked_for) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?
                .lookup(|among| format!("SELECT {COLUMNS} {from} WHERE i.id {among}"));
            for row in query.fetch_all(&self.readers).await? {
                let item = read_item(&row)?;
                found.insert(item.id, item);
            }
        }
        let mut items: Vec<Item> = looked_for.iter().filter_map(|id| found.remove(id)).collect();
        add_claims(self, &mut items).await?;
        Ok((items, looked_for.len()))
    }

    async fn items_after(&self, after: Option<ItemId>, limit: usize) -> Result<Vec<Item>, StateError> {
        let mut query = QueryBuilder::<Db>::new(format!(
            "SELECT {COLUMNS} FROM items i JOIN item_documents d USING (seq)"
        ));
        if let Some(id) = after {
            query.push(" WHERE i.id > ").push_bind(blob(id.0));
        }
        query.push(" ORDER BY i.id LIMIT ").push_bind(signed(limit as u64));
        Ok(read_some(query.build().fetch(&self.readers), limit, read_item).await?.0)
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
        let mut counting = QueryBuilder::<Db>::new("SELECT count(*) FROM items");
        push_where(&mut counting, filter);
        let total: i64 = counting.build_query_scalar().fetch_one(&self.readers).await?;

        // The page is found in the narrow table first, so that sorting never touches a document.
        let mut query = QueryBuilder::<Db>::new(format!(
            "SELECT {COLUMNS} FROM (SELECT seq, id, status, incident_id, assignee, version, said_at FROM items"
        ));
        push_where(&mut query, filter);
        if let Some(cursor) = after {
            query.push(" AND (said_at, id) < (").push_bind(micros(cursor.at));
            query.push(",").push_bind(blob(cursor.id)).push(")");
        }
        query.push(" ORDER BY said_at DESC, id DESC LIMIT ").push_bind(signed(limit as u64 + 1));
        query.push(") i JOIN item_documents d USING (seq) ORDER BY i.said_at DESC, i.id DESC");
        let (mut items, has_more) = read_some(query.build().fetch(&self.readers), limit, read_item).await?;
        add_claims(self, &mut items).await?;
        Ok(Page::of(items, has_more, count(total), |item| Cursor { at: item.timestamp, id: item.id.0 }))
    }

    async fn facets(&self, filter: &ItemFilter) -> Result<Facets, StateError> {
        let mut facets = Facets::new();
        for column in ["source", "hazard", "country", "status", "severity"] {
            let mut query = QueryBuilder::<Db>::new(format!("SELECT {column}, count(*) FROM items"));
            push_where(&mut query, filter);
            query.push(format!(
                " AND {column} IS NOT NULL GROUP BY {column} ORDER BY count(*) DESC, {column} LIMIT "
            ));
            query.push_bind(signed(MAX_LABELS as u64));
            let counts = facets.entry(column.to_owned()).or_default();
            for row in query.build().fetch_all(&self.readers).await? {
                let value = if column == "severity" {
                    severity_of(row.try_get(0)?).as_str().to_owned()
                } else {
                    row.try_get(0)?
                };
                counts.insert(value, count(row.try_get(1)?));
            }
        }
        Ok(facets)
    }

    async fn grid(&self, filter: &ItemFilter, cell: f64, limit: usize) -> Result<Vec<GridCell>, StateError> {
        let [before, behind] = TRUNCATE;
        let mut query = QueryBuilder::<Db>::new(format!("SELECT {before}(lat + 90) / "));
        query.push_bind(cell).push(format!("{behind} AS y, {before}(lon + 180) / ")).push_bind(cell);
        query.push(format!("{behind} AS x, hazard, count(*), avg(lat), avg(lon), max(severity) FROM items"));
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

/// Names the claims that items make, which stand apart: they are found when the item is there already.
async fn add_claims(store: &EngineStore, items: &mut [Item]) -> Result<(), StateError> {
    let ids: Vec<ItemId> = items.iter().map(|item| item.id).collect();
    let mut of_items = store.claims_of_items(&ids).await?;
    for item in items {
        item.claim_ids = of_items.remove(&item.id).unwrap_or_default();
    }
    Ok(())
}

fn read_cell_part(row: &DbRow) -> Result<GridCell, StateError> {
    let hazard: String = row.try_get(2)?;
    Ok(GridCell {
        hazard: crisislens_model::HazardType::parse(&hazard).unwrap_or_default(),
        count: count(row.try_get(3)?),
        lat: row.try_get(4)?,
        lon: row.try_get(5)?,
        severity: severity_of(row.try_get(6)?),
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

pub(super) fn read_item(row: &DbRow) -> Result<Item, StateError> {
    let mut item: Item = from_json("item", row.try_get("document")?)?;
    item.status = ItemStatus::parse(row.try_get("status")?).unwrap_or_default();
    item.incident_id = optional_id(row, "incident_id")?.map(IncidentId);
    item.assignee = optional_id(row, "assignee")?.map(UserId);
    item.version = count(row.try_get("version")?);
    Ok(item)
}

#[async_trait]
impl ItemsTx for EngineTx {
    async fn known_items(&mut self, ids: &[ItemId]) -> Result<HashMap<ItemId, KnownItem>, StateError> {
        known::items(self, ids).await
    }

    async fn homes_of(&mut self, ids: &[ItemId]) -> Result<HashMap<ItemId, IncidentId>, StateError> {
        let mut homes = HashMap::new();
        for chunk in chunks(ids) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?.lookup(|among| {
                format!("SELECT id, incident_id FROM items WHERE id {among} AND incident_id IS NOT NULL")
            });
            for row in query.fetch_all(self.connection()).await? {
                homes.insert(ItemId(uuid(row.try_get(0)?)?), IncidentId(uuid(row.try_get(1)?)?));
            }
        }
        Ok(homes)
    }

    async fn originals(
        &mut self,
        fingerprints: &[(String, u64)],
    ) -> Result<HashMap<(String, u64), ItemId>, StateError> {
        let mut originals = HashMap::new();
        if fingerprints.is_empty() {
            return Ok(originals);
        }
        self.hold(Lock::Originals).await?;
        for chunk in chunks(fingerprints) {
            // One search for each; the plus sign keeps planners from going through all items by age instead.
            let asked =
                rows(chunk, |(source, print)| Ok([source.as_str().into(), print.cast_signed().into()]))?;
            let query = asked.query(|rows| {
                format!(
                    "WITH asked (source, fingerprint) AS ({rows}) \
                     SELECT asked.source, asked.fingerprint, (SELECT i.id FROM items i \
                     WHERE i.fingerprint = asked.fingerprint AND i.source = asked.source \
                     AND i.duplicate_of IS NULL ORDER BY +i.seq LIMIT 1) FROM asked"
                )
            });
            for row in query.fetch_all(self.connection()).await? {
                let Some(id) = row.try_get::<Option<&[u8]>, _>(2)? else { continue };
                let fingerprint = row.try_get::<i64, _>(1)?.cast_unsigned();
                originals.insert((row.try_get(0)?, fingerprint), ItemId(uuid(id)?));
            }
        }
        Ok(originals)
    }

    async fn put_items(&mut self, items: Vec<ItemRow>) -> Result<(), StateError> {
        for chunk in chunks(&known::last_of_each(items)) {
            written::put(self, chunk).await?;
        }
        Ok(())
    }

    async fn join_incident(&mut self, joins: &[(ItemId, IncidentId)]) -> Result<Vec<JoinedItem>, StateError> {
        let mut versions = HashMap::with_capacity(joins.len());
        for chunk in chunks(joins) {
            let query = rows(chunk, |(item, incident)| Ok([blob(item.0).into(), blob(incident.0).into()]))?
                .query(|rows| {
                    format!(
                        "WITH joins (id, incident) AS ({rows}) UPDATE items SET incident_id = joins.incident, \
                         version = items.version + 1 FROM joins WHERE items.id = joins.id \
                         RETURNING items.id, items.version"
                    )
                });
            for row in query.fetch_all(self.connection()).await? {
                versions.insert(uuid(row.try_get(0)?)?, count(row.try_get(1)?));
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
        let sql = format!(
            "SELECT i.seq, i.id, i.status, i.incident_id, i.assignee, i.version, d.document \
             FROM items i JOIN item_documents d USING (seq) WHERE i.id = $1{FOR_UPDATE}"
        );
        let row = sqlx::query(AssertSqlSafe(sql)).bind(blob(id.0)).fetch_optional(self.connection()).await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let mut item = read_item(&row)?;
        if item.version != version {
            return Err(StateError::VersionConflict { current: item.version });
        }
        item.status = edit.status.unwrap_or(item.status);
        item.tags = edit.tags.clone().unwrap_or(item.tags);
        if let Some(found) = edit.found.as_deref().cloned() {
            put_found(&mut item, found);
        }
        item.version += 1;
        let point = item.point();
        sqlx::query(
            "UPDATE items SET status = $1, version = $2, hazard = $3, country = $4, severity = $5, lat = $6, \
             lon = $7, risk = $8 WHERE id = $9",
        )
        .bind(item.status.as_str())
        .bind(signed(item.version))
        .bind(item.hazard.kind.as_str())
        .bind(item.location.as_ref().and_then(|place| place.country.clone()))
        .bind(severity_rank(item.severity))
        .bind(point.map(|point| point.0))
        .bind(point.map(|point| point.1))
        .bind(item.risk_score)
        .bind(blob(id.0))
        .execute(self.connection())
        .await?;
        sqlx::query("UPDATE item_documents SET document = $1 WHERE seq = $2")
            .bind(to_json("item", &item)?)
            .bind(row.try_get::<i64, _>("seq")?)
            .execute(self.connection())
            .await?;
        Ok(Some(item))
    }
}

fn put_found(item: &mut Item, found: Found) {
    item.corrected = found.corrected;
    item.language = found.language;
    item.hazard = found.hazard;
    item.relevance = found.relevance;
    item.humanitarian = found.humanitarian;
    item.location = found.location;
    item.severity = found.severity;
    item.severity_why = found.severity_why;
    item.risk_score = found.risk_score;
    item.risk_parts = found.risk_parts;
    item.risk_level = found.risk_level;
}
