//! The tables, as numbered migrations that are written once, in SQLite's words; each engine brings itself to the last.

use sqlx::migrate::Migrator;

/// The migrations as SQLite takes them.
pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!();
