//! The audit log: who did what to what, and when. Entries are only ever added.

use async_trait::async_trait;
use crisislens_model::{EventId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Cursor, Page, StateError};

/// One thing that somebody did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditEntry {
    /// Its own id.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// Who: a user's id, or the name of a command.
    pub actor: String,
    /// What was done, such as `dlq.replay`.
    pub action: String,
    /// To what, such as `dlq/17`.
    pub subject: String,
    /// What else is worth keeping of it.
    pub detail: serde_json::Value,
}

impl AuditEntry {
    /// An entry with an id of its own.
    #[must_use]
    pub fn new(
        at: Timestamp,
        actor: impl Into<String>,
        action: impl Into<String>,
        subject: impl Into<String>,
        detail: serde_json::Value,
    ) -> Self {
        let id = EventId::random().0;
        Self { id, at, actor: actor.into(), action: action.into(), subject: subject.into(), detail }
    }
}

/// Reads of the audit log.
#[async_trait]
pub trait Audit: Send + Sync {
    /// What was done, newest first.
    async fn audit(&self, limit: usize, after: Option<Cursor>) -> Result<Page<AuditEntry>, StateError>;
}

/// Writes of the audit log.
#[async_trait]
pub trait AuditTx: Send {
    /// Adds an entry; one of the same id stays as it is.
    async fn record_audit(&mut self, entry: &AuditEntry) -> Result<(), StateError>;
}
