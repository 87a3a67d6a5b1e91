//! The keys of one issuer as this node knows them: read now and then, kept for a while when they cannot be read, and read at once,
//! but not often, for a token whose key is not among them.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crisislens_sources::poll::Backoff;
use crisislens_stream::Health;
use metrics::counter;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

use super::document::{Document, WITHIN};
use super::keys::{self, Key, Keys};
use crate::auth::TokenError;
use crate::config::{Issuer, SignatureAlgorithm};

/// How often the document is read while all is well.
const READ_EVERY: Duration = Duration::from_secs(300);
/// The first wait after a failure; it doubles up to [`READ_EVERY`].
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// For tokens with an unknown key it is read again this long after the last time at the earliest.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// The keys of one issuer.
pub struct KeyRing {
    issuer: String,
    algorithms: Vec<SignatureAlgorithm>,
    /// For how long keys are taken that cannot be read again.
    max_age: Duration,
    document: Document,
    health: Health,
    known: RwLock<Known>,
    /// When reading last began. Held while it goes on, so that there is one at a time.
    reading: Mutex<Option<Instant>>,
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
            reading: Mutex::default(),
        })
    }

    /// The key of this name. If it is not known the document is read again, unless it just was.
    pub async fn find(&self, kid: &str) -> Result<Arc<Key>, TokenError> {
        if let Ok(key) = self.known(kid) {
            return Ok(key);
        }
        let Ok(mut last) = timeout(WITHIN, self.reading.lock()).await else { return self.known(kid) };
        // Whoever had it before may have read this key.
        let known = self.known(kid);
        if known.is_ok() || last.is_some_and(|last| last.elapsed() < ASK_AGAIN_AFTER) {
            return known;
        }
        *last = Some(Instant::now());
        self.read().await;
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

    /// Reads the document for ever.
    pub async fn keep(&self) {
        let mut backoff = Backoff::new(RETRY_AFTER, READ_EVERY, rand::random());
        loop {
            let mut last = self.reading.lock().await;
            *last = Some(Instant::now());
            let is_read = self.read().await;
            drop(last);
            let wait = if is_read {
                backoff.after_success();
                READ_EVERY
            } else {
                backoff.after_failure(None)
            };
            sleep(wait).await;
        }
    }

    /// Reads the document once; its keys take the place of those before, or those stay.
    async fn read(&self) -> bool {
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
mod tests {
    use std::path::Path;

    use super::super::forged::{PUBLIC, configured, key_set};
    use super::*;

    fn ring(file: &Path) -> KeyRing {
        let issuer = Issuer { jwks: file.to_str().unwrap().into(), ..configured() };
        KeyRing::new(&issuer, Health::default()).unwrap()
    }

    async fn finds(ring: &KeyRing, kid: &str) -> Option<TokenError> {
        ring.find(kid).await.err()
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_key_is_found_but_unknown_ones_have_the_document_read_rarely() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("keys.json");
        let ring = ring(&file);
        assert_eq!(finds(&ring, "one").await, Some(TokenError::Unavailable), "there is no document");
        std::fs::write(&file, key_set(&[("one", PUBLIC)])).unwrap();
        assert_eq!(finds(&ring, "one").await, Some(TokenError::Unavailable), "it was just looked for");
        tokio::time::advance(ASK_AGAIN_AFTER).await;
        assert_eq!(finds(&ring, "one").await, None);
        // Two at a time: the new one beside the old, which is then left out.
        std::fs::write(&file, key_set(&[("one", PUBLIC), ("two", PUBLIC)])).unwrap();
        assert_eq!(finds(&ring, "two").await, Some(TokenError::Invalid));
        for flood in 0..100 {
            assert_eq!(finds(&ring, &format!("made up {flood}")).await, Some(TokenError::Invalid));
        }
        tokio::time::advance(ASK_AGAIN_AFTER).await;
        assert_eq!(finds(&ring, "made up").await, Some(TokenError::Invalid));
        assert_eq!((finds(&ring, "one").await, finds(&ring, "two").await), (None, None));
        std::fs::write(&file, key_set(&[("two", PUBLIC)])).unwrap();
        tokio::time::advance(ASK_AGAIN_AFTER).await;
        assert_eq!(finds(&ring, "one").await, None, "a known key asks nobody");
        assert_eq!(finds(&ring, "made up").await, Some(TokenError::Invalid));
        assert_eq!(finds(&ring, "one").await, Some(TokenError::Invalid), "the document names it no more");
        assert_eq!(finds(&ring, "two").await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn keys_that_cannot_be_read_again_hold_for_a_while_and_readiness_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("keys.json");
        std::fs::write(&file, key_set(&[("one", PUBLIC)])).unwrap();
        let ring = ring(&file);
        assert!(ring.read().await);
        for broken in ["", "{", "[]", r#"{"keys":[]}"#, &"x".repeat(70_000)] {
            std::fs::write(&file, broken).unwrap();
            assert!(!ring.read().await, "{broken:.20}");
            assert_eq!(finds(&ring, "one").await, None);
        }
        let troubles = ring.health.troubles();
        assert!(troubles["issuer https://id.example"].reason.contains("65536 bytes"), "{troubles:?}");
        tokio::time::advance(ring.max_age).await;
        assert_eq!(finds(&ring, "one").await, None);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(finds(&ring, "one").await, Some(TokenError::Unavailable));
        std::fs::write(&file, key_set(&[("one", PUBLIC)])).unwrap();
        tokio::time::advance(ASK_AGAIN_AFTER).await;
        assert_eq!(finds(&ring, "one").await, None);
        assert!(ring.health.troubles().is_empty());
    }
}
