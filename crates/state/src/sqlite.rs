//! The store on SQLite: WAL, one writer, readers in parallel.

mod checkpoints;
mod dialect;
#[path = "sql/queries.rs"]
mod queries;
mod wal;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Connection as _, Sqlite, Transaction};
use tokio::task::JoinHandle;

use self::checkpoints::{LOG_BYTES, WRITERS_PAGES};
use self::wal::Wal;
use crate::migrations::MIGRATIONS;
use crate::{Durability, StateError, Store, Tx};

type Db = Sqlite;
type DbRow = SqliteRow;
type EngineStore = SqliteStore;
type EngineTx = SqliteTx;

/// Rows that wait to be taken from a reader: one of an item may be megabytes.
const READ_AHEAD: usize = 8;
/// And from the writer, whose rows are short or few: each wait for one is a switch between threads.
const WRITER_READ_AHEAD: usize = 512;
/// Connections that read.
const READERS: u32 = 4;
/// How long a connection waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Page cache of each connection that reads, KiB (negative as SQLite wants it).
const CACHE_KIB: &str = "-8192";
/// And of the one that writes: rows with evenly spread ids go into as many pages of an index.
const WRITER_CACHE_KIB: &str = "-32768";

/// A store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    wal: Arc<Wal>,
    checkpointer: SqlitePool,
    checkpoints: JoinHandle<()>,
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.checkpoints.abort();
    }
}

impl SqliteStore {
    /// Opens or makes the file and brings it to this version.
    pub async fn open(file: &Path) -> Result<Self, StateError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .pragma("cache_size", CACHE_KIB)
            .pragma("temp_store", "memory")
            .pragma("wal_autocheckpoint", WRITERS_PAGES)
            .pragma("journal_size_limit", LOG_BYTES)
            .statement_cache_capacity(128);
        // A full disk makes SQLite end a transaction by itself; the connection then believes to be inside one for ever.
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .after_release(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .connect_with(
                options.clone().pragma("cache_size", WRITER_CACHE_KIB).row_buffer_size(WRITER_READ_AHEAD),
            )
            .await?;
        MIGRATIONS.run(&writer).await?;
        let checkpointer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.read_only(true).row_buffer_size(READ_AHEAD))
            .await?;
        let wal = Arc::new(Wal::of(file).map_err(sqlx::Error::Io)?);
        let checkpoints = checkpoints::spawn(checkpointer.clone(), Arc::clone(&wal));
        Ok(Self { writer, readers, wal, checkpointer, checkpoints })
    }

    /// Finishes and closes every connection.
    pub async fn close(&self) {
        self.checkpoints.abort();
        self.checkpointer.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn begin(&self, durability: Durability) -> Result<Box<dyn Tx>, StateError> {
        let connection = self.writer.acquire().await?;
        let tx =
            Transaction::begin(connection, Some(sqlx::SqlSafeStr::into_sql_str("BEGIN IMMEDIATE"))).await?;
        let wal = (durability == Durability::Power).then(|| Arc::clone(&self.wal));
        Ok(Box::new(SqliteTx { tx, wal }))
    }
}

/// Whether a result code says that trying again cannot help: SQLITE_TOOBIG, SQLITE_CONSTRAINT, SQLITE_MISMATCH,
/// SQLITE_RANGE; extended codes carry theirs in the low byte.
pub(crate) fn is_permanent(code: Option<&str>) -> bool {
    let code = code.and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 18 | 19 | 20 | 25))
}

/// An open write transaction.
struct SqliteTx {
    tx: Transaction<'static, Sqlite>,
    /// What is synced after the commit, where that is to survive a loss of power.
    wal: Option<Arc<Wal>>,
}

impl SqliteTx {
    fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.tx
    }
}

#[async_trait]
impl Tx for SqliteTx {
    async fn commit(self: Box<Self>) -> Result<(), StateError> {
        let Some(wal) = self.wal else { return Ok(self.tx.commit().await?) };
        let _settling = wal.settling();
        self.tx.commit().await?;
        wal.sync().await
    }
}
