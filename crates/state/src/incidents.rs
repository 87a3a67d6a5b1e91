//! Incidents: the port's reads and writes.

use async_trait::async_trait;
use crisislens_model::{HazardType, Incident, IncidentId, IncidentStatus, Timestamp};

use crate::{Cursor, Page, StateError};

/// Open incidents looked at for one batch of items.
pub const MAX_OPEN: usize = 2000;

/// Reads of incidents.
#[async_trait]
pub trait Incidents: Send + Sync {
    /// One incident.
    async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StateError>;

    /// The matching incidents, last seen first.
    async fn list_incidents(
        &self,
        status: Option<IncidentStatus>,
        hazard: Option<HazardType>,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<Incident>, StateError>;
}

/// Writes of incidents.
#[async_trait]
pub trait IncidentsTx: Send {
    /// Those of `ids` that exist.
    async fn incidents_by_id(&mut self, ids: &[IncidentId]) -> Result<Vec<Incident>, StateError>;

    /// Incidents not closed, or merged into another, whose last item was said at or after `since`, of any of `hazards`, last seen first, at
    /// most [`MAX_OPEN`].
    async fn open_incidents(
        &mut self,
        hazards: &[HazardType],
        since: Timestamp,
    ) -> Result<Vec<Incident>, StateError>;

    /// Writes incidents, over what stood there.
    async fn put_incidents(&mut self, incidents: &[Incident]) -> Result<(), StateError>;
}
