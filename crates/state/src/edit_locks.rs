//! Edit locks: one person at a time works on a resource, and a write of who has lost it is refused.
//!
//! A lock is a lease with a fencing token. Its end is not watched by anything: from then on the lock is nobody's, whoever still
//! believes to hold it, and [`EditLocksTx::check_lock`] tells them in the transaction of their write.

use std::time::Duration;

use async_trait::async_trait;
use crisislens_model::{EditLock, LockHolder, Resource, Timestamp, UserId};

use crate::StateError;

/// A lock that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockWanted {
    /// Of what.
    pub resource: Resource,
    /// The kind, usually [`crisislens_model::lock::LOCK_TYPE`].
    pub lock_type: String,
    /// For whom.
    pub holder: LockHolder,
    /// For how long; counts up to [`crisislens_model::lock::MAX_LEASE`].
    pub lease: Duration,
}

/// A lock as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The lock.
    pub lock: EditLock,
    /// Who held it until this moment: another person, or the same one in this or another tab.
    pub from: Option<LockHolder>,
}

/// What asking to be given a lock did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum TakeLock {
    /// It is the asker's.
    Granted(Grant),
    /// Another person holds it.
    Held(EditLock),
}

/// What a holder's act on a lock did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum HolderAct {
    /// It is done.
    Done(EditLock),
    /// Nothing: the lock is another person's.
    NotHolder(EditLock),
    /// Nothing: the token is not the present one. Who holds the lock now, if anybody does.
    Stale(Option<EditLock>),
}

/// What asking a holder for a lock did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum AskForLock {
    /// It is noted in the lock. Asking again meanwhile does not begin the wait anew.
    Asked(EditLock),
    /// Another person has asked before.
    Busy(EditLock),
    /// Nobody else holds it: it can be taken.
    Open,
}

/// Whether a write may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum LockCheck {
    /// It may.
    Open,
    /// It may not: the lock is held, and the write does not come from its holder. In another tab than the holder's, or
    /// without the token, that is so for the holder as well.
    Held(EditLock),
    /// It may not: its token was good once, and the lock was given anew since. Who holds it now, if anybody does.
    Stale(Option<EditLock>),
}

/// Reads of locks.
#[async_trait]
pub trait EditLocks: Send + Sync {
    /// The lock of a resource, if somebody holds it at `now`.
    async fn edit_lock(&self, resource: Resource, now: Timestamp) -> Result<Option<EditLock>, StateError>;

    /// Which of these are held at `now`, and by whom; in the order of the resources, each once.
    async fn edit_locks(&self, resources: &[Resource], now: Timestamp) -> Result<Vec<EditLock>, StateError>;

    /// Every lock that was not given back or swept; it may have ended.
    async fn held_locks(&self) -> Result<Vec<EditLock>, StateError>;

    /// Locks that have ended by `now` and that nobody has taken, given back or swept since; those that ended first come first.
    async fn ended_locks(&self, now: Timestamp, limit: usize) -> Result<Vec<EditLock>, StateError>;
}

/// Writes of locks. All but [`EditLocksTx::check_lock`] belong into a transaction of [`crate::Durability::Power`]: a token that
/// a power cut takes back would be given twice. Who deals with several resources in one transaction does so in their order, and
/// with their items only afterwards.
#[async_trait]
pub trait EditLocksTx: Send {
    /// Takes a lock that nobody holds, that the same person holds (in this tab or another), or for which this person has
    /// asked long enough ago. Each time the token rises. A request of somebody else stays where the holder does.
    async fn take_lock(&mut self, wanted: &LockWanted, now: Timestamp) -> Result<TakeLock, StateError>;

    /// Takes a lock whoever holds it. The caller has checked the right to, and writes the audit entry in the same transaction.
    async fn force_lock(&mut self, wanted: &LockWanted, now: Timestamp) -> Result<Grant, StateError>;

    /// Moves a lock's end to `lease` from now, never back and never over [`crisislens_model::lock::MAX_LEASE`]. What has
    /// ended is not renewed but taken anew. Answers the lock as it now is.
    async fn renew_lock(
        &mut self,
        resource: Resource,
        user: UserId,
        token: Option<i64>,
        lease: Duration,
        now: Timestamp,
    ) -> Result<HolderAct, StateError>;

    /// Gives a lock back. Answers it as it was.
    async fn release_lock(
        &mut self,
        resource: Resource,
        user: UserId,
        token: Option<i64>,
        now: Timestamp,
    ) -> Result<HolderAct, StateError>;

    /// Every lock of a person's tab ends at `end`, where it would end later. Answers how many.
    async fn shorten_locks(
        &mut self,
        user: UserId,
        connection: &str,
        end: Timestamp,
    ) -> Result<u64, StateError>;

    /// Gives back every lock of a person's tab. Answers them as they were, in the order of their resources.
    async fn release_locks(&mut self, user: UserId, connection: &str) -> Result<Vec<EditLock>, StateError>;

    /// Asks the holder of a lock for it. After [`crisislens_model::lock::ASK_WAIT`] the asker may take it, unless the
    /// holder refuses before; after [`crisislens_model::lock::ASK_LASTS`] it is as if nobody had asked.
    async fn ask_for_lock(
        &mut self,
        resource: Resource,
        user: UserId,
        name: &str,
        now: Timestamp,
    ) -> Result<AskForLock, StateError>;

    /// Refuses who has asked for a lock; that lock is not renewed by it. Answers it as it was, with the request if there was one.
    async fn refuse_lock(
        &mut self,
        resource: Resource,
        user: UserId,
        token: Option<i64>,
        now: Timestamp,
    ) -> Result<HolderAct, StateError>;

    /// Frees locks that have ended by `now`, those that ended first, at most `limit`. Answers them as they were, in the order of
    /// their resources, each to one caller only: who wants to tell of it does so in the same transaction.
    async fn sweep_locks(&mut self, now: Timestamp, limit: usize) -> Result<Vec<EditLock>, StateError>;

    /// Whether `user` may write to a resource: without a token where nobody holds it, with one where it is that of the present lock, and
    /// theirs. Stays so until the transaction ends: who wants to take the lock meanwhile waits.
    async fn check_lock(
        &mut self,
        resource: Resource,
        user: UserId,
        token: Option<i64>,
        now: Timestamp,
    ) -> Result<LockCheck, StateError>;
}
