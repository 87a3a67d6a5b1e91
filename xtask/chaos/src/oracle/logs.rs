//! Judges the topics: each acknowledged write is on `raw-items` and, once, on `normalized-items`; keys keep their order.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::payload::{self, Unreadable, WriteId};
use super::{Entry, History, Kind, Observed, Verdict};

/// `ce_type` of a record that made an item.
const CREATED: &str = "crisislens.item.created";
/// `ce_type` of a record that changed an item.
const UPDATED: &str = "crisislens.item.updated";

pub(super) fn judge(seed: u64, history: &History, observed: &Observed, verdict: &mut Verdict) {
    let raw = first_of_each_event(&observed.raw);
    let raw = readable(seed, "raw-items", &raw, history, verdict);
    // A writer that got no answer sends again, so on raw-items a write may stand twice; what counts is where it first does.
    let mut first = Vec::new();
    let mut seen = BTreeSet::new();
    for (id, entry) in raw {
        if seen.insert(id) {
            first.push((id, entry));
        }
    }
    judge_presence("raw-items", history, &seen, verdict);
    judge_order("raw-items", &first, verdict);

    let changes: Vec<&Entry> = first_of_each_event(&observed.normalized)
        .into_iter()
        .filter(|entry| entry.kind == CREATED || entry.kind == UPDATED)
        .collect();
    let changes = readable(seed, "normalized-items", &changes, history, verdict);
    let seen: BTreeSet<WriteId> = changes.iter().map(|(id, _)| *id).collect();
    judge_presence("normalized-items", history, &seen, verdict);
    judge_order("normalized-items", &changes, verdict);
    let mut times: BTreeMap<WriteId, u32> = BTreeMap::new();
    let mut created: BTreeMap<u32, u32> = BTreeMap::new();
    for (id, entry) in &changes {
        *times.entry(*id).or_default() += 1;
        if entry.kind == CREATED {
            *created.entry(id.key).or_default() += 1;
        }
    }
    for (id, times) in times.into_iter().filter(|(_, times)| *times > 1) {
        let (key, revision) = (id.key, id.revision);
        verdict.add(
            Kind::DuplicateEffect,
            format!("key {key} revision {revision} took effect {times} times (normalized-items)"),
        );
    }
    for (key, times) in created.into_iter().filter(|(_, times)| *times > 1) {
        verdict.add(Kind::DuplicateEffect, format!("the item of key {key} was made {times} times"));
    }
}

/// An event that stands on a topic twice is one event: consumers drop the second.
pub(super) fn first_of_each_event(entries: &[Entry]) -> Vec<&Entry> {
    let mut events = BTreeSet::new();
    entries.iter().filter(|entry| entry.event.is_empty() || events.insert(entry.event.as_str())).collect()
}

/// The entries that are writes of this trial; what was altered or never sent is noted.
fn readable<'a>(
    seed: u64,
    topic: &str,
    entries: &[&'a Entry],
    history: &History,
    verdict: &mut Verdict,
) -> Vec<(WriteId, &'a Entry)> {
    let mut writes = Vec::new();
    for entry in entries {
        let place = format!("{topic}/{}/{}", entry.partition, entry.offset);
        match payload::read(seed, &entry.text) {
            Ok(id) if history.was_sent(id) => writes.push((id, *entry)),
            Ok(id) => verdict.add(Kind::Phantom, format!("{place}: nobody sent {id:?}")),
            Err(Unreadable::Corrupted) => verdict.add(Kind::Corrupted, format!("{place}: {}", entry.text)),
            Err(Unreadable::Foreign) => {}
        }
    }
    writes
}

fn judge_presence(topic: &str, history: &History, seen: &BTreeSet<WriteId>, verdict: &mut Verdict) {
    for WriteId { key, revision } in history.all_acknowledged().filter(|id| !seen.contains(id)) {
        verdict
            .add(Kind::Lost, format!("key {key} revision {revision} was acknowledged and is not on {topic}"));
    }
}

fn judge_order(topic: &str, writes: &[(WriteId, &Entry)], verdict: &mut Verdict) {
    let mut last: HashMap<u32, (u64, u32)> = HashMap::new();
    for (id, entry) in writes {
        let place = format!("{topic}/{}/{}", entry.partition, entry.offset);
        match last.insert(id.key, (entry.partition, id.revision)) {
            Some((partition, _)) if partition != entry.partition => {
                verdict.add(Kind::Reordered, format!("{place}: key {} is in two partitions", id.key));
            }
            Some((_, before)) if before > id.revision => verdict.add(
                Kind::Reordered,
                format!("{place}: key {} revision {} comes after {before}", id.key, id.revision),
            ),
            _ => {}
        }
    }
}
