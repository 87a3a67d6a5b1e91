//! Checkpoints beside the writer: pages move from the write-ahead log into the database on a connection of their own, so that no
//! commit waits while tens of megabytes are written and synced.

use std::time::Duration;

use sqlx::sqlite::SqlitePool;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// How often it is looked how much waits.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Pages that may wait.
const PAGES: i64 = 8_000;
/// Pages after which the writer does it itself: while it writes without a pause the log cannot begin anew otherwise.
pub(super) const WRITERS_PAGES: &str = "40000";

/// Makes checkpoints on `pool`, of one connection, until it is aborted.
pub(super) fn spawn(pool: SqlitePool) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = look(&pool).await {
                tracing::debug!(%error, "checkpoint");
            }
        }
    })
}

/// Makes one where enough waits; whether it did.
async fn look(pool: &SqlitePool) -> Result<bool, sqlx::Error> {
    let (_, pages, moved): (i64, i64, i64) =
        sqlx::query_as("PRAGMA wal_checkpoint(NOOP)").fetch_one(pool).await?;
    if pages - moved < PAGES {
        return Ok(false);
    }
    sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(pool).await?;
    Ok(true)
}
