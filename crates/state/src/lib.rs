//! The store: what CrisisLens knows, and how far each consumer has come.
//!
//! [`Store`] is the port; [`sqlite::SqliteStore`] is the engine on one machine, [`postgres::PostgresStore`] the one that
//! several nodes share. The queries in `sql/` are compiled for both.
//! Reads go through the repository traits; every change goes through a [`Tx`], and a worker's [`Tx`] holds the effects
//! of the records it consumed, their offset, and the records it publishes, or nothing at all.
#![expect(clippy::duplicate_mod, reason = "the queries are compiled once for each engine")]

pub mod activities;
pub mod alerts;
pub mod audit;
pub mod audit_trail;
mod columns;
pub mod contract;
pub mod copies;
pub mod dead_letters;
pub mod edit_locks;
pub mod escalations;
pub mod incidents;
pub mod items;
pub mod journal;
pub mod ledger;
mod lock;
mod lock_slot;
mod migrations;
pub mod notices;
pub mod page;
pub mod people;
pub mod postgres;
pub mod sqlite;
pub mod stream;
pub mod verification;
pub mod wire;

use async_trait::async_trait;
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::postgres::PgDatabaseError;

pub use page::{Cursor, Page};

/// How sure a commit must be before it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Survives a crash of the process. For workers: what a power cut, or a crash of a database server, takes back is
    /// derived again from the log. Nothing that was published is taken back by a server.
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
    + ledger::Ledger
    + escalations::Escalations
    + people::People
    + journal::Journal
    + stream::StreamState
    + dead_letters::DeadLetters
    + audit::Audit
    + edit_locks::EditLocks
    + activities::Activities
    + verification::Verification
    + Send
    + Sync
    + 'static
{
    /// Begins a write transaction. Dropping it without commit undoes it; after an error it must be dropped. What one
    /// reads to write it no other changes before its commit: an engine lets one transaction in at a time, or makes the
    /// second wait where both read the same.
    async fn begin(&self, durability: Durability) -> Result<Box<dyn Tx>, StateError>;

    /// A way to speak to other nodes, where several may share the store.
    fn wire(&self) -> Option<&dyn wire::Wire> {
        None
    }
}

/// A write transaction.
#[async_trait]
pub trait Tx:
    items::ItemsTx
    + copies::CopiesTx
    + incidents::IncidentsTx
    + alerts::AlertsTx
    + notices::NoticesTx
    + ledger::LedgerTx
    + escalations::EscalationsTx
    + people::PeopleTx
    + journal::JournalTx
    + stream::StreamTx
    + dead_letters::DeadLettersTx
    + audit::AuditTx
    + edit_locks::EditLocksTx
    + activities::ActivitiesTx
    + verification::VerificationTx
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
    /// The database cannot be used as it is.
    #[error("cannot open PostgreSQL at {server}: {problem}")]
    CannotOpen {
        /// Where it is: host, port and database.
        server: String,
        /// What is wrong, in words for who runs it.
        problem: String,
        /// Whether waiting may help: it is not there, starts, or is a standby.
        may_pass: bool,
    },
    /// The database could not be brought to this version.
    #[error("the store could not be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

impl From<sqlx::Error> for StateError {
    fn from(error: sqlx::Error) -> Self {
        let is_permanent = match &error {
            sqlx::Error::Database(database) => is_permanent(&**database),
            sqlx::Error::RowNotFound
            | sqlx::Error::InvalidArgument(_)
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

fn is_permanent(error: &(dyn DatabaseError + 'static)) -> bool {
    let code = error.code();
    match error.try_downcast_ref::<PgDatabaseError>() {
        Some(error) => postgres::is_permanent(error.code()),
        None => error.kind() != ErrorKind::Other || sqlite::is_permanent(code.as_deref()),
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
