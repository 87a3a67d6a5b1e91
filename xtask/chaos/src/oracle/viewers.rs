//! Judges live clients: each was shown every event of its room once, and each thing's versions in order. Where one was told to
//! fetch everything anew, that excuses what it missed just before, and only where what it fetched has it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::logs::first_of_each_event;
use super::{Kind, Observed, Verdict, Viewed};

/// Where an event stands: topic, partition and offset.
type Place = (&'static str, u64, u64);

pub(super) fn judge(observed: &Observed, verdict: &mut Verdict) {
    let topics = [("normalized-items", &observed.normalized), ("alerts", &observed.alerts)];
    let entries = topics.into_iter().flat_map(|(topic, entries)| {
        first_of_each_event(entries).into_iter().map(move |entry| (topic, entry))
    });
    let expected: BTreeMap<(&str, u64), Place> = entries
        .filter(|(_, entry)| !entry.thing.is_empty())
        .map(|(topic, entry)| ((entry.thing.as_str(), entry.version), (topic, entry.partition, entry.offset)))
        .collect();
    for (number, viewer) in observed.viewers.iter().enumerate() {
        let mut seen: BTreeSet<(&str, u64)> = BTreeSet::new();
        let mut last: HashMap<&str, u64> = HashMap::new();
        for (thing, version) in &viewer.events {
            let event = (thing.as_str(), *version);
            if !expected.contains_key(&event) {
                let what =
                    format!("client {number} was shown {thing} version {version}, which no topic holds");
                verdict.add(Kind::Phantom, what);
            }
            if !seen.insert(event) {
                let what = format!("client {number} was shown {thing} version {version} twice");
                verdict.add(Kind::DuplicateEffect, what);
                continue;
            }
            if let Some(before) = last.insert(thing.as_str(), *version).filter(|before| before > version) {
                let what = format!("client {number} was shown {thing} version {version} after {before}");
                verdict.add(Kind::Reordered, what);
            }
        }
        for ((thing, version), place) in &expected {
            if !seen.contains(&(*thing, *version)) && !is_excused(viewer, &expected, thing, *version, *place)
            {
                let what = format!("client {number} was never shown {thing} version {version}");
                verdict.add(Kind::Lost, what);
            }
        }
    }
}

/// Whether a resync announced the gap that this event fell into, and mended it: what was fetched then has it, and nothing that
/// comes after it in its partition had been shown before.
fn is_excused(
    viewer: &Viewed,
    expected: &BTreeMap<(&str, u64), Place>,
    thing: &str,
    version: u64,
    (topic, partition, offset): Place,
) -> bool {
    viewer.resyncs.iter().any(|resync| {
        let was_fetched = resync.state.get(thing).is_some_and(|fetched| *fetched >= version);
        let before = viewer.events.iter().take(resync.after);
        let mut places = before.filter_map(|(thing, version)| expected.get(&(thing.as_str(), *version)));
        was_fetched && !places.any(|shown| (shown.0, shown.1) == (topic, partition) && shown.2 > offset)
    })
}
