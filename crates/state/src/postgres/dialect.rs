//! What PostgreSQL says or does in its own way.

use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{Arguments as _, AssertSqlSafe, Postgres};

use super::PostgresTx;
use crate::StateError;
use crate::columns::Value;
use crate::lock::Lock;

/// Keeps what a SELECT reads as it is until the transaction ends, and makes it read the newest.
pub(super) const FOR_UPDATE: &str = " FOR UPDATE";
/// Takes rows that no other transaction has, of the table called `d`, and keeps them until this one ends.
pub(super) const SKIP_LOCKED: &str = " FOR UPDATE OF d SKIP LOCKED";
/// Keeps rows from being taken until the transaction ends, and waits for who has taken them; they may be written all the same.
pub(super) const UNTAKEN: &str = " FOR KEY SHARE";
/// What stands around a number that is not negative to cut off its fraction; a bare cast would round.
pub(super) const TRUNCATE: [&str; 2] = ["CAST(trunc(", ") AS BIGINT)"];
/// What stands around bytes to spell them.
pub(super) const HEX: [&str; 2] = ["encode(", ", 'hex')"];
/// Rows of one statement.
const CHUNK: usize = 500;
/// Advisory locks are numbers that all of a database shares: "crisis" in ASCII, then the lock's own.
const LOCK_BASE: i64 = 0x6372_6973_6973_0000;
const OUTBOX_LOCK: i64 = LOCK_BASE + 1;

const fn number(lock: Lock) -> i64 {
    match lock {
        Lock::Originals => LOCK_BASE + 2,
        Lock::Incidents => LOCK_BASE + 3,
        Lock::Messages => LOCK_BASE + 4,
        Lock::News => LOCK_BASE + 5,
        Lock::Claims => LOCK_BASE + 6,
    }
}

impl PostgresTx {
    /// Keeps other transactions from what `lock` stands for, and lets what is read next be newer than their commits:
    /// at READ COMMITTED each statement sees what was committed before it began.
    pub(super) async fn hold(&mut self, lock: Lock) -> Result<(), StateError> {
        if self.held.contains(&lock) {
            return Ok(());
        }
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(number(lock)).execute(self.connection()).await?;
        self.held.push(lock);
        Ok(())
    }

    /// Keeps other transactions from holding what `lock` stands for; others may share it.
    pub(super) async fn share(&mut self, lock: Lock) -> Result<(), StateError> {
        sqlx::query("SELECT pg_advisory_xact_lock_shared($1)")
            .bind(number(lock))
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Makes the numbers that the outbox gives rise in the order of commits: who reads up to a number must not miss a
    /// smaller one that is committed later. What is published leaves for the log, so it must not be taken back either.
    pub(super) async fn hold_outbox(&mut self) -> Result<(), StateError> {
        if !self.holds_outbox {
            sqlx::query("SELECT pg_advisory_xact_lock($1), set_config('synchronous_commit', 'on', true)")
                .bind(OUTBOX_LOCK)
                .execute(self.connection())
                .await?;
            self.holds_outbox = true;
        }
        Ok(())
    }

    /// Makes the commit survive a crash of the server.
    pub(super) async fn survive(&mut self) -> Result<(), StateError> {
        sqlx::query("SET LOCAL synchronous_commit = on").execute(self.connection()).await?;
        Ok(())
    }
}

impl super::PostgresStore {
    /// Waits until what was read before can be passed on: a server shows what is published when it is safe ([`PostgresTx::hold_outbox`]).
    #[expect(clippy::unused_async, reason = "other engines wait for their disk")]
    pub(super) async fn settled(&self) -> Result<(), StateError> {
        Ok(())
    }
}

/// How many of `count` rows each statement takes.
pub(super) fn sizes(count: usize) -> impl Iterator<Item = usize> {
    (0..count).step_by(CHUNK).map(move |from| CHUNK.min(count - from))
}

/// Rows that go to the database in one statement, as one array for each column.
pub(super) struct Rows {
    source: String,
    arguments: PgArguments,
}

/// A column's values.
enum Column {
    Integer(Vec<Option<i64>>),
    Real(Vec<Option<f64>>),
    Text(Vec<Option<String>>),
    Blob(Vec<Option<Vec<u8>>>),
}

/// The rows that `columns` makes of `things`, as many as one of [`sizes`]. A column holds values of one kind.
pub(super) fn rows<T: IntoIterator<IntoIter: ExactSizeIterator>, const N: usize>(
    things: T,
    columns: impl Fn(T::Item) -> Result<[Value; N], StateError>,
) -> Result<Rows, StateError> {
    let mut arrays: Vec<Column> = Vec::with_capacity(N);
    let things = things.into_iter();
    let count = things.len();
    for thing in things {
        for (index, value) in columns(thing)?.into_iter().enumerate() {
            match arrays.get_mut(index) {
                Some(column) => column.push(value)?,
                None => arrays.push(Column::of(value, count)),
            }
        }
    }
    let mut arguments = PgArguments::default();
    for column in arrays {
        column.add_to(&mut arguments).map_err(sqlx::Error::Encode)?;
    }
    let numbers: Vec<String> = (1..=N).map(|number| format!("${number}")).collect();
    Ok(Rows { source: format!("SELECT * FROM unnest({})", numbers.join(",")), arguments })
}

impl Column {
    fn of(value: Value, length: usize) -> Self {
        fn begin<T>(first: T, length: usize) -> Vec<T> {
            let mut values = Vec::with_capacity(length);
            values.push(first);
            values
        }
        match value {
            Value::Integer(number) => Self::Integer(begin(number, length)),
            Value::Real(number) => Self::Real(begin(number, length)),
            Value::Text(text) => Self::Text(begin(text, length)),
            Value::Blob(bytes) => Self::Blob(begin(bytes, length)),
        }
    }

