//! What consumers are waiting for, so that readiness can say why nothing moves; and what is to be known although it moves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Troubles by the name of who has them; empty when all is well. Beside them notes: what a person should know or decide
/// while everything goes on.
#[derive(Debug, Clone, Default)]
pub struct Health {
    troubles: Arc<Mutex<BTreeMap<String, Trouble>>>,
    notes: Arc<Mutex<BTreeMap<String, String>>>,
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
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = troubles.get(name).map_or(0, |trouble| trouble.failures).saturating_add(1);
        troubles.insert(name.to_owned(), Trouble { reason, failures });
        failures
    }

    /// Notes that `name` is well again.
    pub fn well(&self, name: &str) {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// Notes `note` under `name`, or takes back what was noted there. Answers whether that is news.
    pub fn note(&self, name: &str, note: Option<String>) -> bool {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        match note {
            Some(note) => notes.insert(name.to_owned(), note).is_none(),
            None => notes.remove(name).is_some(),
        }
    }

    /// What is noted, by name.
    #[must_use]
    pub fn notes(&self) -> BTreeMap<String, String> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Who is in trouble.
    #[must_use]
    pub fn troubles(&self) -> BTreeMap<String, Trouble> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
