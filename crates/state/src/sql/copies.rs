//! What near copies are found by.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use crisislens_model::{ItemId, Timestamp};
use sqlx::Row;

use super::bands::{self, Members};
use super::dialect::rows;
use super::{EngineTx, chunks};
use crate::StateError;
use crate::columns::{blob, instant, micros, uuid};
use crate::copies::{CopiesTx, KeptSketch, MAX_NEARBY, Near, Nearby};
use crate::lock::Lock;

const WEEK_MICROS: i64 = 7 * 24 * 3_600 * 1_000_000;
/// Rows that are forgotten at once.
const FORGOTTEN: usize = 5_000;

#[async_trait]
impl CopiesTx for EngineTx {
    async fn nearby(&mut self, texts: &[Vec<u64>], now: Timestamp) -> Result<Vec<Nearby>, StateError> {
        if texts.iter().all(Vec::is_empty) {
            return Ok(vec![Nearby::default(); texts.len()]);
        }
        self.hold(Lock::Originals).await?;
        let mut asked: Vec<i64> = texts.iter().flatten().map(|band| band.cast_signed()).collect();
        asked.sort_unstable();
        asked.dedup();
        let members = bands::members(self, &asked, [week(now) - 1, week(now)]).await?;
        let found: Vec<Vec<i64>> = texts.iter().map(|bands| nearest(bands, &members)).collect();
        let seqs: BTreeSet<i64> = found.iter().flatten().copied().collect();
        let sketches = sketches(self, &seqs.into_iter().collect::<Vec<i64>>()).await?;
        let is_full = |band: &&u64| matches!(members.get(&band.cast_signed()), Some(Members::Full));
        Ok(texts
            .iter()
            .zip(found)
            .map(|(bands, seqs)| Nearby {
                items: seqs.iter().filter_map(|seq| sketches.get(seq).cloned()).collect(),
                full: bands.iter().filter(is_full).copied().collect(),
            })
            .collect())
    }

    async fn keep_sketches(&mut self, kept: &[KeptSketch], now: Timestamp) -> Result<(), StateError> {
        let week = week(now);
        self.hold(Lock::Originals).await?;
        let mut banded: Vec<(i64, i64)> = Vec::new();
        for chunk in chunks(kept) {
            let seqs = seqs(self, chunk).await?;
            let seq_of = |id: ItemId| {
                seqs.get(&id).copied().ok_or_else(|| StateError::Damaged {
                    what: "sketch",
                    reason: format!("there is no item {id}"),
                })
            };
            let query = rows(chunk, |one| {
                let said_at = micros(one.said_at);
                let id = blob(one.id.0);
                Ok([seq_of(one.id)?.into(), id.into(), week.into(), said_at.into(), one.sketch.clone().into()])
            })?
            .query(|rows| {
                format!(
                    "INSERT INTO item_sketches (seq, id, week, said_at, sketch) {rows} ON CONFLICT (seq) DO UPDATE SET \
                     week = excluded.week, said_at = excluded.said_at, sketch = excluded.sketch"
                )
            });
            query.execute(self.connection()).await?;
            for one in chunk {
                let seq = seq_of(one.id)?;
                banded.extend(one.bands.iter().map(|band| (band.cast_signed(), seq)));
            }
        }
        bands::keep(self, banded, week).await
    }

    async fn drop_sketches(&mut self, ids: &[ItemId]) -> Result<(), StateError> {
        for chunk in chunks(ids) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?.lookup(|among| {
                format!("DELETE FROM item_sketches WHERE seq IN (SELECT seq FROM items WHERE id {among})")
            });
            query.execute(self.connection()).await?;
        }
        Ok(())
    }

    async fn forget_sketches(&mut self, now: Timestamp) -> Result<u64, StateError> {
        // What is kept anew meanwhile must not go with what it was.
        self.hold(Lock::Originals).await?;
        let first_kept = week(now) - 1;
        let keys = format!(
            "DELETE FROM item_keys WHERE (week, band) IN \
             (SELECT week, band FROM item_keys WHERE week < $1 LIMIT {FORGOTTEN})"
        );
        let sketches = format!(
            "DELETE FROM item_sketches WHERE seq IN (SELECT seq FROM item_sketches WHERE week < $1 LIMIT {FORGOTTEN})"
        );
        let runs = "DELETE FROM item_key_runs WHERE week < $1".to_owned();
        let mut forgotten = 0;
        for sql in [runs, keys, sketches] {
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(first_kept);
            forgotten += query.execute(self.connection()).await?.rows_affected();
        }
        Ok(forgotten)
    }
}

fn week(at: Timestamp) -> i64 {
    micros(at).div_euclid(WEEK_MICROS)
}

/// The items that share the most keys that say something, of equals the oldest.
fn nearest(bands: &[u64], members: &HashMap<i64, Members>) -> Vec<i64> {
    let of_bands = bands.iter().filter_map(|band| members.get(&band.cast_signed())?.few());
    let mut shared: Vec<i64> = of_bands.flatten().copied().collect();
    shared.sort_unstable();
    let mut nearest: Vec<(Reverse<usize>, i64)> = shared
        .chunk_by(|one, next| one == next)
        .filter_map(|same| Some((Reverse(same.len()), *same.first()?)))
        .collect();
    nearest.sort_unstable();
    nearest.truncate(MAX_NEARBY);
    nearest.into_iter().map(|(_, seq)| seq).collect()
}

async fn sketches(tx: &mut EngineTx, seqs: &[i64]) -> Result<HashMap<i64, Arc<Near>>, StateError> {
    let mut sketches = HashMap::with_capacity(seqs.len());
    for chunk in chunks(seqs) {
        let query = rows(chunk, |seq| Ok([(*seq).into()]))?
            .lookup(|among| format!("SELECT seq, id, said_at, sketch FROM item_sketches WHERE seq {among}"));
        for row in query.fetch_all(tx.connection()).await? {
            let near = Near {
                id: ItemId(uuid(row.try_get(1)?)?),
                said_at: instant(row.try_get(2)?)?,
                sketch: row.try_get(3)?,
            };
            sketches.insert(row.try_get(0)?, Arc::new(near));
        }
    }
    Ok(sketches)
}

async fn seqs(tx: &mut EngineTx, kept: &[KeptSketch]) -> Result<HashMap<ItemId, i64>, StateError> {
    let query = rows(kept, |one| Ok([blob(one.id.0).into()]))?
        .lookup(|among| format!("SELECT id, seq FROM items WHERE id {among}"));
    let mut seqs = HashMap::with_capacity(kept.len());
    for row in query.fetch_all(tx.connection()).await? {
        seqs.insert(ItemId(uuid(row.try_get(0)?)?), row.try_get(1)?);
    }
    Ok(seqs)
}
