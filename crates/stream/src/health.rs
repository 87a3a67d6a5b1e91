//! What consumers are waiting for, so that readiness can say why nothing moves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Troubles by the name of who has them; empty when all is well.
#[derive(Debug, Clone, Default)]
pub struct Health {
    troubles: Arc<Mutex<BTreeMap<String, Trouble>>>,
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

    /// Who is in trouble.
    #[must_use]
    pub fn troubles(&self) -> BTreeMap<String, Trouble> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
