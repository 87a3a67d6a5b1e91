//! Tokens that were withdrawn before their time: what this node knows of them. It looks in the store every second, so that a
//! sign-out or another role, wherever it was made, ends open connections on every node within a few seconds.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crisislens_model::{Clock, Timestamp, UserId};
use crisislens_state::people::Revocation;
use crisislens_state::{StateError, Store};
use crisislens_stream::Health;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Grant;
use crate::app::App;

/// How this part is called where it is in trouble.
pub const PART: &str = "revocations";
/// How often the store is asked, and how long for an answer.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const LOOK_WITHIN: Duration = Duration::from_secs(5);
/// What another node writes bears the time of its clock, and is seen once it is committed: so much is looked at again.
const LOOK_BACK: Duration = Duration::from_secs(300);
/// So often everything is, for clocks that are further apart.
const WHOLE_EVERY: u64 = 60;
/// What was withdrawn is forgotten after this: the longest token holds for half as long.
const KEPT: Duration = Duration::from_secs(48 * 3600);

/// Why a token is taken no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawn {
    /// Its session was ended.
    Session,
    /// It says what is no longer so; a new one can be had for the session's refresh token.
    Outdated,
}

/// What is known to be withdrawn.
#[derive(Debug)]
pub struct Revoked {
    /// By session or account.
    known: RwLock<HashMap<Uuid, Known>>,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct Known {
    /// The lowest generation that is still taken.
    lowest: i64,
    /// When it was withdrawn.
    at: Timestamp,
}

impl Default for Revoked {
    fn default() -> Self {
        Self { known: RwLock::default(), changed: watch::Sender::new(()) }
    }
}

impl Revoked {
    /// Why what `account` was granted is taken no more, if so.
    pub fn covers(&self, account: UserId, grant: Grant) -> Option<Withdrawn> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if grant.session.is_some_and(|session| known.contains_key(&session)) {
            return Some(Withdrawn::Session);
        }
        let outdated = known.get(&account.0).is_some_and(|known| grant.generation < known.lowest);
        outdated.then_some(Withdrawn::Outdated)
    }

    /// Takes note of what was withdrawn, and wakes open connections where something of it is new.
    pub fn learn(&self, revocations: &[Revocation]) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut is_new = false;
        for &Revocation { subject, generation, at } in revocations {
            let of_subject = known.entry(subject).or_insert(Known { lowest: i64::MIN, at });
            is_new |= of_subject.lowest < generation;
            of_subject.lowest = of_subject.lowest.max(generation);
            of_subject.at = of_subject.at.max(at);
        }
        drop(known);
        if is_new {
            self.changed.send_replace(());
        }
    }

    /// Forgets what was withdrawn before this.
    fn forget(&self, before: Timestamp) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, known| known.at >= before);
        known.shrink_to_fit();
    }

    /// Wakes whenever something was withdrawn. To be had before a token is checked, or what comes in between is missed.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Learns from the store what was withdrawn at `since` or later.
    pub async fn look(&self, store: &dyn Store, since: Timestamp) -> Result<(), StateError> {
        self.learn(&store.revocations(since).await?);
        Ok(())
    }

    /// Learns all that can matter to a token that holds at `now`.
    pub async fn look_at_all(&self, store: &dyn Store, now: Timestamp) -> Result<(), StateError> {
        let oldest = before(now, KEPT);
        self.look(store, oldest).await?;
        self.forget(oldest);
        Ok(())
    }
}

fn before(now: Timestamp, by: Duration) -> Timestamp {
    now.saturating_sub(by).unwrap_or(Timestamp::MIN)
}

/// Asks the store what was withdrawn, until `cancel`.
pub async fn watch(app: Arc<App>, cancel: CancellationToken) {
    let mut looks = Looks {
        revoked: &app.tokens.revoked,
        store: &*app.store,
        clock: &*app.clock,
        health: &app.health,
        since: None,
        round: 0,
    };
    while cancel.run_until_cancelled(looks.once()).await.is_some() {
        let _ = cancel.run_until_cancelled(sleep(LOOK_EVERY)).await;
    }
}

/// Looks at the store, one after the other.
struct Looks<'a> {
    revoked: &'a Revoked,
    store: &'a dyn Store,
    clock: &'a dyn Clock,
    health: &'a Health,
    /// From where on the next one must look; none where it must look at everything.
    since: Option<Timestamp>,
    round: u64,
}

impl Looks<'_> {
    /// While the store does not answer, what was known before goes on to hold, and nobody is cut off: a token that was withdrawn
    /// elsewhere meanwhile is taken here until it ends, or until the store is back. `/readyz` says so.
    async fn once(&mut self) {
        let now = self.clock.now();
        let since = self.since.filter(|_| !self.round.is_multiple_of(WHOLE_EVERY));
        let look = async {
            match since {
                Some(since) => self.revoked.look(self.store, since).await,
                None => self.revoked.look_at_all(self.store, now).await,
            }
        };
        let failure = match timeout(LOOK_WITHIN, look).await {
            Ok(Ok(())) => {
                self.since = Some(before(now, LOOK_BACK));
                self.round += 1;
                return self.health.well(PART);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", LOOK_WITHIN.as_secs()),
        };
        let reason = format!("what was withdrawn elsewhere is not known here: {failure}");
        if self.health.failed(PART, reason) == 1 {
            tracing::warn!(failure, "the store does not say which tokens were withdrawn");
        }
    }
}

