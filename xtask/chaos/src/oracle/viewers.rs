//! Judges live clients: each was shown every event of its room once, and each thing's versions in order.

use std::collections::{BTreeSet, HashMap};

use super::logs::first_of_each_event;
use super::{Kind, Observed, Verdict};

pub(super) fn judge(observed: &Observed, verdict: &mut Verdict) {
    let entries = first_of_each_event(&observed.normalized).into_iter();
    let entries = entries.chain(first_of_each_event(&observed.alerts));
    let expected: BTreeSet<(&str, u64)> = entries
        .filter(|entry| !entry.thing.is_empty())
        .map(|entry| (entry.thing.as_str(), entry.version))
        .collect();
    for (number, viewer) in observed.viewers.iter().enumerate() {
        let mut seen: BTreeSet<(&str, u64)> = BTreeSet::new();
        let mut last: HashMap<&str, u64> = HashMap::new();
        for (thing, version) in &viewer.events {
            let event = (thing.as_str(), *version);
            if !expected.contains(&event) {
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
        if viewer.resyncs == 0 {
            for (thing, version) in expected.difference(&seen) {
                let what = format!("client {number} was never shown {thing} version {version}");
                verdict.add(Kind::Lost, what);
            }
        }
    }
}
