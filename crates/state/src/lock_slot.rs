//! What becomes of one resource's lock when somebody wants something of it. Knows no engine and no SQL.

use std::time::Duration;

use crisislens_model::{EditLock, LockRequest, Timestamp, UserId};

use crate::edit_locks::{AskForLock, Grant, HolderAct, LockCheck, LockWanted, TakeLock};

/// A resource's lock as it is stored. What these functions change is to be written back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LockSlot {
    /// The last token that was given; 0 before the first.
    pub token: i64,
    /// The last lock, if it was not given back or swept; it may have ended.
    pub lock: Option<EditLock>,
}

impl LockSlot {
    fn present(&self, now: Timestamp) -> Option<EditLock> {
        self.lock.clone().and_then(|lock| lock.at(now))
    }

    /// See [`crate::edit_locks::EditLocksTx::take_lock`].
    pub fn take(&mut self, wanted: &LockWanted, now: Timestamp) -> TakeLock {
        let user = wanted.holder.user_id;
        match self.present(now) {
            Some(lock) if lock.holder.user_id != user && !is_granted_to(&lock, user, now) => {
                TakeLock::Held(lock)
            }
            present => TakeLock::Granted(self.grant(present, wanted, now)),
        }
    }

    /// See [`crate::edit_locks::EditLocksTx::force_lock`].
    pub fn force(&mut self, wanted: &LockWanted, now: Timestamp) -> Grant {
        self.grant(self.present(now), wanted, now)
    }

    fn grant(&mut self, present: Option<EditLock>, wanted: &LockWanted, now: Timestamp) -> Grant {
        let (from, request) = present.map_or((None, None), |lock| (Some(lock.holder), lock.request));
        let stays = from.as_ref().is_some_and(|holder| holder.user_id == wanted.holder.user_id);
        self.token += 1;
        let lock = EditLock {
            resource_id: wanted.resource,
            lock_type: wanted.lock_type.clone(),
            holder: wanted.holder.clone(),
            token: self.token,
            taken_at: now,
            expires_at: EditLock::end(now, now, wanted.lease),
            request: request.filter(|_| stays),
        };
        self.lock = Some(lock.clone());
        Grant { lock, from }
    }

    /// What `act` makes of the present lock if `user` holds it by `token`; else what to answer instead.
    fn as_holder(
        &mut self,
        user: UserId,
        token: Option<i64>,
        now: Timestamp,
        act: impl FnOnce(&mut Self, EditLock) -> EditLock,
    ) -> HolderAct {
        let Some(lock) = self.present(now) else { return HolderAct::Stale(None) };
        let is_holder = lock.holder.user_id == user;
        if is_holder && token == Some(lock.token) {
            HolderAct::Done(act(self, lock))
        } else if is_holder || token.is_some_and(|token| token < lock.token) {
            HolderAct::Stale(Some(lock))
        } else {
            HolderAct::NotHolder(lock)
        }
    }

    /// See [`crate::edit_locks::EditLocksTx::renew_lock`].
    pub fn renew(&mut self, user: UserId, token: Option<i64>, lease: Duration, now: Timestamp) -> HolderAct {
        self.as_holder(user, token, now, |slot, mut lock| {
            lock.expires_at = lock.expires_at.max(EditLock::end(lock.taken_at, now, lease));
            slot.lock = Some(lock.clone());
            lock
        })
    }

    /// See [`crate::edit_locks::EditLocksTx::release_lock`].
    pub fn release(&mut self, user: UserId, token: Option<i64>, now: Timestamp) -> HolderAct {
        self.as_holder(user, token, now, |slot, lock| {
            slot.lock = None;
            lock
        })
    }

    /// See [`crate::edit_locks::EditLocksTx::ask_for_lock`].
    pub fn ask(&mut self, user: UserId, name: &str, now: Timestamp) -> AskForLock {
        let Some(mut lock) = self.present(now).filter(|lock| lock.holder.user_id != user) else {
            return AskForLock::Open;
        };
        if lock.request.as_ref().is_some_and(|request| request.user_id != user) {
            return AskForLock::Busy(lock);
        }
        lock.request.get_or_insert_with(|| LockRequest {
            user_id: user,
            name: name.to_owned(),
            asked_at: now,
        });
        self.lock = Some(lock.clone());
        AskForLock::Asked(lock)
    }

    /// See [`crate::edit_locks::EditLocksTx::refuse_lock`].
    pub fn refuse(&mut self, user: UserId, token: Option<i64>, now: Timestamp) -> HolderAct {
        self.as_holder(user, token, now, |slot, lock| {
            slot.lock = Some(EditLock { request: None, ..lock.clone() });
            lock
        })
    }

    /// See [`crate::edit_locks::EditLocksTx::check_lock`].
    pub fn check(&self, user: UserId, token: Option<i64>, now: Timestamp) -> LockCheck {
        match (self.present(now), token) {
            (present, Some(token)) if token != self.token => LockCheck::Stale(present),
            (Some(lock), Some(_)) if lock.holder.user_id == user => LockCheck::Open,
            (Some(lock), _) => LockCheck::Held(lock),
            // Whose it was nobody knows any more, and what has happened since they may not have seen.
            (None, Some(_)) => LockCheck::Stale(None),
            (None, None) => LockCheck::Open,
        }
    }
}

fn is_granted_to(lock: &EditLock, user: UserId, now: Timestamp) -> bool {
    lock.request.as_ref().is_some_and(|request| request.user_id == user && request.is_granted(now))
}
