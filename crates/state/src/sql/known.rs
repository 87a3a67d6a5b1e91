//! What a worker must know of items that exist already, read so that it stays true until the transaction ends.

use std::collections::{BTreeSet, HashMap};

use crisislens_model::{IncidentId, ItemId, ItemStatus, PutRight, SourceKind, UserId};
use serde::Deserialize;
use sqlx::Row;

use super::chunks;
use super::dialect::{FOR_UPDATE, rows};
use super::{DbRow, EngineTx};
use crate::StateError;
use crate::columns::{blob, count, from_json, uuid};
use crate::items::{ItemRow, KnownItem};

/// What is read of an item's document.
#[derive(Deserialize)]
struct Kept {
    #[serde(default)]
    tags: Vec<String>,
    source_kind: SourceKind,
    #[serde(default)]
    corrected: Option<PutRight>,
}

pub(super) async fn items(
    tx: &mut EngineTx,
    ids: &[ItemId],
) -> Result<HashMap<ItemId, KnownItem>, StateError> {
    let mut known = HashMap::new();
    // By id, all of them: two nodes that lock the same items must not wait for each other.
    let ids: BTreeSet<ItemId> = ids.iter().copied().collect();
    for chunk in chunks(&ids.into_iter().collect::<Vec<ItemId>>()) {
        let query = rows(chunk, |id| Ok([blob(id.0).into()]))?.lookup(|among| {
            format!(
                "SELECT i.id, i.content_hash, i.revision, i.version, i.status, i.assignee, i.incident_id, \
                 i.duplicate_of, i.counts_for, d.document FROM items i JOIN item_documents d USING (seq) WHERE i.id {among} \
                 ORDER BY i.id{FOR_UPDATE}"
            )
        });
        for row in query.fetch_all(tx.connection()).await? {
            known.insert(ItemId(uuid(row.try_get("id")?)?), read(&row)?);
        }
    }
    Ok(known)
}

fn read(row: &DbRow) -> Result<KnownItem, StateError> {
    let hash: &[u8] = row.try_get("content_hash")?;
    let kept: Kept = from_json("item", row.try_get("document")?)?;
    Ok(KnownItem {
        content_hash: hash.try_into().map_err(|_| StateError::Damaged {
            what: "content hash",
            reason: "is not 32 bytes".to_owned(),
        })?,
        revision: count(row.try_get("revision")?),
        version: count(row.try_get("version")?),
        status: ItemStatus::parse(row.try_get("status")?).unwrap_or_default(),
        assignee: optional_id(row, "assignee")?.map(UserId),
        tags: kept.tags,
        incident_id: optional_id(row, "incident_id")?.map(IncidentId),
        duplicate_of: optional_id(row, "duplicate_of")?.map(ItemId),
        counts_for: optional_id(row, "counts_for")?.map(ItemId),
        source_kind: kept.source_kind,
        corrected: kept.corrected,
    })
}

/// A column that holds an id or nothing.
pub(super) fn optional_id(row: &DbRow, column: &str) -> Result<Option<uuid::Uuid>, StateError> {
    row.try_get::<Option<Vec<u8>>, _>(column)?.as_deref().map(uuid).transpose()
}

/// The rows as they are to be written: of an item that comes twice, the last.
pub(super) fn last_of_each(written: Vec<ItemRow>) -> Vec<ItemRow> {
    let mut places: HashMap<ItemId, usize> = HashMap::with_capacity(written.len());
    let mut last: Vec<ItemRow> = Vec::with_capacity(written.len());
    for row in written {
        match places.get(&row.item.id).and_then(|place| last.get_mut(*place)) {
            Some(before) => *before = row,
            None => {
                places.insert(row.item.id, last.len());
                last.push(row);
            }
        }
    }
    last
}
