//! What consumers are waiting for, so that readiness can say why nothing moves; and what is to be known although it moves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Troubles by the name of who has them; empty when all is well. Beside them notes: what a person should know or decide
/// while everything goes on.
#[derive(Debug, Clone, Default)]
pub struct Health {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    troubles: BTreeMap<String, Trouble>,
    notes: BTreeMap<String, String>,
    /// How often each has failed since the process began.
    failures: BTreeMap<String, u64>,
}

/// What somebody waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What failed, for a person.
    pub reason: String,
    /// How often in a row.
    pub failures: u32,
}

impl Health {
    /// Notes that `name` failed once more.
    pub fn failed(&self, name: &str, reason: String) -> u32 {
        let mut state = self.state();
        let failures = state.troubles.get(name).map_or(0, |trouble| trouble.failures).saturating_add(1);
        state.troubles.insert(name.to_owned(), Trouble { reason, failures });
        *state.failures.entry(name.to_owned()).or_default() += 1;
        failures
    }

    /// Notes that `name` is well again.
    pub fn well(&self, name: &str) {
        self.state().troubles.remove(name);
    }

    /// Notes `note` under `name`, or takes back what was noted there. Answers whether that is news.
    pub fn note(&self, name: &str, note: Option<String>) -> bool {
        let notes = &mut self.state().notes;
        match note {
            Some(note) => notes.insert(name.to_owned(), note).is_none(),
            None => notes.remove(name).is_some(),
        }
    }

    /// What is noted, by name.
    #[must_use]
    pub fn notes(&self) -> BTreeMap<String, String> {
        self.state().notes.clone()
    }

    /// Who is in trouble.
    #[must_use]
    pub fn troubles(&self) -> BTreeMap<String, Trouble> {
        self.state().troubles.clone()
    }

    /// How often each has failed since the process began, also those who are well now.
    #[must_use]
    pub fn failures(&self) -> BTreeMap<String, u64> {
        self.state().failures.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change leaves the state whole, so a panic elsewhere has not broken it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_well_again_is_no_trouble_but_its_failures_stay_counted() {
        let health = Health::default();
        assert_eq!(health.failed("a", "x".to_owned()), 1);
        assert_eq!(health.failed("a", "x".to_owned()), 2);
        health.well("a");
        assert_eq!(health.failed("a", "y".to_owned()), 1, "in a row");
        health.well("a");
        assert!(health.troubles().is_empty());
        assert_eq!(health.failures()["a"], 3);
    }
}
