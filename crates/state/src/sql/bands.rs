//! The keys of near copies: what came lately in runs, a batch in each, everything else in one row a key.
//!
//! Keys are evenly spread, so that a batch's go into as many pages of their table as it has keys. A run is one row, and once there are
//! enough of them their entries go into the table in its order: neighbours share a page, which is written once for all of them.
//! Look-ups read all runs and merge them with what they ask for.

use std::collections::HashMap;
use std::fmt::Write as _;

use sqlx::Row;

use super::dialect::rows;
use super::{EngineTx, chunks, number};
use crate::StateError;
use crate::copies::MAX_BAND_ITEMS;

/// Runs and, in all of them, entries that a look-up reads at the most before they go into the table.
const MAX_RUNS: i64 = 64;
const MAX_RUN_ENTRIES: i64 = 96_000;
/// A key and the number of an item, both with the most significant byte first.
const ENTRY_BYTES: usize = 16;
/// What stands in the place of numbers under a key that more than [`MAX_BAND_ITEMS`] share.
const FULL: &str = "full";

/// A key, as the table orders it, and an item.
type Entry = (i64, i64);

/// What is under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Members {
    /// These, in their order.
    Few(Vec<i64>),
    /// More than [`MAX_BAND_ITEMS`]: they say nothing.
    Full,
}

impl Members {
    pub(super) fn few(&self) -> Option<&[i64]> {
        match self {
            Self::Few(seqs) => Some(seqs),
            Self::Full => None,
        }
    }

    fn push(&mut self, seq: i64) {
        if let Self::Few(seqs) = self {
            seqs.push(seq);
        }
    }

    fn put_in_order(&mut self) {
        if let Self::Few(seqs) = self {
            seqs.sort_unstable();
            seqs.dedup();
            if seqs.len() > MAX_BAND_ITEMS {
                *self = Self::Full;
            }
        }
    }

    /// As the table has it.
    fn listed(&self) -> String {
        let Self::Few(seqs) = self else { return FULL.to_owned() };
        let mut listed = String::with_capacity(8 * seqs.len());
        for seq in seqs {
            let comma = if listed.is_empty() { "" } else { "," };
            // Writing to a string cannot fail.
            let _ = write!(listed, "{comma}{seq}");
        }
        listed
    }

    fn read(&mut self, listed: &str) -> Result<(), StateError> {
        if listed == FULL {
            *self = Self::Full;
            return Ok(());
        }
        for seq in listed.split(',') {
            self.push(number("number of an item", seq)?);
        }
        Ok(())
    }
}