    fn push(&mut self, value: Value) -> Result<(), StateError> {
        match (self, value) {
            (Self::Integer(numbers), Value::Integer(number)) => numbers.push(number),
            (Self::Real(numbers), Value::Real(number)) => numbers.push(number),
            (Self::Text(texts), Value::Text(text)) => texts.push(text),
            (Self::Blob(blobs), Value::Blob(bytes)) => blobs.push(bytes),
            (_, value) => {
                let reason = format!("{value:?} is not of the kind of its column");
                return Err(StateError::Damaged { what: "row", reason });
            }
        }
        Ok(())
    }

    fn add_to(self, arguments: &mut PgArguments) -> Result<(), sqlx::error::BoxDynError> {
        match self {
            Self::Integer(numbers) => arguments.add(numbers),
            Self::Real(numbers) => arguments.add(numbers),
            Self::Text(texts) => arguments.add(texts),
            Self::Blob(blobs) => arguments.add(blobs),
        }
    }
}

impl Rows {
    /// The statement that `sql` makes of the rows; they stand where a SELECT may stand.
    pub(super) fn query(self, sql: impl FnOnce(&str) -> String) -> Query<'static, Postgres, PgArguments> {
        sqlx::query_with(AssertSqlSafe(sql(&self.source)), self.arguments)
    }

    /// The statement that `sql` makes of rows of one column; the condition that a value is among them comes behind the
    /// value. As an array, since the planner then seeks each in the index.
    pub(super) fn lookup(self, sql: impl FnOnce(&str) -> String) -> Query<'static, Postgres, PgArguments> {
        sqlx::query_with(AssertSqlSafe(sql("= ANY($1)")), self.arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_as_one_array_for_each_column() {
        let rows =
            rows(&[1, 2], |n: &i64| Ok([Value::from(*n), Value::from("x"), Value::Blob(None)])).unwrap();
        assert_eq!(rows.source, "SELECT * FROM unnest($1,$2,$3)");
        assert_eq!(rows.arguments.len(), 3);
    }

    #[test]
    fn a_column_of_two_kinds_is_an_error() {
        let kinds = |n: &i64| Ok([if *n == 1 { Value::from(*n) } else { Value::from("x") }]);
        assert!(rows(&[1, 2], kinds).is_err());
    }
}
