//! Incidents: the port's reads and writes.

use std::collections::BTreeMap;

use async_trait::async_trait;
use crisislens_model::{
    ExerciseId, HazardType, Incident, IncidentId, IncidentStatus, Item, ItemId, JoinedItem, Timestamp,
};

use crate::{Cursor, Page, StateError};

/// Most incidents that are answered for one key: the largest.
pub const MAX_KEY_INCIDENTS: usize = 32;

/// What an incident is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentIndex {
    /// The incident, which is stored.
    pub id: IncidentId,
    /// The keys under which it is found from now on.
    pub keys: Vec<u64>,
    /// When its status is to be looked at again.
    pub due: Option<Timestamp>,
}

/// Which incidents; all where nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IncidentFilter {
    /// How they stand.
    pub status: Option<IncidentStatus>,
    /// What happened.
    pub hazard: Option<HazardType>,
    /// Part of an exercise, or meant in earnest.
    pub exercise: Option<bool>,
    /// Part of this exercise.
    pub exercise_id: Option<ExerciseId>,
}

/// Reads of incidents.
#[async_trait]
pub trait Incidents: Send + Sync {
    /// One incident.
    async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StateError>;

    /// The matching incidents, last seen first, without those that were merged into others.
    async fn list_incidents(
        &self,
        filter: &IncidentFilter,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<Incident>, StateError>;

    /// The incidents kept under any of `keys`, as [`IncidentsTx::find_incidents`] finds them, for who only looks.
    async fn incidents_of_keys(&self, keys: &[u64]) -> Result<Vec<Incident>, StateError>;

    /// The incidents that people have taken an item out of, in order.
    async fn incidents_left_by(&self, item: ItemId) -> Result<Vec<IncidentId>, StateError>;
}

/// Writes of incidents.
#[async_trait]
pub trait IncidentsTx: Send {
    /// Those of `ids` that exist.
    async fn incidents_by_id(&mut self, ids: &[IncidentId]) -> Result<Vec<Incident>, StateError>;

    /// The incidents kept under any of `keys`, at most [`MAX_KEY_INCIDENTS`] of each: those that stand before those that were merged into
    /// others, then last seen first. No other transaction reads incidents to write them until this one ends.
    async fn find_incidents(&mut self, keys: &[u64]) -> Result<Vec<Incident>, StateError>;

    /// The incidents kept under any of `keys`, as [`IncidentsTx::find_incidents`] finds them, and those of `ids` that exist, each once. For
    /// who reads them and writes none: nobody has to wait, and what another transaction is about to write is not seen.
    async fn glance_at_incidents(
        &mut self,
        keys: &[u64],
        ids: &[IncidentId],
    ) -> Result<Vec<Incident>, StateError>;

    /// At most `limit` incidents whose status is to be looked at again by `now`, the longest due first. No other transaction reads
    /// incidents to write them until this one ends.
    async fn due_incidents(&mut self, now: Timestamp, limit: usize) -> Result<Vec<Incident>, StateError>;

    /// Keeps what incidents are found by, over what was kept of them; each incident once.
    async fn index_incidents(&mut self, indexed: &[IncidentIndex]) -> Result<(), StateError>;

    /// Keeps the items of these incidents from being changed until this transaction ends. Comes before anything else that a transaction
    /// does with incidents.
    async fn hold_items_of(&mut self, incidents: &[IncidentId]) -> Result<(), StateError>;

    /// At most `limit` items of an incident, first said first, without `raw_data`.
    async fn items_of_incident(&mut self, id: IncidentId, limit: usize) -> Result<Vec<Item>, StateError>;

    /// The sources of an incident's items, each with how many they are.
    async fn sources_of_incident(&mut self, id: IncidentId) -> Result<BTreeMap<String, u64>, StateError>;

    /// How many items are copies of one in an incident.
    async fn copies_of_incident(&mut self, id: IncidentId) -> Result<u64, StateError>;

    /// Puts every item of `from` into `into`; answers them with their new versions, by rising id.
    async fn move_items(&mut self, from: IncidentId, into: IncidentId)
    -> Result<Vec<JoinedItem>, StateError>;

    /// Takes items out of whatever incident they are in; answers their new versions.
    async fn leave_incident(&mut self, items: &[ItemId]) -> Result<Vec<JoinedItem>, StateError>;

    /// Remembers that people have taken items out of incidents.
    async fn part_items(&mut self, parted: &[(ItemId, IncidentId)]) -> Result<(), StateError>;

    /// Forgets that items were taken out of an incident: people have put them back.
    async fn unpart_items(&mut self, items: &[ItemId], incident: IncidentId) -> Result<(), StateError>;

    /// The incidents that people have taken these items out of.
    async fn parted_from(&mut self, items: &[ItemId]) -> Result<Vec<(ItemId, IncidentId)>, StateError>;

    /// Writes incidents, over what stood there.
    async fn put_incidents(&mut self, incidents: &[Incident]) -> Result<(), StateError>;
}
