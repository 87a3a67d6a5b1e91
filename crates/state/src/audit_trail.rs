//! Audit entries that stand by themselves: those of many callers go into one transaction.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Turn, oneshot};

use crate::audit::AuditEntry;
use crate::{Durability, StateError, Store};

/// Most entries in one transaction, unless one caller brings more.
const AT_ONCE: usize = 1_000;

/// Writes entries durably, those that come while a transaction is under way together in the next.
pub struct AuditTrail {
    store: Arc<dyn Store>,
    waiting: Mutex<Vec<Waiting>>,
    /// Who has it writes for all who wait.
    turn: Turn<()>,
}

struct Waiting {
    entries: Arc<[AuditEntry]>,
    written: oneshot::Sender<Result<(), String>>,
}

impl AuditTrail {
    /// A trail in this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, waiting: Mutex::default(), turn: Turn::default() }
    }

    /// Returns when the entries are durable. After an error, or when the caller goes away, they may be there or not; once they
    /// are, they are there once.
    pub async fn record(&self, entries: Vec<AuditEntry>) -> Result<(), StateError> {
        let entries: Arc<[AuditEntry]> = entries.into();
        let (written, mut told) = oneshot::channel();
        self.waiting().push(Waiting { entries: Arc::clone(&entries), written });
        let turn = tokio::select! {
            biased;
            told = &mut told => match told {
                Ok(told) => return told.map_err(failed_for_us),
                // Whoever wrote for us went away; an entry that is there already stays one.
                Err(_) => self.turn.lock().await,
            },
            turn = self.turn.lock() => turn,
        };
        if let Ok(told) = told.try_recv() {
            return told.map_err(failed_for_us);
        }
        let mut together = self.some_waiting();
        if !together.iter().any(|other| Arc::ptr_eq(&other.entries, &entries)) {
            together.push(Waiting { entries, written: oneshot::channel().0 });
        }
        let done = self.write(&together).await;
        for other in together {
            // Who has gone away needs no answer.
            let _ = other.written.send(done.as_ref().map(drop).map_err(ToString::to_string));
        }
        drop(turn);
        done
    }

    async fn write(&self, together: &[Waiting]) -> Result<(), StateError> {
        let mut tx = self.store.begin(Durability::Power).await?;
        for entry in together.iter().flat_map(|other| other.entries.iter()) {
            tx.record_audit(entry).await?;
        }
        tx.commit().await
    }

    /// Those who have waited longest, as many as one transaction takes.
    fn some_waiting(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting();
        let mut entries = 0;
        let fits = |other: &&Waiting| {
            entries += other.entries.len();
            entries <= AT_ONCE
        };
        let fit = waiting.iter().take_while(fits).count().max(1).min(waiting.len());
        waiting.drain(..fit).collect()
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The store failed for whoever wrote for others, too.
fn failed_for_us(reason: String) -> StateError {
    StateError::Unavailable(sqlx::Error::Io(std::io::Error::other(reason)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crisislens_model::Timestamp;
    use futures_util::future::join_all;
    use serde_json::json;
    use tempfile::TempDir;

    use super::*;
    use crate::sqlite::SqliteStore;

    async fn opened() -> (TempDir, Arc<SqliteStore>) {
        let dir = TempDir::new().unwrap();
        let store = SqliteStore::open(&dir.path().join("state.db")).await.unwrap();
        (dir, Arc::new(store))
    }

    fn entry(subject: usize) -> AuditEntry {
        AuditEntry::new(Timestamp::UNIX_EPOCH, "ada", "topics.publish", subject.to_string(), json!({}))
    }

    async fn subjects(store: &dyn Store) -> Vec<usize> {
        let found = store.audit(10_000, None).await.unwrap().items;
        let mut subjects: Vec<usize> = found.iter().map(|entry| entry.subject.parse().unwrap()).collect();
        subjects.sort_unstable();
        subjects
    }

    #[tokio::test]
    async fn entries_of_many_callers_are_all_there_once() {
        let (_dir, store) = opened().await;
        let trail = AuditTrail::new(store.clone());
        let callers = (0..100).map(|n| trail.record(vec![entry(3 * n), entry(3 * n + 1), entry(3 * n + 2)]));
        for written in join_all(callers).await {
            written.unwrap();
        }
        assert_eq!(subjects(&*store).await, (0..300).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_takes_nobody_along() {
        let (_dir, store) = opened().await;
        let trail = Arc::new(AuditTrail::new(store.clone()));
        let first = {
            let trail = Arc::clone(&trail);
            tokio::spawn(async move { trail.record(vec![entry(0)]).await })
        };
        let others = (1..20).map(|n| {
            let trail = Arc::clone(&trail);
            tokio::spawn(async move { trail.record(vec![entry(n)]).await })
        });
        let others: Vec<_> = others.collect();
        tokio::task::yield_now().await;
        first.abort();
        for other in others {
            tokio::time::timeout(Duration::from_secs(10), other).await.unwrap().unwrap().unwrap();
        }
        let found = subjects(&*store).await;
        assert_eq!(found.iter().filter(|subject| **subject > 0).count(), 19, "{found:?}");
    }

    #[tokio::test]
    async fn a_store_that_is_away_is_an_error_for_each_and_a_later_entry_is_written() {
        let (dir, store) = opened().await;
        let trail = AuditTrail::new(store.clone());
        store.close().await;
        for written in join_all((0..5).map(|n| trail.record(vec![entry(n)]))).await {
            assert!(written.is_err());
        }
        let store = Arc::new(SqliteStore::open(&dir.path().join("state.db")).await.unwrap());
        let trail = AuditTrail::new(store.clone());
        trail.record(vec![entry(7)]).await.unwrap();
        assert_eq!(subjects(&*store).await, [7]);
    }
}
