//! Items: the port's reads and writes.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use crisislens_model::{
    HazardGuess, HazardType, Humanitarian, IncidentId, Item, ItemFilter, ItemId, ItemStatus, JoinedItem,
    Language, Location, PutRight, Relevance, RiskLevel, RiskPart, Severity, SourceKind, UserId,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Cursor, Page, StateError};

/// Reads of items.
#[async_trait]
pub trait Items: Send + Sync {
    /// One item, with its `raw_data`.
    async fn item(&self, id: ItemId) -> Result<Option<Item>, StateError>;

    /// Those of `ids` that exist, in the order asked for, without `raw_data`. Of large ones not all, so that they do not fill the memory:
    /// the number says how many of the ids, from the first on, were looked for; at least one.
    async fn items_by_id(&self, ids: &[ItemId]) -> Result<(Vec<Item>, usize), StateError>;

    /// As [`Items::items_by_id`], all of them, however large: for few ids.
    async fn every_item(&self, ids: &[ItemId]) -> Result<Vec<Item>, StateError> {
        let mut items = Vec::with_capacity(ids.len());
        let mut rest = ids;
        while !rest.is_empty() {
            let (read, looked_for) = self.items_by_id(rest).await?;
            items.extend(read);
            rest = rest.get(looked_for.max(1)..).unwrap_or_default();
        }
        Ok(items)
    }

    /// At most `limit` items by rising id, those behind `after`, without `raw_data`: for reading them all. Of large ones they are fewer, so
    /// that a page does not fill the memory; only an empty page is the end.
    async fn items_after(&self, after: Option<ItemId>, limit: usize) -> Result<Vec<Item>, StateError>;

    /// How many items there are.
    async fn item_count(&self) -> Result<u64, StateError>;

    /// The matching items, last said first. Of large ones there are fewer on a page.
    async fn list_items(
        &self,
        filter: &ItemFilter,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<Item>, StateError>;

    /// Counts of the matching items by source, hazard, country, status and severity, the thousand most frequent of each.
    async fn facets(&self, filter: &ItemFilter) -> Result<Facets, StateError>;

    /// The matching items that have a place, counted in cells of `cell` degrees, largest first, at most `limit` cells.
    async fn grid(&self, filter: &ItemFilter, cell: f64, limit: usize) -> Result<Vec<GridCell>, StateError>;
}

/// Counts by facet and value.
pub type Facets = BTreeMap<String, BTreeMap<String, u64>>;

/// Items of one cell of the map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GridCell {
    /// Mean latitude of its items.
    pub lat: f64,
    /// Mean longitude of its items.
    pub lon: f64,
    /// How many.
    pub count: u64,
    /// The worst severity among them.
    pub severity: Severity,
    /// The most frequent hazard among them.
    pub hazard: HazardType,
}

/// What a worker must know of an item that exists already.
#[derive(Debug, Clone)]
pub struct KnownItem {
    /// Hash of the revision it was made of.
    pub content_hash: [u8; 32],
    /// Its revision.
    pub revision: u64,
    /// Its version.
    pub version: u64,
    /// Where it stands in the desk's work.
    pub status: ItemStatus,
    /// Who is on it.
    pub assignee: Option<UserId>,
    /// Words put on it.
    pub tags: Vec<String>,
    /// Its incident.
    pub incident_id: Option<IncidentId>,
    /// The item it repeats.
    pub duplicate_of: Option<ItemId>,
    /// The item that it counts as a copy of: what it repeats, once that one's incident has heard of it.
    pub counts_for: Option<ItemId>,
    /// The voice it was said with.
    pub source_kind: SourceKind,
    /// What people have put right of it.
    pub corrected: Option<PutRight>,
}

/// An item to be written.
#[derive(Debug, Clone)]
pub struct ItemRow {
    /// The item; its `raw_data` is stored apart.
    pub item: Item,
    /// Hash of the revision it was made of.
    pub content_hash: [u8; 32],
    /// Fingerprint of its text, where that is long enough.
    pub fingerprint: Option<u64>,
}

/// Writes of items.
#[async_trait]
pub trait ItemsTx: Send {
    /// What is known of those of `ids` that exist.
    async fn known_items(&mut self, ids: &[ItemId]) -> Result<HashMap<ItemId, KnownItem>, StateError>;

    /// The incidents that these items are in, without keeping the items from being changed: items change incidents in transactions that hold
    /// incidents, so that it stays so for who holds them.
    async fn homes_of(&mut self, ids: &[ItemId]) -> Result<HashMap<ItemId, IncidentId>, StateError>;

    /// The oldest item of each source with each fingerprint.
    async fn originals(
        &mut self,
        fingerprints: &[(String, u64)],
    ) -> Result<HashMap<(String, u64), ItemId>, StateError>;

    /// Writes items, over what stood there.
    async fn put_items(&mut self, rows: Vec<ItemRow>) -> Result<(), StateError>;

    /// Notes that items have joined incidents; answers their new versions in the same order.
    async fn join_incident(&mut self, joins: &[(ItemId, IncidentId)]) -> Result<Vec<JoinedItem>, StateError>;

    /// Changes a person may make; errors with [`StateError::VersionConflict`] if the item is not at `version`.
    /// Answers the item as it now is, or `None` where there is none.
    async fn edit_item(
        &mut self,
        id: ItemId,
        version: u64,
        edit: &ItemEdit,
    ) -> Result<Option<Item>, StateError>;
}

/// What a person changes; `None` leaves it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ItemEdit {
    /// Where it stands in the desk's work.
    pub status: Option<ItemStatus>,
    /// Words on it, replacing those there.
    pub tags: Option<Vec<String>>,
    /// What is made of it from now on, with what people have put right.
    pub found: Option<Box<Found>>,
}

/// What is made of an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What people have put right; `None` where it is as analysis has it.
    pub corrected: Option<PutRight>,
    /// Detected language.
    pub language: Language,
    /// What happened.
    pub hazard: HazardGuess,
    /// Whether it informs about an emergency.
    pub relevance: Option<Relevance>,
    /// What kind of humanitarian information it gives.
    pub humanitarian: Option<Humanitarian>,
    /// Where.
    pub location: Option<Location>,
    /// How bad.
    pub severity: Severity,
    /// Why that severity.
    pub severity_why: String,
    /// 0 to 1: the sum of the parts' contributions.
    pub risk_score: f64,
    /// The addends of the score.
    pub risk_parts: Vec<RiskPart>,
    /// The score's step.
    pub risk_level: RiskLevel,
}

/// An item's JSON without `raw_data`, for the log and the store.
#[must_use]
pub fn split_raw_data(mut item: Item) -> (Item, Option<Box<RawValue>>) {
    let raw_data = item.raw_data.take();
    (item, raw_data)
}
