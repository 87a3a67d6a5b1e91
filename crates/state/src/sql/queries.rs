//! The queries of the store, written once and compiled for each engine.
//!
//! The module that includes this one is the engine: it names its types (`Db`, `EngineStore`, …) and has a `dialect`
//! for what its SQL says in its own way. SQL here is what every engine takes; placeholders are `$1`, or come from
//! `QueryBuilder` and [`dialect::rows`].

mod alerts;
mod audit;
mod dead_letters;
mod delayed;
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
