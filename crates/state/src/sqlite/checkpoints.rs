//! Checkpoints beside the writer: pages move from the write-ahead log into the database on a connection of their own, so that no
//! commit waits while tens of megabytes are written and synced.

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqlitePool;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::wal::Wal;

/// How often it is looked how much waits.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Pages that may wait.
const PAGES: i64 = 8_000;
/// Pages after which the writer does it itself: while it writes without a pause the log cannot begin anew otherwise.
pub(super) const WRITERS_PAGES: &str = "40000";
/// Longest log that is left when it begins anew, bytes.
pub(super) const LOG_BYTES: &str = "67108864";

/// Only says how much waits.
const LOOK: &str = "PRAGMA wal_checkpoint(NOOP)";
/// Moves what nobody needs to read from the log any more, and waits for nobody.
const MOVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// Makes checkpoints on `pool`, of one connection, until it is aborted.
pub(super) fn spawn(pool: SqlitePool, wal: Arc<Wal>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_well = true;
        loop {
            ticks.tick().await;
            match look(&pool, &wal).await {
                Ok(()) => is_well = true,
                // Said once: it is tried again ten times a second.
                Err(error) if is_well => {
                    is_well = false;
                    tracing::warn!(%error, "no checkpoint: the write-ahead log grows");
                }
                Err(error) => tracing::debug!(%error, "no checkpoint"),
            }
        }
    })
}

/// Makes one where enough waits, or where what waits is not safe in the log.
async fn look(pool: &SqlitePool, wal: &Wal) -> Result<(), sqlx::Error> {
    let failures = wal.failures();
    let (_, pages, moved) = checkpoint(pool, LOOK).await?;
    if failures.is_none() && pages - moved < PAGES {
        return Ok(());
    }
    let (_, pages, moved) = checkpoint(pool, MOVE).await?;
    if let Some(failures) = failures.filter(|_| pages == moved) {
        wal.heal(failures);
        tracing::warn!("a checkpoint has written everything: commits are safe again");
    }
    Ok(())
}

/// Whether somebody was in the way, how many pages the log has, and how many of them are in the database.
async fn checkpoint(pool: &SqlitePool, sql: &'static str) -> Result<(i64, i64, i64), sqlx::Error> {
    sqlx::query_as(sql).fetch_one(pool).await
}
