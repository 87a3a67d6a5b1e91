//! The queries of the store, written once and compiled for each engine.
//!
//! The module that includes this one is the engine: it names its types (`Db`, `EngineStore`, …) and has a `dialect`
//! for what its SQL says in its own way. SQL here is what every engine takes; placeholders are `$1`, or come from
//! `QueryBuilder` and [`dialect::rows`].

mod activities;
mod alerts;
mod allowances;
mod audit;
mod bands;
mod bulletins;
mod candidates;
mod claims;
mod copies;
mod dead_letters;
mod delayed;
mod desk_objects;
mod edit_locks;
mod entering;
mod escalations;
mod fanouts;
mod filter;
mod incidents;
mod items;
mod journal;
mod known;
mod leases;
mod ledger;
mod ledger_writes;
mod notices;
mod outbox;
mod people;
mod provider_events;
mod reach;
mod stranded;
mod stream;
mod verification;
mod verification_writes;
mod written;

use futures_util::{Stream, TryStreamExt};
use sqlx::Row;

use super::{Db, DbRow, EngineStore, EngineTx, dialect};
use crate::StateError;

/// So many bytes of documents, and the one that goes over it, are read at once.
const READ_BYTES: usize = 4 << 20;

/// A number of a list that the database has made.
fn number(what: &'static str, read: &str) -> Result<i64, StateError> {
    read.parse().map_err(|_| StateError::Damaged { what, reason: format!("{read:?} is none") })
}

/// Reads up to `limit` rows that have a `document`, fewer where those are large; whether there are more.
async fn read_some<T>(
    mut rows: impl Stream<Item = Result<DbRow, sqlx::Error>> + Unpin,
    limit: usize,
    read: impl Fn(&DbRow) -> Result<T, StateError>,
) -> Result<(Vec<T>, bool), StateError> {
    let (mut found, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.try_next().await? {
        if found.len() >= limit || bytes >= READ_BYTES {
            return Ok((found, true));
        }
        bytes += row.try_get::<&str, _>("document")?.len();
        found.push(read(&row)?);
    }
    Ok((found, false))
}

/// Cuts `rows` into what one statement takes.
fn chunks<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    dialect::sizes(rows.len()).map(move |size| {
        let (chunk, rest) = rows.split_at(size);
        rows = rest;
        chunk
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_every_row_once_in_order() {
        for length in [0, 1, 3, 5, 64, 151, 1_003] {
            let rows: Vec<usize> = (0..length).collect();
            assert_eq!(chunks(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        }
    }
}
