//! The keys of near copies: what came lately in runs, a batch in each, everything else in rows.
//!
//! Keys are evenly spread, so that a batch's rows go into as many pages of the table as it has keys. A run is one row, and once there
//! are enough of them their entries go into the table in its order: neighbours share a page, which is written once for all of them.
//! Look-ups read all runs and merge them with what they ask for.

use std::collections::{BTreeSet, HashMap};

use sqlx::Row;

use super::dialect::rows;
use super::{EngineTx, chunks};
use crate::StateError;
use crate::copies::MAX_BAND_ITEMS;

/// Runs and, in all of them, entries that a look-up reads at the most before they go into the table.
const MAX_RUNS: i64 = 64;
const MAX_RUN_ENTRIES: i64 = 96_000;
/// A key and the number of an item, both with the most significant byte first.
const ENTRY_BYTES: usize = 16;

/// A key, as the table orders it, and an item.
type Entry = (i64, i64);

/// The items under each of the `asked` keys in `weeks`, in their order. Of more than [`MAX_BAND_ITEMS`] not all are answered, but so many
/// that the key is seen to be full.
pub(super) async fn members(
    tx: &mut EngineTx,
    asked: &BTreeSet<i64>,
    weeks: [i64; 2],
) -> Result<HashMap<i64, Vec<i64>>, StateError> {
    let mut members: HashMap<i64, Vec<i64>> = HashMap::new();
    let [before, now] = weeks;
    let keys: Vec<i64> = asked.iter().copied().collect();
    for chunk in chunks(&keys) {
        // A key takes no more once it is full, so that there are few rows under each.
        let query = rows(chunk, |band| Ok([(*band).into()]))?.lookup(|among| {
            format!(
                "SELECT band, string_agg(CAST(seq AS TEXT), ',') FROM item_bands \
                 WHERE week IN ({before}, {now}) AND band {among} GROUP BY week, band"
            )
        });
        for row in query.fetch_all(tx.connection()).await? {
            let of_band = members.entry(row.try_get(0)?).or_default();
            for seq in row.try_get::<&str, _>(1)?.split(',').take(MAX_BAND_ITEMS + 1) {
                of_band.push(seq.parse().map_err(|_| StateError::Damaged {
                    what: "number of an item",
                    reason: format!("{seq} is none"),
                })?);
            }
        }
    }
    for run in runs(tx, weeks).await? {
        for (band, seq) in shared(asked, &entries(&run.entries)?) {
            members.entry(band).or_default().push(seq);
        }
    }
    // Revised in the second week, an item stands in both.
    for of_band in members.values_mut() {
        of_band.sort_unstable();
        of_band.dedup();
    }
    Ok(members)
}

/// Keeps a batch's entries, and puts those of all runs into the table where there are enough.
pub(super) async fn keep(tx: &mut EngineTx, mut batch: Vec<Entry>, week: i64) -> Result<(), StateError> {
    batch.sort_unstable();
    batch.dedup();
    // What is more than full says nothing.
    let mut under: (Option<i64>, usize) = (None, 0);
    batch.retain(|(band, _)| {
        under = if under.0 == Some(*band) { (under.0, under.1 + 1) } else { (Some(*band), 1) };
        under.1 <= MAX_BAND_ITEMS + 1
    });
    if batch.is_empty() {
        return Ok(());
    }
    sqlx::query("INSERT INTO item_band_runs (week, entries) VALUES ($1, $2)")
        .bind(week)
        .bind(bytes(&batch))
        .execute(tx.connection())
        .await?;
    let row = sqlx::query("SELECT COUNT(*), CAST(SUM(LENGTH(entries)) AS BIGINT) FROM item_band_runs")
        .fetch_one(tx.connection())
        .await?;
    let (count, bytes): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    if count >= MAX_RUNS || bytes / ENTRY_BYTES as i64 >= MAX_RUN_ENTRIES { settle(tx).await } else { Ok(()) }
}

