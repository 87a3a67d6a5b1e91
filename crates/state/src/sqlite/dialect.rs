//! What SQLite says or does in its own way.

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, Sqlite};

use super::SqliteTx;
use crate::StateError;
use crate::columns::Value;
use crate::lock::Lock;

/// Keeps what a SELECT reads as it is until the transaction ends; with one writer nothing has to be said.
pub(super) const FOR_UPDATE: &str = "";
/// Takes rows that no other transaction has; with one writer none has any.
pub(super) const SKIP_LOCKED: &str = "";
/// Keeps rows from being taken until the transaction ends; with one writer nothing has to be said.
pub(super) const UNTAKEN: &str = "";
/// What stands around a number that is not negative to cut off its fraction.
pub(super) const TRUNCATE: [&str; 2] = ["CAST(", " AS INTEGER)"];
/// What stands around bytes to spell them.
pub(super) const HEX: [&str; 2] = ["hex(", ")"];
/// What [`sizes`] answers, tried in turn: few, so that their statements stay prepared.
const SIZES: [usize; 6] = [512, 256, 64, 16, 4, 1];

/// SQLite has one writer: who has a transaction holds everything already, and what is committed stays.
impl SqliteTx {
    /// Keeps other transactions from what `lock` stands for.
    #[expect(clippy::unused_async, reason = "other engines ask their server")]
    pub(super) async fn hold(&mut self, _lock: Lock) -> Result<(), StateError> {
        Ok(())
    }

    /// Keeps other transactions from holding what `lock` stands for; others may share it.
    #[expect(clippy::unused_async, reason = "other engines ask their server")]
    pub(super) async fn share(&mut self, _lock: Lock) -> Result<(), StateError> {
        Ok(())
    }

    /// Makes the numbers that the outbox gives rise in the order of commits.
    #[expect(clippy::unused_async, reason = "other engines ask their server")]
    pub(super) async fn hold_outbox(&mut self) -> Result<(), StateError> {
        Ok(())
    }

    /// Makes the commit survive a crash of the server.
    #[expect(clippy::unused_async, reason = "other engines ask their server")]
    pub(super) async fn survive(&mut self) -> Result<(), StateError> {
        Ok(())
    }
}

impl super::SqliteStore {
    /// Waits until what was read before can be passed on: a loss of power must not take it back.
    pub(super) async fn settled(&self) -> Result<(), StateError> {
        self.wal.settled().await
    }
}

/// How many of `count` rows each statement takes.
pub(super) fn sizes(mut count: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= count)?;
        count -= size;
        Some(size)
    })
}

/// Rows that go to the database in one statement.
pub(super) struct Rows {
    source: String,
    arguments: SqliteArguments,
}

/// The rows that `columns` makes of `things`, as many as one of [`sizes`].
pub(super) fn rows<T: IntoIterator<IntoIter: ExactSizeIterator>, const N: usize>(
    things: T,
    columns: impl Fn(T::Item) -> Result<[Value; N], StateError>,
) -> Result<Rows, StateError> {
    let mut arguments = SqliteArguments::default();
    let things = things.into_iter();
    let count = things.len();
    for thing in things {
        for value in columns(thing)? {
            add(&mut arguments, value).map_err(sqlx::Error::Encode)?;
        }
    }
    let row = format!("({})", vec!["?"; N].join(","));
    Ok(Rows { source: format!("VALUES {}", vec![row; count].join(",")), arguments })
}

fn add(arguments: &mut SqliteArguments, value: Value) -> Result<(), sqlx::error::BoxDynError> {
    match value {
        Value::Integer(number) => arguments.add(number),
        Value::Real(number) => arguments.add(number),
        Value::Text(text) => arguments.add(text),
        Value::Blob(bytes) => arguments.add(bytes),
    }
}

impl Rows {
    /// The statement that `sql` makes of the rows; they stand where a SELECT may stand.
    pub(super) fn query(self, sql: impl FnOnce(&str) -> String) -> Query<'static, Sqlite, SqliteArguments> {
        sqlx::query_with(AssertSqlSafe(sql(&self.source)), self.arguments)
    }

    /// The statement that `sql` makes of rows of one column; the condition that a value is among them comes behind the
    /// value.
    pub(super) fn lookup(self, sql: impl FnOnce(&str) -> String) -> Query<'static, Sqlite, SqliteArguments> {
        self.query(|rows| sql(&format!("IN ({rows})")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_take_every_row() {
        for count in [0, 1, 3, 5, 63, 64, 65, 151] {
            let taken: Vec<usize> = sizes(count).collect();
            assert_eq!(taken.iter().sum::<usize>(), count);
            assert!(taken.iter().all(|size| SIZES.contains(size)), "{taken:?}");
        }
    }

    #[test]
    fn rows_have_the_shape_of_values() {
        let rows =
            rows(&[1, 2], |n: &i64| Ok([Value::from(*n), Value::from("x"), Value::Blob(None)])).unwrap();
        assert_eq!(rows.source, "VALUES (?,?,?),(?,?,?)");
        assert_eq!(rows.arguments.len(), 6);
    }
}
