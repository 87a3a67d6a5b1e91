//! Dead letters.

use async_trait::async_trait;
use crisislens_model::{EventId, Timestamp};
use sqlx::{AssertSqlSafe, QueryBuilder, Row};

use super::chunks;
use super::dialect::rows;
use super::{Db, DbRow, EngineStore, EngineTx};
use crate::StateError;
use crate::columns::{Value, blob, count, instant, micros, signed, small, text, topic, uuid};
use crate::dead_letters::{
    DeadLetters, DeadLettersTx, Letter, LetterCount, LetterFilter, LetterPage, LetterStatus,
};

const COLUMNS: &str = "dlq_offset, event_id, topic, part, origin_offset, key, consumer, stage, error_class, \
                       message, attempts, first_failed_at, last_failed_at, size_bytes, redrive_count, status, \
                       decided_at, decided_by";

#[async_trait]
impl DeadLetters for EngineStore {
    async fn letters(
        &self,
        filter: &LetterFilter,
        limit: usize,
        after: Option<u64>,
    ) -> Result<LetterPage, StateError> {
        let mut counting = QueryBuilder::<Db>::new("SELECT count(*) FROM dead_letters");
        push_where(&mut counting, filter);
        let total: i64 = counting.build_query_scalar().fetch_one(&self.readers).await?;

        let mut query = QueryBuilder::<Db>::new(format!("SELECT {COLUMNS} FROM dead_letters"));
        push_where(&mut query, filter);
        if let Some(offset) = after {
            query.push(" AND dlq_offset < ").push_bind(signed(offset));
        }
        query.push(" ORDER BY dlq_offset DESC LIMIT ").push_bind(signed(limit as u64 + 1));
        let rows = query.build().fetch_all(&self.readers).await?;
        page_of(&rows, limit, count(total))
    }

    async fn letters_after(
        &self,
        filter: &LetterFilter,
        limit: usize,
        after: Option<u64>,
    ) -> Result<LetterPage, StateError> {
        let begin = |select: &str| {
            let mut query = QueryBuilder::<Db>::new(format!("SELECT {select} FROM dead_letters"));
            push_where(&mut query, filter);
            if let Some(offset) = after {
                query.push(" AND dlq_offset > ").push_bind(signed(offset));
            }
            query
        };
        let total: i64 = begin("count(*)").build_query_scalar().fetch_one(&self.readers).await?;
        let mut query = begin(COLUMNS);
        query.push(" ORDER BY dlq_offset LIMIT ").push_bind(signed(limit as u64 + 1));
        let rows = query.build().fetch_all(&self.readers).await?;
        page_of(&rows, limit, count(total))
    }

    async fn letter(&self, offset: u64) -> Result<Option<Letter>, StateError> {
        let sql = format!("SELECT {COLUMNS} FROM dead_letters WHERE dlq_offset = $1");
        let row = sqlx::query(AssertSqlSafe(sql)).bind(signed(offset)).fetch_optional(&self.readers).await?;
        row.as_ref().map(read_letter).transpose()
    }

    async fn letter_counts(&self) -> Result<Vec<LetterCount>, StateError> {
        let rows = sqlx::query(
            "SELECT topic, error_class, status, count(*), min(last_failed_at) FROM dead_letters \
             GROUP BY topic, error_class, status ORDER BY topic, error_class, status",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(LetterCount {
                    topic: topic(row.try_get(0)?)?,
                    error_class: row.try_get(1)?,
                    status: status(row.try_get(2)?)?,
                    letters: count(row.try_get(3)?),
                    oldest: instant(row.try_get(4)?)?,
                })
            })
            .collect()
    }
}

fn push_where(query: &mut QueryBuilder<Db>, filter: &LetterFilter) {
    query.push(" WHERE true");
    if let Some(topic) = filter.topic {
        query.push(" AND topic = ").push_bind(topic.as_str());
    }
    if let Some(class) = &filter.error_class {
        query.push(" AND error_class = ").push_bind(text(class));
    }
    if let Some(consumer) = &filter.consumer {
        query.push(" AND consumer = ").push_bind(text(consumer));
    }
    if let Some(event) = filter.event_id {
        query.push(" AND event_id = ").push_bind(blob(event.0));
    }
    if let Some(since) = filter.since {
        query.push(" AND last_failed_at >= ").push_bind(micros(since));
    }
    if let Some(until) = filter.until {
        query.push(" AND last_failed_at < ").push_bind(micros(until));
    }
    if !filter.status.is_empty() {
        query.push(" AND status IN (");
        let mut list = query.separated(",");
        for status in &filter.status {
            list.push_bind(status.as_str());
        }
        list.push_unseparated(")");
    }
    if !filter.offsets.is_empty() {
        query.push(" AND dlq_offset IN (");
        let mut list = query.separated(",");
        for offset in &filter.offsets {
            list.push_bind(signed(*offset));
        }
        list.push_unseparated(")");
    }
}

