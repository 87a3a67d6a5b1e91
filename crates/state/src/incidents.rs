//! Incidents: the port's reads and writes.

use async_trait::async_trait;
use crisislens_model::{HazardType, Incident, IncidentId, IncidentStatus, Timestamp};

use crate::{Cursor, Page, StateError};

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
    /// Incidents not closed whose last item was said at or after `since`, of any of `hazards`.
    async fn open_incidents(
        &mut self,
        hazards: &[HazardType],
        since: Timestamp,
    ) -> Result<Vec<Incident>, StateError>;

    /// Writes incidents, over what stood there.
    async fn put_incidents(&mut self, incidents: &[Incident]) -> Result<(), StateError>;
}