impl Default for Members {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

/// What is under each of the `asked` keys, which are in order, in two weeks; keys under which nothing is have no place in it.
pub(super) async fn members(
    tx: &mut EngineTx,
    asked: &[i64],
    [before, now]: [i64; 2],
) -> Result<HashMap<i64, Members>, StateError> {
    let mut members: HashMap<i64, Members> = HashMap::new();
    settled(tx, [before, now], asked, &mut members).await?;
    for run in runs(tx, [before, now]).await? {
        for (band, seq) in shared(asked, &run.entries)? {
            members.entry(band).or_default().push(seq);
        }
    }
    // Revised in the second week, an item stands in both.
    members.values_mut().for_each(Members::put_in_order);
    Ok(members)
}

/// Adds what the table has under the keys of two weeks.
async fn settled(
    tx: &mut EngineTx,
    [one, other]: [i64; 2],
    keys: &[i64],
    members: &mut HashMap<i64, Members>,
) -> Result<(), StateError> {
    for chunk in chunks(keys) {
        // In one row: of near copies every key is there, and a row takes longer than what is in it.
        let query = rows(chunk, |band| Ok([(*band).into()]))?.lookup(|among| {
            format!(
                "SELECT string_agg(CAST(band AS TEXT) || ':' || seqs, ';') FROM item_keys \
                 WHERE week IN ({one}, {other}) AND band {among}"
            )
        });
        let row = query.fetch_one(tx.connection()).await?;
        let Some(listed) = row.try_get::<Option<&str>, _>(0)? else { continue };
        for of_band in listed.split(';') {
            let (band, seqs) = of_band.split_once(':').unwrap_or_default();
            members.entry(number("key", band)?).or_default().read(seqs)?;
        }
    }
    Ok(())
}

/// Keeps a batch's entries, and puts those of all runs into the table where there are enough.
pub(super) async fn keep(tx: &mut EngineTx, mut batch: Vec<Entry>, week: i64) -> Result<(), StateError> {
    if batch.is_empty() {
        return Ok(());
    }
    batch.sort_unstable();
    sqlx::query("INSERT INTO item_key_runs (week, entries) VALUES ($1, $2)")
        .bind(week)
        .bind(bytes(&batch))
        .execute(tx.connection())
        .await?;
    let row = sqlx::query("SELECT COUNT(*), CAST(SUM(LENGTH(entries)) AS BIGINT) FROM item_key_runs")
        .fetch_one(tx.connection())
        .await?;
    let (count, bytes): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    if count >= MAX_RUNS || bytes / ENTRY_BYTES as i64 >= MAX_RUN_ENTRIES { settle(tx).await } else { Ok(()) }
}

/// Puts the entries of all runs into the table.
async fn settle(tx: &mut EngineTx) -> Result<(), StateError> {
    let mut by_week: HashMap<i64, HashMap<i64, Members>> = HashMap::new();
    for run in runs(tx, [i64::MIN, i64::MAX]).await? {
        let of_week = by_week.entry(run.week).or_default();
        for (band, seq) in entries(&run.entries)? {
            of_week.entry(band).or_default().push(seq);
        }
    }
    for (week, mut members) in by_week {
        let mut keys: Vec<i64> = members.keys().copied().collect();
        keys.sort_unstable();
        settled(tx, [week, week], &keys, &mut members).await?;
        members.values_mut().for_each(Members::put_in_order);
        for chunk in chunks(&keys) {
            let query = rows(chunk, |band| {
                let seqs = members.get(band).map(Members::listed).unwrap_or_default();
                Ok([week.into(), (*band).into(), seqs.into()])
            })?
            .query(|rows| {
                format!(
                    "INSERT INTO item_keys (week, band, seqs) {rows} \
                     ON CONFLICT (week, band) DO UPDATE SET seqs = excluded.seqs"
                )
            });
            query.execute(tx.connection()).await?;
        }
    }
    // Nobody else writes runs meanwhile: who does holds the lock of originals.
    sqlx::query("DELETE FROM item_key_runs").execute(tx.connection()).await?;
    Ok(())
}

struct Run {
    week: i64,
    entries: Vec<u8>,
}

/// The runs of the weeks from the first to the last.
async fn runs(tx: &mut EngineTx, [first, last]: [i64; 2]) -> Result<Vec<Run>, StateError> {
    let rows = sqlx::query("SELECT week, entries FROM item_key_runs WHERE week BETWEEN $1 AND $2")
        .bind(first)
        .bind(last)
        .fetch_all(tx.connection())
        .await?;
    rows.iter().map(|row| Ok(Run { week: row.try_get(0)?, entries: row.try_get(1)? })).collect()
}

fn bytes(entries: &[Entry]) -> Vec<u8> {
    entries.iter().flat_map(|(band, seq)| [band.to_be_bytes(), seq.to_be_bytes()]).flatten().collect()
}

/// The entries that a run's bytes are.
fn entries(bytes: &[u8]) -> Result<impl Iterator<Item = Entry>, StateError> {
    Ok(pairs(bytes)?.iter().map(entry))
}

fn pairs(bytes: &[u8]) -> Result<&[[u8; ENTRY_BYTES]], StateError> {
    let (pairs, odd) = bytes.as_chunks::<ENTRY_BYTES>();
    if !odd.is_empty() {
        let reason = format!("{} bytes are no whole number of entries", bytes.len());
        return Err(StateError::Damaged { what: "run of keys", reason });
    }
    Ok(pairs)
}

fn entry(pair: &[u8; ENTRY_BYTES]) -> Entry {
    let both = u128::from_be_bytes(*pair);
    (((both >> 64) as u64).cast_signed(), (both as u64).cast_signed())
}

/// The entries of a run with one of the `asked` keys, which are in order, as the run is. The way to the next key is found by doublings, so
/// that few keys cost little in a long run, and many no more than reading it.
fn shared(asked: &[i64], run: &[u8]) -> Result<Vec<Entry>, StateError> {
    let mut rest = pairs(run)?;
    let mut found = Vec::new();
    for key in asked {
        let is_before = |pair: &[u8; ENTRY_BYTES]| entry(pair).0 < *key;
        let mut ahead = 1;
        while rest.get(ahead).is_some_and(is_before) {
            ahead *= 2;
        }
        let (near, _) = rest.split_at(rest.len().min(ahead + 1));
        rest = rest.split_at(near.partition_point(is_before)).1;
        found.extend(rest.iter().map(entry).take_while(|(band, _)| band == key));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_as_it_was_written() {
        let written = [(i64::MIN, 7), (-1, 0), (0, 3), (i64::MAX, i64::MAX)];
        let run = bytes(&written);
        assert_eq!(run.len(), written.len() * ENTRY_BYTES);
        assert_eq!(entries(&run).unwrap().collect::<Vec<Entry>>(), written);
        for cut in [1, 8, 15] {
            assert!(entries(&run[..run.len() - cut]).is_err(), "{cut} bytes are missing");
        }
    }

    #[test]
    fn what_is_under_a_key_is_read_as_it_was_listed() {
        let mut few = Members::Few(vec![40, 3, 5, 3]);
        few.put_in_order();
        let mut many = Members::Few((0..=MAX_BAND_ITEMS as i64).collect());
        many.put_in_order();
        assert_eq!((few.listed().as_str(), many.listed().as_str()), ("3,5,40", FULL));
        for members in [few, many] {
            let mut read = Members::default();
            read.read(&members.listed()).unwrap();
            assert_eq!(read, members);
            // What is full stays so, whatever comes.
            read.read("7,8").unwrap();
            assert_eq!(read.few().is_none(), members == Members::Full);
        }
        assert!(Members::default().read("3,,5").is_err());
    }

    #[test]
    fn entries_are_found_by_the_keys_that_are_asked_for() {
        let run = bytes(&[(-9, 1), (-9, 4), (0, 2), (5, 1), (5, 2), (8, 9)]);
        let found = |asked: &[i64]| shared(asked, &run).unwrap();
        assert_eq!(found(&[-9, 5, 7]), [(-9, 1), (-9, 4), (5, 1), (5, 2)]);
        assert_eq!(found(&[-10, 1, 9]), []);
        assert_eq!(found(&[8]), [(8, 9)]);
        assert_eq!(found(&[-9, 0, 5, 8, 10]).len(), 6);
        assert_eq!(found(&[]), []);
        let long: Vec<Entry> = (0..1_000).map(|n| (3 * n, n)).collect();
        let asked: Vec<i64> = (0..100).map(|n| 31 * n).collect();
        let expected: Vec<Entry> = long.iter().copied().filter(|(band, _)| asked.contains(band)).collect();
        assert_eq!(shared(&asked, &bytes(&long)).unwrap(), expected);
    }
}