/// A page from up to `limit + 1` rows: the extra one only says that there is a next page.
fn page_of(rows: &[DbRow], limit: usize, total: u64) -> Result<LetterPage, StateError> {
    let items = rows.iter().take(limit).map(read_letter).collect::<Result<Vec<_>, _>>()?;
    let next = if rows.len() > limit { items.last().map(|letter| letter.offset) } else { None };
    Ok(LetterPage { items, total, next })
}

fn status(word: &str) -> Result<LetterStatus, StateError> {
    word.parse().map_err(|error| StateError::Damaged { what: "dead letter", reason: format!("{error}") })
}

fn read_letter(row: &DbRow) -> Result<Letter, StateError> {
    Ok(Letter {
        offset: count(row.try_get("dlq_offset")?),
        event_id: EventId(uuid(row.try_get("event_id")?)?),
        topic: topic(row.try_get("topic")?)?,
        partition: small(row.try_get("part")?),
        origin_offset: count(row.try_get("origin_offset")?),
        key: row.try_get("key")?,
        consumer: row.try_get("consumer")?,
        stage: row.try_get("stage")?,
        error_class: row.try_get("error_class")?,
        message: row.try_get("message")?,
        attempts: small(row.try_get("attempts")?),
        first_failed_at: instant(row.try_get("first_failed_at")?)?,
        last_failed_at: instant(row.try_get("last_failed_at")?)?,
        size_bytes: count(row.try_get("size_bytes")?),
        redrive_count: small(row.try_get("redrive_count")?),
        status: status(row.try_get("status")?)?,
        decided_at: row.try_get::<Option<i64>, _>("decided_at")?.map(instant).transpose()?,
        decided_by: row.try_get("decided_by")?,
    })
}

/// The values of [`COLUMNS`].
fn columns_of(letter: &Letter) -> [Value; 18] {
    [
        signed(letter.offset).into(),
        blob(letter.event_id.0).into(),
        letter.topic.as_str().into(),
        i64::from(letter.partition).into(),
        signed(letter.origin_offset).into(),
        letter.key.clone().into(),
        letter.consumer.as_str().into(),
        letter.stage.as_str().into(),
        letter.error_class.as_str().into(),
        letter.message.as_str().into(),
        i64::from(letter.attempts).into(),
        micros(letter.first_failed_at).into(),
        micros(letter.last_failed_at).into(),
        signed(letter.size_bytes).into(),
        i64::from(letter.redrive_count).into(),
        letter.status.as_str().into(),
        letter.decided_at.map(micros).into(),
        letter.decided_by.clone().into(),
    ]
}

#[async_trait]
impl DeadLettersTx for EngineTx {
    async fn put_letters(&mut self, letters: &[Letter]) -> Result<(), StateError> {
        for chunk in chunks(letters) {
            let query = rows(chunk, |letter| Ok(columns_of(letter)))?.query(|rows| {
                format!("INSERT INTO dead_letters ({COLUMNS}) {rows} ON CONFLICT (dlq_offset) DO NOTHING")
            });
            query.execute(self.connection()).await?;
        }
        Ok(())
    }

    async fn decide_letter(
        &mut self,
        offset: u64,
        from: LetterStatus,
        to: LetterStatus,
        at: Timestamp,
        by: &str,
    ) -> Result<bool, StateError> {
        let moved = sqlx::query(
            "UPDATE dead_letters SET status = $1, decided_at = $2, decided_by = $3 \
             WHERE dlq_offset = $4 AND status = $5",
        )
        .bind(to.as_str())
        .bind(micros(at))
        .bind(text(by))
        .bind(signed(offset))
        .bind(from.as_str())
        .execute(self.connection())
        .await?;
        Ok(moved.rows_affected() == 1)
    }
}
