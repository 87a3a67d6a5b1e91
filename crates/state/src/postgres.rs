//! The store on PostgreSQL, for several nodes at once: the same queries as on SQLite, with locks where SQLite's one
//! writer needs none.
//!
//! Transactions run at READ COMMITTED. What is read to be written is locked first: items by their rows, what concerns
//! all by advisory locks ([`crate::lock`]), and offsets, claims, leases and delayed records by single statements that
//! only one of two can win.

mod dialect;
mod migrations;
mod opening;
#[path = "sql/queries.rs"]
mod queries;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions, PgRow};
use sqlx::{Postgres, SqlSafeStr as _, Transaction};

use crate::lock::Lock;
use crate::{Durability, StateError, Store, Tx};

type Db = Postgres;
type DbRow = PgRow;
type EngineStore = PostgresStore;
type EngineTx = PostgresTx;

/// Prepared statements kept by each connection.
const STATEMENTS: usize = 256;
/// How a server finds out that a node is gone without a word, and frees what it has locked: seconds of silence, seconds
/// between questions, questions.
const KEEPALIVE: [(&str, &str); 3] =
    [("tcp_keepalives_idle", "10"), ("tcp_keepalives_interval", "5"), ("tcp_keepalives_count", "3")];

/// Plans are made for the tables as they are, not as they were when a statement was first prepared; and seeking costs
/// what it costs on a disk that does not turn.
const PLANNING: [(&str, &str); 2] = [("plan_cache_mode", "force_custom_plan"), ("random_page_cost", "1.1")];

/// Bounds of the store on PostgreSQL.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Most connections that write; as many transactions run at once.
    pub writers: u32,
    /// Most connections that read.
    pub readers: u32,
    /// How long to wait for a connection, to a server or from the pool.
    pub acquire_timeout: Duration,
    /// How long the server works on one statement.
    pub statement_timeout: Duration,
    /// How long a statement waits for what another transaction has locked.
    pub lock_timeout: Duration,
    /// How long a transaction may do nothing: the server ends those of a node that hangs.
    pub idle_timeout: Duration,
    /// The name that the server shows for these connections.
    pub application_name: String,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            writers: 8,
            readers: 8,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(20),
            application_name: "crisislens".to_owned(),
        }
    }
}

/// A store in one PostgreSQL database.
#[derive(Debug)]
pub struct PostgresStore {
    writers: PgPool,
    readers: PgPool,
    /// For what nodes say to each other: one connection that listens, one that speaks.
    wire: PgPool,
    server_version: String,
}

impl PostgresStore {
    /// Opens the database that `url` names (`postgres://user:password@host:port/database?sslmode=verify-full&sslrootcert=…`)
    /// and brings it to this version. Errors with [`StateError::CannotOpen`] where something must change first, or
    /// [`StateError::Migration`] where the database is of another version.
    pub async fn open(url: &str, options: &PostgresOptions) -> Result<Self, StateError> {
        let base = opening::read_url(url)?
            .application_name(&options.application_name)
            .statement_cache_capacity(STATEMENTS)
            .options(KEEPALIVE)
            .options(PLANNING);
        let server_version = opening::prepare(&base, options.acquire_timeout).await?;
        let base = base.options([
            ("statement_timeout", millis(options.statement_timeout)),
            ("lock_timeout", millis(options.lock_timeout)),
            ("idle_in_transaction_session_timeout", millis(options.idle_timeout)),
        ]);
        let writers = PgPoolOptions::new()
            .max_connections(options.writers)
            .acquire_timeout(options.acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(|connection, _| Box::pin(is_writable(connection)))
            .connect_lazy_with(base.clone());
        let wire = PgPoolOptions::new()
            .max_connections(2)
            .acquire_timeout(options.acquire_timeout)
            .connect_lazy_with(base.clone());
        let readers = PgPoolOptions::new()
            .max_connections(options.readers)
            .acquire_timeout(options.acquire_timeout)
            .connect_lazy_with(base.options([("default_transaction_read_only", "on")]));
        Ok(Self { writers, readers, wire, server_version })
    }

    /// The version of the server, as it was when the store was opened.
    #[must_use]
    pub fn server_version(&self) -> &str {
        &self.server_version
    }

    /// Finishes and closes every connection.
    pub async fn close(&self) {
        self.wire.close().await;
        self.readers.close().await;
        self.writers.close().await;
    }
}

fn millis(time: Duration) -> String {
    time.as_millis().to_string()
}

/// Whether a waiting connection still leads to a server that takes writes: after a failover it may not, and a new one
/// may.
async fn is_writable(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let read_only: String =
        sqlx::query_scalar("SELECT current_setting('transaction_read_only')").fetch_one(connection).await?;
    Ok(read_only == "off")
}

#[async_trait]
impl Store for PostgresStore {
    fn wire(&self) -> Option<&dyn crate::wire::Wire> {
        Some(self)
    }

    async fn begin(&self, durability: Durability) -> Result<Box<dyn Tx>, StateError> {
        let connection = self.writers.acquire().await?;
        let begin = match durability {
            // What a crash of the server takes back is derived again, as long as nobody has seen it: what is published
            // or leased asks for more when it comes to that.
            Durability::Process => "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = off",
            Durability::Power => "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = on",
        };
        let tx = Transaction::begin(connection, Some(begin.into_sql_str())).await?;
        Ok(Box::new(PostgresTx { tx, held: Vec::new(), holds_outbox: false }))
    }
}

/// Whether an SQLSTATE says that trying again cannot help: the classes of cardinality, data, constraints, syntax and
/// limits. Missing rights, tables and columns are an operator's to mend, not the record's fault.
pub(crate) fn is_permanent(code: &str) -> bool {
    let class = code.get(..2).unwrap_or_default();
    matches!(class, "21" | "22" | "23" | "42" | "54") && !matches!(code, "42501" | "42P01" | "42703")
}

/// An open write transaction.
struct PostgresTx {
    tx: Transaction<'static, Postgres>,
    held: Vec<Lock>,
    holds_outbox: bool,
}

impl PostgresTx {
    fn connection(&mut self) -> &mut PgConnection {
        &mut self.tx
    }
}

#[async_trait]
impl Tx for PostgresTx {
    async fn commit(self: Box<Self>) -> Result<(), StateError> {
        Ok(self.tx.commit().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_when_the_server_is_back_is_never_permanent() {
        let passing = [
            "08000", "08006", "25006", "25P02", "25P03", "40001", "40P01", "53100", "53300", "55000",
            "55P03", "57014", "57P01", "57P02", "57P03", "42501", "42P01", "XX000",
        ];
        for code in passing {
            assert!(!is_permanent(code), "{code}");
        }
        for code in ["22021", "22P05", "23505", "23503", "42601", "54000", "21000"] {
            assert!(is_permanent(code), "{code}");
        }
    }
}
