//! The queries of the store, written once and compiled for each engine.
//!
//! The module that includes this one is the engine: it names its types (`Db`, `EngineStore`, …) and has a `dialect`
//! for what its SQL says in its own way. SQL here is what every engine takes; placeholders are `$1`, or come from
//! `QueryBuilder` and [`dialect::rows`].

mod activities;
mod alerts;
mod audit;
mod dead_letters;
mod delayed;
mod edit_locks;
mod filter;
mod incidents;
mod items;
mod journal;
mod known;
mod leases;
mod notices;
mod outbox;
mod people;
mod stranded;
mod stream;
mod written;

use super::{Db, DbRow, EngineStore, EngineTx, dialect};

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
