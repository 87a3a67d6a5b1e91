//! The store: what CrisisLens knows, and how far each consumer has come.
//!
//! [`Store`] is the port, [`sqlite::SqliteStore`] the engine on one machine; PostgreSQL comes behind the same port.
//! Reads go through the repository traits; every change goes through a [`Tx`], and a worker's [`Tx`] holds the effects
//! of the records it consumed, their offset, and the records it publishes, or nothing at all.

pub mod alerts;
pub mod audit;
pub mod contract;
pub mod dead_letters;
pub mod incidents;
pub mod items;
pub mod journal;
pub mod notices;
pub mod page;
pub mod people;
pub mod sqlite;
pub mod stream;

use async_trait::async_trait;

pub use page::{Cursor, Page};

/// How sure a commit must be before it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Survives a crash of the process. For workers: what a power cut takes back is derived again from the log.
    Process,
    /// Survives a power cut. For what people write.
    Power,
}

/// What CrisisLens knows.
#[async_trait]
pub trait Store:
    items::Items
    + incidents::Incidents
    + alerts::Alerts
    + notices::Notices
    + people::People
    + journal::Journal
    + stream::StreamState
    + dead_letters::DeadLetters
    + audit::Audit
    + Send
    + Sync
    + 'static
{
    /// Begins the one write transaction; waits while another is open. Dropping it without commit undoes it.
    async fn begin(&self, durability: Durability) -> Result<Box<dyn Tx>, StateError>;
}

/// A write transaction.
#[async_trait]
pub trait Tx:
    items::ItemsTx
    + incidents::IncidentsTx
    + alerts::AlertsTx
    + notices::NoticesTx
    + people::PeopleTx
    + journal::JournalTx
    + stream::StreamTx
    + dead_letters::DeadLettersTx
    + audit::AuditTx
    + Send
{
    /// Makes all of it so.
    async fn commit(self: Box<Self>) -> Result<(), StateError>;
}

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Another consumer has moved this partition's offset: this one is stale, and its transaction must not happen.
    #[error(
        "{consumer} is no longer at offset {expected} of {topic}/{partition}; another consumer has moved it"
    )]
    Fenced {
        /// The consumer.
        consumer: String,
        /// The topic.
        topic: crisislens_model::Topic,
        /// The partition.
        partition: u32,
        /// Where the stale consumer believed to be.
        expected: u64,
    },
    /// Somebody else has the address.
    #[error("an account with this e-mail address exists")]
    EmailTaken,
    /// The thing was changed since it was read.
    #[error("it was changed meanwhile; it is now at version {current}")]
    VersionConflict {
        /// The version it has now.
        current: u64,
    },
    /// What is stored cannot be read back.
    #[error("a stored {what} cannot be read: {reason}")]
    Damaged {
        /// Which sort of thing.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The database does not take this, now or later: a constraint, a type, a size.
    #[error("the store refuses this: {0}")]
    Refused(sqlx::Error),
    /// The database failed; trying again may help.
    #[error("the store is unavailable: {0}")]
    Unavailable(sqlx::Error),
    /// The database could not be brought to this version.
    #[error("the store could not be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

impl From<sqlx::Error> for StateError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::error::ErrorKind;
        let is_permanent = match &error {
            sqlx::Error::Database(database) => {
                database.kind() != ErrorKind::Other || sqlite::is_permanent(database.code().as_deref())
            }
            sqlx::Error::RowNotFound
            | sqlx::Error::TypeNotFound { .. }
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Encode(_)
            | sqlx::Error::Decode(_) => true,
            _ => false,
        };
        if is_permanent { Self::Refused(error) } else { Self::Unavailable(error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_never_be_stored_is_refused_and_what_may_pass_is_unavailable() {
        let never = sqlx::Error::ColumnNotFound("x".to_owned());
        assert!(matches!(StateError::from(never), StateError::Refused(_)));
        assert!(matches!(StateError::from(sqlx::Error::PoolTimedOut), StateError::Unavailable(_)));
    }
}
