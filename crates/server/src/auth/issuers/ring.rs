//! The keys of one issuer as this node knows them: read now and then, kept for a while when they cannot be read, and read soon,
//! but not often, for a token whose key is not among them.
//!
//! One task reads them. A request never does: it says that a key is missing, and waits a moment where that is about to be read.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crisislens_sources::poll::Backoff;
use crisislens_stream::Health;
use metrics::counter;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::document::Document;
use super::keys::{self, Key, Keys};
use crate::auth::TokenError;
use crate::config::{Issuer, SignatureAlgorithm};

/// How often the document is read while all is well.
const READ_EVERY: Duration = Duration::from_secs(300);
/// The first wait after a failure; it doubles up to [`READ_EVERY`].
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// For tokens with an unknown key it is read again this long after it last was at the earliest.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// How long such a token waits for a reading that goes on, or begins at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// The keys of one issuer.
pub struct KeyRing {
    issuer: String,
    algorithms: Vec<SignatureAlgorithm>,
    /// For how long keys are taken that cannot be read again.
    max_age: Duration,
    document: Document,
    health: Health,
    known: RwLock<Known>,
    reading: watch::Sender<Reading>,
}

/// Where the task that reads the document is, and what it is asked.
#[derive(Default)]
struct Reading {
    /// When it last began to read.
    begun: Option<Instant>,
    is_going_on: bool,
    /// How often it has read.
    ended: u64,
    /// Whether somebody has missed a key since it last began.
    is_asked: bool,
}

#[derive(Default)]
struct Known {
    keys: Arc<Keys>,
    /// When they were read.
    at: Option<Instant>,
}

impl KeyRing {
    /// Knows no key yet.
    pub fn new(issuer: &Issuer, health: Health) -> anyhow::Result<Self> {
        Ok(Self {
            issuer: issuer.issuer.clone(),
            algorithms: issuer.algorithms.clone(),
            max_age: Duration::from_secs(issuer.keys_hours * 3600),
            document: Document::of(issuer)?,
            health,
            known: RwLock::default(),
            reading: watch::Sender::default(),
        })
    }

    /// The key of this name, if it is known, or is once the document has been read that is being read now.
    pub async fn find(&self, kid: &str) -> Result<Arc<Key>, TokenError> {
        let known = self.known(kid);
        if known.is_ok() {
            return known;
        }
        if let Some(number) = self.ask() {
            let mut reading = self.reading.subscribe();
            let _ = timeout(PATIENCE, reading.wait_for(|reading| reading.ended >= number)).await;
        }
        self.known(kid)
    }

    fn known(&self, kid: &str) -> Result<Arc<Key>, TokenError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = known.at.is_some_and(|at| at.elapsed() <= self.max_age);
        if !is_fresh {
            return Err(TokenError::Unavailable);
        }
        known.keys.get(kid).cloned().ok_or(TokenError::Invalid)
    }

    /// Says that a key is missing. The number of the reading to wait for, if that goes on or begins at once.
    fn ask(&self) -> Option<u64> {
        let mut awaited = None;
        self.reading.send_if_modified(|reading| {
            let is_due = reading.begun.is_none_or(|begun| begun.elapsed() >= ASK_AGAIN_AFTER);
            awaited = (reading.is_going_on || is_due).then_some(reading.ended + 1);
            !reading.is_going_on && !std::mem::replace(&mut reading.is_asked, true)
        });
        awaited
    }

    /// Reads the document for ever: now and then, and where a key was missed.
    pub async fn keep(&self) {
        let mut backoff = Backoff::new(RETRY_AFTER, READ_EVERY, rand::random());
        let mut reading = self.reading.subscribe();
        loop {
            let begun = Instant::now();
            let wait = if self.read().await {
                backoff.after_success();
                READ_EVERY
            } else {
                backoff.after_failure(None)
            };
            let asked = async {
                let _ = reading.wait_for(|reading| reading.is_asked).await;
                sleep_until(begun + ASK_AGAIN_AFTER).await;
            };
            tokio::select! {
                () = sleep(wait) => {}
                () = asked => {}
            }
        }
    }

    /// Reads the document once.
    pub async fn read(&self) -> bool {
        self.reading.send_modify(|reading| {
            *reading = Reading {
                begun: Some(Instant::now()),
                is_going_on: true,
                ended: reading.ended,
                is_asked: false,
            };
        });
        let is_read = self.take_document().await;
        self.reading.send_modify(|reading| {
            reading.is_going_on = false;
            reading.ended += 1;
        });
        is_read
    }

    /// The document's keys take the place of those before, or those stay.
    async fn take_document(&self) -> bool {
        counter!("crisislens_server_jwks_reads_total").increment(1);
        let document = self.document.read().await;
        let part = format!("issuer {}", self.issuer);
        match document.and_then(|document| keys::read(&document, &self.algorithms)) {
            Ok(keys) => {
                let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
                *known = Known { keys: Arc::new(keys), at: Some(Instant::now()) };
                drop(known);
                self.health.well(&part);
                true
            }
            Err(error) => {
                counter!("crisislens_server_jwks_failures_total").increment(1);
                let reason = format!("its keys cannot be read, and those it had go on for a while: {error}");
                if self.health.failed(&part, reason) == 1 {
                    tracing::warn!(issuer = self.issuer, error, "the keys of an issuer cannot be read");
                }
                false
            }
        }
    }
}

#[cfg(test)]
mod tests;