/// Puts the entries of all runs into the table.
async fn settle(tx: &mut EngineTx) -> Result<(), StateError> {
    let runs = runs(tx, [i64::MIN, i64::MAX]).await?;
    let mut all: Vec<(i64, i64, i64)> = Vec::new();
    for Run { week, entries: of_run } in &runs {
        all.extend(entries(of_run)?.into_iter().map(|(band, seq)| (*week, band, seq)));
    }
    all.sort_unstable();
    all.dedup();
    for chunk in chunks(&all) {
        let query = rows(chunk, |(week, band, seq)| Ok([(*week).into(), (*band).into(), (*seq).into()]))?
            .query(|rows| format!("INSERT INTO item_bands (week, band, seq) {rows} ON CONFLICT DO NOTHING"));
        query.execute(tx.connection()).await?;
    }
    // Nobody else writes runs meanwhile: who does holds the lock of originals.
    sqlx::query("DELETE FROM item_band_runs").execute(tx.connection()).await?;
    Ok(())
}

struct Run {
    week: i64,
    entries: Vec<u8>,
}

/// The runs of the weeks from the first to the last.
async fn runs(tx: &mut EngineTx, [first, last]: [i64; 2]) -> Result<Vec<Run>, StateError> {
    let rows = sqlx::query("SELECT week, entries FROM item_band_runs WHERE week BETWEEN $1 AND $2")
        .bind(first)
        .bind(last)
        .fetch_all(tx.connection())
        .await?;
    rows.iter().map(|row| Ok(Run { week: row.try_get(0)?, entries: row.try_get(1)? })).collect()
}

fn bytes(entries: &[Entry]) -> Vec<u8> {
    entries.iter().flat_map(|(band, seq)| [band.to_be_bytes(), seq.to_be_bytes()]).flatten().collect()
}

fn entries(bytes: &[u8]) -> Result<Vec<Entry>, StateError> {
    let (numbers, rest) = bytes.as_chunks::<8>();
    let (pairs, odd) = numbers.as_chunks::<2>();
    if !rest.is_empty() || !odd.is_empty() {
        let reason = format!("{} bytes are no whole number of entries", bytes.len());
        return Err(StateError::Damaged { what: "run of keys", reason });
    }
    Ok(pairs.iter().map(|[band, seq]| (i64::from_be_bytes(*band), i64::from_be_bytes(*seq))).collect())
}

/// The entries with one of the `asked` keys; both are in order.
fn shared(asked: &BTreeSet<i64>, entries: &[Entry]) -> impl Iterator<Item = Entry> {
    let mut asked = asked.iter().peekable();
    entries.iter().copied().filter(move |(band, _)| {
        while asked.next_if(|key| *key < band).is_some() {}
        asked.peek() == Some(&band)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_as_it_was_written() {
        let written = [(i64::MIN, 7), (-1, 0), (0, 3), (i64::MAX, i64::MAX)];
        let run = bytes(&written);
        assert_eq!(run.len(), written.len() * ENTRY_BYTES);
        assert_eq!(entries(&run).unwrap(), written);
        for cut in [1, 8, 15] {
            assert!(entries(&run[..run.len() - cut]).is_err(), "{cut} bytes are missing");
        }
    }

    #[test]
    fn entries_are_found_by_the_keys_that_are_asked_for() {
        let run = [(-9, 1), (-9, 4), (0, 2), (5, 1), (5, 2), (8, 9)];
        let found = |asked: &[i64]| shared(&asked.iter().copied().collect(), &run).collect::<Vec<Entry>>();
        assert_eq!(found(&[-9, 5, 7]), [(-9, 1), (-9, 4), (5, 1), (5, 2)]);
        assert_eq!(found(&[-10, 1, 9]), []);
        assert_eq!(found(&[8]), [(8, 9)]);
        assert_eq!(found(&[]), []);
    }
}