#[cfg(test)]
mod tests {
    use crisislens_model::{Preferences, Role, User};
    use crisislens_state::Durability;
    use crisislens_state::people::{Account, RefreshToken};
    use crisislens_state::sqlite::SqliteStore;
    use crisislens_testkit::{FaultyStore, ManualClock};

    use super::*;

    fn ada() -> UserId {
        UserId(Uuid::from_u128(1))
    }

    fn grant(session: u128, generation: i64) -> Grant {
        Grant { session: Some(Uuid::from_u128(session)), generation }
    }

    fn withdrawn(subject: u128, generation: i64) -> Revocation {
        Revocation { subject: Uuid::from_u128(subject), generation, at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn a_session_ends_whole_and_an_account_by_generation() {
        let revoked = Revoked::default();
        let mut changes = revoked.changes();
        assert_eq!(revoked.covers(ada(), grant(7, 0)), None);
        revoked.learn(&[withdrawn(1, 2)]);
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
        assert_eq!(revoked.covers(ada(), grant(7, 1)), Some(Withdrawn::Outdated));
        assert_eq!(revoked.covers(ada(), grant(7, 2)), None, "made after the change");
        // Told again, or something older: nobody is woken, and nothing is taken back.
        revoked.learn(&[withdrawn(1, 2), withdrawn(1, 1)]);
        assert!(!changes.has_changed().unwrap());
        assert_eq!(revoked.covers(ada(), grant(7, 1)), Some(Withdrawn::Outdated));
        revoked.learn(&[withdrawn(7, i64::MAX)]);
        assert_eq!(revoked.covers(ada(), grant(7, 9)), Some(Withdrawn::Session));
        assert_eq!(revoked.covers(ada(), grant(8, 2)), None, "another session of the same person");
        assert_eq!(revoked.covers(UserId(Uuid::from_u128(2)), grant(9, 0)), None, "another person");
    }

    #[test]
    fn what_no_token_can_be_older_than_is_forgotten() {
        let revoked = Revoked::default();
        revoked.learn(&[withdrawn(7, i64::MAX)]);
        revoked.forget(Timestamp::UNIX_EPOCH);
        assert_eq!(revoked.covers(ada(), grant(7, 0)), Some(Withdrawn::Session));
        revoked.forget(Timestamp::from_second(1).unwrap());
        assert_eq!(revoked.covers(ada(), grant(7, 0)), None);
    }

    /// Ends Ada's session `session`, by a node whose clock says `at`.
    async fn end(store: &dyn Store, session: u128, at: Timestamp) {
        let hash = [u8::try_from(session).unwrap(); 32];
        let token = RefreshToken { hash, user: ada(), family: Uuid::from_u128(session), expires_at: at };
        let mut tx = store.begin(Durability::Process).await.unwrap();
        tx.add_refresh_token(&token).await.unwrap();
        tx.end_session(hash, at).await.unwrap();
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn while_the_store_is_away_what_is_known_holds_and_then_the_rest_is_learnt() {
        let dir = tempfile::tempdir().unwrap();
        let inner: Arc<dyn Store> = Arc::new(SqliteStore::open(&dir.path().join("state.db")).await.unwrap());
        let store = FaultyStore::new(Arc::clone(&inner)).await;
        let clock = ManualClock::at("2026-01-02T03:04:05Z");
        let user = User {
            id: ada(),
            email: "ada@example.org".to_owned(),
            name: "Ada".to_owned(),
            role: Role::Viewer,
            preferences: Preferences::default(),
            created_at: clock.now(),
        };
        let mut tx = inner.begin(Durability::Process).await.unwrap();
        tx.add_account(&Account { user, password_hash: String::new() }).await.unwrap();
        tx.commit().await.unwrap();
        let (revoked, health) = (Revoked::default(), Health::default());
        let mut looks = Looks {
            revoked: &revoked,
            store: &*store,
            clock: &clock,
            health: &health,
            since: None,
            round: 0,
        };
        let is_ended = |session: u128| revoked.covers(ada(), grant(session, 0)) == Some(Withdrawn::Session);

        end(&*inner, 2, clock.now()).await;
        looks.once().await;
        assert!(is_ended(2) && !is_ended(3));
        store.set_away(true);
        let away = clock.now();
        end(&*inner, 3, away).await;
        clock.advance(3600);
        looks.once().await;
        assert!(is_ended(2) && !is_ended(3), "what was known holds, and nobody else is cut off");
        assert!(health.troubles()[PART].reason.contains("withdrawn"));
        store.set_away(false);
        looks.once().await;
        assert!(is_ended(3), "looked for from where the last answer ended");
        assert!(health.troubles().is_empty());

        // By a node whose clock is a quarter of an hour behind.
        end(&*inner, 4, before(clock.now(), LOOK_BACK * 3)).await;
        looks.once().await;
        assert!(!is_ended(4));
        for _ in 0..WHOLE_EVERY {
            looks.once().await;
        }
        assert!(is_ended(4));
        // By one whose clock is ahead.
        end(&*inner, 5, clock.now() + LOOK_BACK * 3).await;
        looks.once().await;
        assert!(is_ended(5));
    }
}
