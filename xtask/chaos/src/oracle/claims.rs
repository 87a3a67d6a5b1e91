//! Judges claims and their verification: nothing that was stated is lost, and no verification is done twice in effect.

use std::collections::{BTreeMap, BTreeSet};

use super::{Entry, Kind, Verdict};

/// A claim of the store.
#[derive(Debug, Clone, Default)]
pub struct ClaimSeen {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: u64,
    /// How many items it says make it.
    pub item_count: u64,
    /// How many items are found that make it.
    pub items: u64,
    /// Whether it was taken back before anybody looked: its item says something else by now.
    pub discarded: bool,
}

/// A workflow of the store.
#[derive(Debug, Clone, Default)]
pub struct WorkflowSeen {
    /// Its id.
    pub id: String,
    /// Its claim.
    pub claim: String,
    /// Which round of the claim's verification.
    pub round: u64,
    /// How it stands.
    pub status: String,
}

/// What is wrong with claims, workflows and the topic `claims`, once nothing is being verified any more.
pub fn judge(claims: &[ClaimSeen], workflows: &[WorkflowSeen], told: &[Entry], verdict: &mut Verdict) {
    let mut rounds: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for workflow in workflows {
        if !rounds.entry(&workflow.claim).or_default().insert(workflow.round) {
            let what = format!("claim {} has round {} twice", workflow.claim, workflow.round);
            verdict.add(Kind::DuplicateEffect, what);
        }
        if !matches!(workflow.status.as_str(), "completed" | "paused") {
            verdict.add(Kind::Lost, format!("workflow {} is left {}", workflow.id, workflow.status));
        }
    }
    for claim in claims {
        let last = rounds.get(claim.id.as_str()).map_or(0, |rounds| rounds.len() as u64);
        let highest = rounds.get(claim.id.as_str()).and_then(|rounds| rounds.last()).copied().unwrap_or(0);
        if last == 0 && claim.discarded && claim.items == 0 {
            // Nobody says it any more: nothing is to be verified.
        } else if last == 0 {
            verdict.add(Kind::Lost, format!("claim {} was never verified", claim.id));
        } else if last != highest {
            verdict.add(Kind::Lost, format!("claim {} has {last} rounds up to round {highest}", claim.id));
        }
        if claim.item_count != claim.items {
            let what =
                format!("claim {} counts {} items, and {} make it", claim.id, claim.item_count, claim.items);
            let kind = if claim.item_count > claim.items { Kind::DuplicateEffect } else { Kind::Lost };
            verdict.add(kind, what);
        }
    }
    // An event may stand on the log twice; two events of one version are two effects.
    let mut events: BTreeMap<(&str, u64), BTreeSet<&str>> = BTreeMap::new();
    let mut newest: BTreeMap<&str, u64> = BTreeMap::new();
    for entry in told {
        events.entry((&entry.thing, entry.version)).or_default().insert(&entry.event);
        let version = newest.entry(&entry.thing).or_default();
        *version = (*version).max(entry.version);
    }
    for ((claim, version), events) in events.into_iter().filter(|(_, events)| events.len() > 1) {
        let what = format!("version {version} of claim {claim} was told as {} events", events.len());
        verdict.add(Kind::DuplicateEffect, what);
    }
    for claim in claims {
        let told = newest.get(claim.id.as_str()).copied().unwrap_or(0);
        if told != claim.version {
            let what =
                format!("claim {} is at version {}, and {told} was told last", claim.id, claim.version);
            verdict.add(if told < claim.version { Kind::Lost } else { Kind::Phantom }, what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> (Vec<ClaimSeen>, Vec<WorkflowSeen>, Vec<Entry>) {
        let claim = ClaimSeen { id: "c".to_owned(), version: 2, item_count: 3, items: 3, discarded: false };
        let workflow = |round: u64| WorkflowSeen {
            id: format!("w{round}"),
            claim: "c".to_owned(),
            round,
            status: "completed".to_owned(),
        };
        let entry = |version: u64| Entry {
            event: format!("e{version}"),
            thing: "c".to_owned(),
            version,
            ..Entry::default()
        };
        (vec![claim], vec![workflow(1), workflow(2)], vec![entry(1), entry(2), entry(2)])
    }

    type Change = fn(&mut Vec<ClaimSeen>, &mut Vec<WorkflowSeen>, &mut Vec<Entry>);

    #[test]
    fn what_is_sound_holds_and_each_fault_is_seen() {
        let judged = |change: Change| {
            let (mut claims, mut workflows, mut told) = sound();
            change(&mut claims, &mut workflows, &mut told);
            let mut verdict = Verdict::default();
            judge(&claims, &workflows, &told, &mut verdict);
            (verdict.count(Kind::Lost), verdict.count(Kind::DuplicateEffect), verdict.anomalies.len())
        };
        assert_eq!(judged(|_, _, _| {}), (0, 0, 0));
        assert_eq!(judged(|_, workflows, _| workflows.clear()), (1, 0, 1));
        let gone: Change = |claims, workflows, _| {
            workflows.clear();
            claims[0] = ClaimSeen { item_count: 0, items: 0, discarded: true, ..claims[0].clone() };
        };
        assert_eq!(judged(gone), (0, 0, 0));
        assert_eq!(judged(|_, workflows, _| workflows[1].status = "running".to_owned()), (1, 0, 1));
        assert_eq!(judged(|_, workflows, _| workflows[1].round = 1), (0, 1, 1));
        assert_eq!(judged(|_, workflows, _| workflows[1].round = 3), (1, 0, 1));
        assert_eq!(judged(|claims, _, _| claims[0].item_count = 4), (0, 1, 1));
        assert_eq!(judged(|claims, _, _| claims[0].items = 4), (1, 0, 1));
        assert_eq!(judged(|_, _, told| told[2].event = "other".to_owned()), (0, 1, 1));
        assert_eq!(judged(|_, _, told| told.truncate(1)), (1, 0, 1));
    }
}
