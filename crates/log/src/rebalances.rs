//! How often the partitions of a group have changed hands, as this process saw it since it began.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crisislens_model::Topic;

/// The counts, shared by everybody who holds a copy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rebalances(Arc<Mutex<BTreeMap<(String, Topic), u64>>>);

impl Rebalances {
    /// Counts one for `group`, which reads `topic`.
    pub fn count(&self, group: &str, topic: Topic) {
        metrics::counter!("crisislens_log_rebalances_total", "group" => group.to_owned(), "topic" => topic.as_str())
            .increment(1);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((group.to_owned(), topic)).or_default() += 1;
    }

    /// As [`crate::EventLog::rebalances`].
    pub fn seen(&self) -> BTreeMap<(String, Topic), u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
