//! Incidents: the port's reads and writes.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use crisislens_model::incident::Voices;
use crisislens_model::{
    ExerciseId, HazardType, Incident, IncidentId, IncidentStatus, Item, ItemId, JoinedItem, Severity,
    Timestamp,
};

use crate::{Cursor, Page, StateError};

/// Most incidents that are answered for one key: the largest, by doublings.
pub const MAX_KEY_INCIDENTS: usize = 32;
/// The last size that is told from the one before: what has more items than this many doublings is large enough.
const MAX_SIZE: u64 = 24;

/// How large an incident of so many items is, by doublings: the order in which those of a key are answered.
#[must_use]
pub fn size(items: u64) -> u64 {
    u64::from(u64::BITS - items.leading_zeros()).min(MAX_SIZE)
}

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

/// What all items of an incident say together.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// The items by who says them.
    pub voices: Voices,
    /// When the first was said.
    pub first_seen: Timestamp,
    /// When the last was said.
    pub last_seen: Timestamp,
    /// The worst severity.
    pub severity: Severity,
    /// The highest risk.
    pub risk_score: f64,
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

    /// The incidents kept under any of `keys`, at most [`MAX_KEY_INCIDENTS`] of each, the larger ones by [`size`]: those that stand before those that were merged into
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

    /// At most `limit` items of an incident, first said first, from the one behind `after` on, without `raw_data`.
    async fn items_of_incident(
        &mut self,
        id: IncidentId,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Vec<Item>, StateError>;

    /// What all items of an incident say together; `None` where it has none. Reads each of them.
    async fn figures_of_incident(&mut self, id: IncidentId) -> Result<Option<Figures>, StateError>;

    /// The sources of an incident's items, each with how many they are.
    async fn sources_of_incident(&mut self, id: IncidentId) -> Result<BTreeMap<String, u64>, StateError>;

    /// How many items count as copies of one in an incident.
    async fn copies_of_incident(&mut self, id: IncidentId) -> Result<u64, StateError>;

    /// How many items count as copies of each of `ids`; those without any are not named.
    async fn copies_of_items(&mut self, ids: &[ItemId]) -> Result<HashMap<ItemId, u64>, StateError>;

    /// Lets items count as copies of another from now on, or of none; each item once.
    async fn count_copies(&mut self, copies: &[(ItemId, Option<ItemId>)]) -> Result<(), StateError>;

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

    /// Notes that incidents are to be made anew of their items; those that wait for it already keep their turn.
    async fn note_stale(&mut self, incidents: &[IncidentId], now: Timestamp) -> Result<(), StateError>;

    /// The incident that has waited longest to be made anew; those that are not there wait no more. No other transaction reads incidents to
    /// write them until this one ends.
    async fn next_stale(&mut self) -> Result<Option<IncidentId>, StateError>;

    /// Notes that incidents are what their items make.
    async fn drop_stale(&mut self, incidents: &[IncidentId]) -> Result<(), StateError>;
}
