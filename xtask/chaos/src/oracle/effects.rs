//! Judges the store and the search: one item for each key, at its last revision, and one message for each alert.

use std::collections::{BTreeMap, BTreeSet};

use super::payload::{self, WriteId};
use super::{History, Kind, Observed, Verdict};

pub(super) fn judge(seed: u64, history: &History, observed: &Observed, verdict: &mut Verdict) {
    let items = judge_items(seed, history, observed, verdict);
    for WriteId { key, revision } in history.last_acknowledged() {
        match items.get(&key) {
            None => verdict.add(Kind::Lost, format!("there is no item of key {key}")),
            Some(seen) if *seen < revision => verdict.add(
                Kind::Lost,
                format!("the item of key {key} stands at revision {seen}; {revision} was acknowledged"),
            ),
            Some(_) => {}
        }
    }
    let stored = observed.items.len() as u64;
    if observed.found < stored {
        verdict.add(Kind::Lost, format!("search finds {} of {stored} items", observed.found));
    }
    if observed.found > stored {
        verdict.add(Kind::DuplicateEffect, format!("search finds {} items of {stored}", observed.found));
    }
    judge_told(observed, verdict);
}

/// The revision that the item of each key stands at.
fn judge_items(
    seed: u64,
    history: &History,
    observed: &Observed,
    verdict: &mut Verdict,
) -> BTreeMap<u32, u32> {
    let mut standing = BTreeMap::new();
    for item in &observed.items {
        let Ok(id) = payload::read(seed, &item.text) else {
            verdict.add(Kind::Corrupted, format!("item {}: {}", item.id, item.text));
            continue;
        };
        if !history.was_sent(id) {
            verdict.add(Kind::Phantom, format!("item {}: nobody sent {id:?}", item.id));
        }
        if standing.insert(id.key, id.revision).is_some() {
            verdict.add(Kind::DuplicateEffect, format!("key {} has two items", id.key));
        }
        let changes = observed.normalized.iter().filter(|entry| {
            entry.thing == item.id && payload::read(seed, &entry.text).is_ok_and(|write| write.key == id.key)
        });
        let distinct = changes.map(|entry| entry.event.as_str()).collect::<BTreeSet<_>>().len() as u64;
        if item.revision != distinct {
            let kind = if item.revision > distinct { Kind::Lost } else { Kind::DuplicateEffect };
            let what = format!(
                "the item of key {} has had {} revisions, and {distinct} were told (normalized-items)",
                id.key, item.revision
            );
            verdict.add(kind, what);
        }
    }
    standing
}

fn judge_told(observed: &Observed, verdict: &mut Verdict) {
    let told = &observed.told;
    let mut members: BTreeMap<&str, u64> = BTreeMap::new();
    for incident in observed.items.iter().filter_map(|item| item.incident.as_deref()) {
        *members.entry(incident).or_default() += 1;
    }
    for (incident, count) in &told.incidents {
        let members = members.remove(incident.as_str()).unwrap_or(0);
        if *count != members {
            let kind = if *count > members { Kind::DuplicateEffect } else { Kind::Lost };
            verdict.add(kind, format!("incident {incident} counts {count} items and has {members}"));
        }
    }
    for incident in members.keys() {
        verdict.add(Kind::Lost, format!("incident {incident} has items and is not there"));
    }
    once("alert for incident", told.alerts.iter().map(|alert| alert.incident.clone()), verdict);
    once("notification", told.notifications.iter().map(|one| one.id.clone()), verdict);
    let tellings = told.notifications.iter().map(|one| format!("{} r{}", one.alert, one.revision));
    once("notification of alert", tellings, verdict);
    once("message", told.mails.iter().map(|(id, _)| id.clone()), verdict);
    once("message of notification", told.mails.iter().map(|(_, notification)| notification.clone()), verdict);
    let notified: BTreeSet<(&str, u64)> =
        told.notifications.iter().map(|one| (one.alert.as_str(), one.revision)).collect();
    for alert in &told.alerts {
        for revision in 1..=alert.revision {
            if !notified.contains(&(alert.id.as_str(), revision)) {
                verdict.add(Kind::Lost, format!("revision {revision} of alert {} was not told", alert.id));
            }
        }
    }
    let sent: BTreeSet<&str> = told.mails.iter().map(|(_, notification)| notification.as_str()).collect();
    for one in &told.notifications {
        let was_sent = sent.contains(one.id.as_str());
        let later = |other: &&super::NotificationSeen| {
            other.alert == one.alert && other.revision > one.revision && sent.contains(other.id.as_str())
        };
        if one.replaced && was_sent {
            verdict.add(Kind::Phantom, format!("notification {} was given up and sent", one.id));
        }
        let has_successor = one.replaced && told.notifications.iter().any(|other| later(&other));
        if !was_sent && !has_successor {
            verdict.add(Kind::Lost, format!("notification {} was not sent", one.id));
        }
    }
    if told.mails.len() > told.notifications.len() {
        verdict.add(Kind::Phantom, "there are more messages than notifications".to_owned());
    }
}

fn once(what: &str, things: impl Iterator<Item = String>, verdict: &mut Verdict) {
    let mut seen = BTreeSet::new();
    for thing in things {
        if seen.contains(&thing) {
            verdict.add(Kind::DuplicateEffect, format!("{what} {thing} twice"));
        }
        seen.insert(thing);
    }
}
