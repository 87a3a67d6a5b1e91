//! What goes on in the world of made items: each joins an incident or opens one as the stream decides it, so that incidents lie as close in
//! space and time as they do there, and no closer.

use std::collections::{BTreeSet, HashMap};

use crisislens_analysis::incident::{self, Decision, keys};
use crisislens_model::{Incident, Item};
use crisislens_state::incidents::IncidentIndex;

/// The incidents, and those that have changed since they were last asked for.
#[derive(Default)]
pub struct GoingOn {
    all: Vec<Incident>,
    under: HashMap<u64, Vec<usize>>,
    changed: BTreeSet<usize>,
    moved: BTreeSet<usize>,
}

impl GoingOn {
    /// An item is said.
    pub fn say(&mut self, item: &Item) {
        let near: BTreeSet<usize> =
            keys::of_item(item).iter().filter_map(|key| self.under.get(key)).flatten().copied().collect();
        let near: Vec<usize> = near.into_iter().collect();
        let open: Vec<Incident> = near.iter().map(|at| self.all[*at].clone()).collect();
        let (at, before) = match incident::decide(item, &open) {
            Decision::Stay => return,
            Decision::Join { index, .. } => {
                let before = keys::of_incident(&open[index]);
                incident::join(&mut self.all[near[index]], item);
                (near[index], before)
            }
            Decision::Open => {
                self.all.push(incident::open(item));
                (self.all.len() - 1, Vec::new())
            }
        };
        self.changed.insert(at);
        let after = keys::of_incident(&self.all[at]);
        if before == after {
            return;
        }
        self.moved.insert(at);
        for key in before {
            self.under.entry(key).or_default().retain(|other| *other != at);
        }
        for key in after {
            self.under.entry(key).or_default().push(at);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// What is to be written: incidents that have changed, and what those are found by that are found by something else.
    pub fn news(&mut self) -> (Vec<Incident>, Vec<IncidentIndex>) {
        let changed = std::mem::take(&mut self.changed).into_iter().map(|at| self.all[at].clone()).collect();
        let moved = std::mem::take(&mut self.moved).into_iter().map(|at| {
            let incident = &self.all[at];
            IncidentIndex { id: incident.id, keys: keys::of_incident(incident), due: None }
        });
        (changed, moved.collect())
    }
}
