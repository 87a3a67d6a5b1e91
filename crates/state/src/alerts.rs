//! Alerts: the port's reads and writes.

use async_trait::async_trait;
use crisislens_model::{Alert, AlertId, ExerciseId, IncidentId};

use crate::{Cursor, Page, StateError};

/// Which alerts; all where nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// About an incident of an exercise, or about one in earnest.
    pub exercise: Option<bool>,
    /// About an incident of this exercise.
    pub exercise_id: Option<ExerciseId>,
}

/// Reads of alerts.
#[async_trait]
pub trait Alerts: Send + Sync {
    /// The newest revision of one alert.
    async fn alert(&self, id: AlertId) -> Result<Option<Alert>, StateError>;

    /// Every revision of one alert, first first.
    async fn alert_revisions(&self, id: AlertId) -> Result<Vec<Alert>, StateError>;

    /// The newest revision of every matching alert, newest first.
    async fn list_alerts(
        &self,
        filter: &AlertFilter,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<Alert>, StateError>;
}

/// Writes of alerts.
#[async_trait]
pub trait AlertsTx: Send {
    /// The newest revision of an incident's alert.
    async fn alert_of(&mut self, incident: IncidentId) -> Result<Option<Alert>, StateError>;

    /// Every revision of one alert, first first.
    async fn revisions_of_alert(&mut self, id: AlertId) -> Result<Vec<Alert>, StateError>;

    /// The newest revisions of alerts that took effect at `since` or later, newest first.
    async fn alerts_since(
        &mut self,
        since: crisislens_model::Timestamp,
        limit: usize,
    ) -> Result<Vec<Alert>, StateError>;

    /// Writes a revision and makes it the newest.
    async fn put_alert(&mut self, alert: &Alert) -> Result<(), StateError>;
}
