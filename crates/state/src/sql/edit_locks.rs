//! Edit locks. A resource's row is read to be written, so that what is decided by it stays true until the transaction ends; where
//! there is none it is made first.

use std::time::Duration;

use async_trait::async_trait;
use crisislens_model::{EditLock, LockHolder, LockRequest, Resource, Timestamp, UserId};
use sqlx::{AssertSqlSafe, Row};

use super::dialect::{FOR_UPDATE, rows};
use super::known::optional_id;
use super::{DbRow, EngineStore, EngineTx, chunks};
use crate::StateError;
use crate::columns::{blob, instant, micros, signed, text};
use crate::edit_locks::{
    AskForLock, EditLocks, EditLocksTx, Grant, HolderAct, LockCheck, LockWanted, TakeLock,
};
use crate::lock_slot::LockSlot;

const COLUMNS: &str = "resource, token, lock_type, holder, holder_name, connection, taken_at, expires_at, \
                       asker, asker_name, asked_at";

fn read(row: &DbRow) -> Result<LockSlot, StateError> {
    let token = row.try_get("token")?;
    let Some(user) = optional_id(row, "holder")? else { return Ok(LockSlot { token, lock: None }) };
    let holder = LockHolder {
        user_id: UserId(user),
        name: row.try_get("holder_name")?,
        connection: row.try_get("connection")?,
    };
    let request = match optional_id(row, "asker")? {
        Some(asker) => Some(LockRequest {
            user_id: UserId(asker),
            name: row.try_get("asker_name")?,
            asked_at: instant(row.try_get("asked_at")?)?,
        }),
        None => None,
    };
    let lock = EditLock {
        resource_id: row.try_get::<&str, _>("resource")?.parse().map_err(
            |error: crisislens_model::lock::UnknownResource| StateError::Damaged {
                what: "lock",
                reason: error.to_string(),
            },
        )?,
        lock_type: row.try_get("lock_type")?,
        holder,
        token,
        taken_at: instant(row.try_get("taken_at")?)?,
        expires_at: instant(row.try_get("expires_at")?)?,
        request,
    };
    Ok(LockSlot { token, lock: Some(lock) })
}

fn read_all(rows: &[DbRow]) -> Result<Vec<EditLock>, StateError> {
    rows.iter().filter_map(|row| read(row).map(|slot| slot.lock).transpose()).collect()
}

#[async_trait]
impl EditLocks for EngineStore {
    async fn edit_lock(&self, resource: Resource, now: Timestamp) -> Result<Option<EditLock>, StateError> {
        Ok(self.edit_locks(&[resource], now).await?.pop())
    }

    async fn edit_locks(&self, resources: &[Resource], now: Timestamp) -> Result<Vec<EditLock>, StateError> {
        let mut sorted = resources.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut locks = Vec::new();
        for chunk in chunks(&sorted) {
            let query = rows(chunk, |resource| Ok([resource.to_string().into()]))?.lookup(|among| {
                format!("SELECT {COLUMNS} FROM edit_locks WHERE resource {among} ORDER BY resource")
            });
            locks.extend(read_all(&query.fetch_all(&self.readers).await?)?);
        }
        Ok(locks.into_iter().filter_map(|lock| lock.at(now)).collect())
    }

    async fn held_locks(&self) -> Result<Vec<EditLock>, StateError> {
        let sql = format!("SELECT {COLUMNS} FROM edit_locks WHERE holder IS NOT NULL ORDER BY resource");
        read_all(&sqlx::query(AssertSqlSafe(sql)).fetch_all(&self.readers).await?)
    }

    async fn ended_locks(&self, now: Timestamp, limit: usize) -> Result<Vec<EditLock>, StateError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM edit_locks WHERE holder IS NOT NULL AND expires_at <= $1 \
             ORDER BY expires_at, resource LIMIT $2"
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(micros(now)).bind(signed(limit as u64));
        read_all(&query.fetch_all(&self.readers).await?)
    }
}

#[async_trait]
impl EditLocksTx for EngineTx {
    async fn take_lock(&mut self, wanted: &LockWanted, now: Timestamp) -> Result<TakeLock, StateError> {
        let mut slot = self.hold_lock(wanted.resource).await?;
        let taken = slot.take(&storable(wanted), storable_instant(now)?);
        if matches!(taken, TakeLock::Granted(_)) {
            self.keep_lock(wanted.resource, &slot).await?;
        }
        Ok(taken)
    }

    async fn force_lock(&mut self, wanted: &LockWanted, now: Timestamp) -> Result<Grant, StateError> {
        let mut slot = self.hold_lock(wanted.resource).await?;
        let grant = slot.force(&storable(wanted), storable_instant(now)?);
        self.keep_lock(wanted.resource, &slot).await?;
        Ok(grant)
    }

    async fn renew_lock(
        &mut self,
        resource: Resource,
        user: UserId,
        token: Option<i64>,
        lease: Duration,
        now: Timestamp,
    ) -> Result<HolderAct, StateError> {
        let mut slot = self.hold_lock(resource).await?;
        let renewed = slot.renew(user, token, storable_lease(lease), storable_instant(now)?);
        self.keep_if_done(resource, &slot, renewed).await
    }

    async fn release_lock(
        &mut self,
        resource: Resource,
        user: UserId,
        token: Option<i64>,
        now: Timestamp,
    ) -> Result<HolderAct, StateError> {
        let mut slot = self.hold_lock(resource).await?;
        let released = slot.release(user, token, now);
        self.keep_if_done(resource, &slot, released).await
    }

    async fn shorten_locks(
        &mut self,
        user: UserId,
        connection: &str,
        end: Timestamp,
    ) -> Result<u64, StateError> {
        let sql =
            "UPDATE edit_locks SET expires_at = $3 WHERE holder = $1 AND connection = $2 AND expires_at > $3";
        let query = sqlx::query(sql).bind(blob(user.0)).bind(text(connection)).bind(micros(end));
        Ok(query.execute(self.connection()).await?.rows_affected())
    }

    async fn release_locks(&mut self, user: UserId, connection: &str) -> Result<Vec<EditLock>, StateError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM edit_locks WHERE holder = $1 AND connection = $2 ORDER BY resource{FOR_UPDATE}"
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(blob(user.0)).bind(text(connection));
        let locks = read_all(&query.fetch_all(self.connection()).await?)?;
        self.free_locks(&locks).await?;
        Ok(locks)
    }

    async fn ask_for_lock(
        &mut self,
        resource: Resource,
        user: UserId,
        name: &str,
        now: Timestamp,
    ) -> Result<AskForLock, StateError> {
        let mut slot = self.hold_lock(resource).await?;
        let asked = slot.ask(user, &text(name), storable_instant(now)?);
        if matches!(asked, AskForLock::Asked(_)) {
            self.keep_lock(resource, &slot).await?;
        }
        Ok(asked)
    }

    async fn refuse_lock(
        &mut self,
        resource: Resource,
        user: UserId,
        token: Option<i64>,
        now: Timestamp,
    ) -> Result<HolderAct, StateError> {
        let mut slot = self.hold_lock(resource).await?;
        let refused = slot.refuse(user, token, now);
        self.keep_if_done(resource, &slot, refused).await
    }

    async fn sweep_locks(&mut self, now: Timestamp, limit: usize) -> Result<Vec<EditLock>, StateError> {
        // The condition stands twice: what another has renewed or swept while this waited for it is not swept again.
        let sql = format!(
            "SELECT {COLUMNS} FROM edit_locks WHERE holder IS NOT NULL AND expires_at <= $1 AND resource IN \
             (SELECT resource FROM edit_locks WHERE holder IS NOT NULL AND expires_at <= $1 \
             ORDER BY expires_at, resource LIMIT $2) ORDER BY resource{FOR_UPDATE}"
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(micros(now)).bind(signed(limit as u64));
        let locks = read_all(&query.fetch_all(self.connection()).await?)?;
        self.free_locks(&locks).await?;
        Ok(locks)
    }

    async fn check_lock(
        &mut self,
        resource: Resource,
        user: UserId,
        token: Option<i64>,
        now: Timestamp,
    ) -> Result<LockCheck, StateError> {
        Ok(self.hold_lock(resource).await?.check(user, token, now))
    }
}

/// As it will be read back.
fn storable(wanted: &LockWanted) -> LockWanted {
    let LockWanted { resource, lock_type, holder, lease } = wanted;
    LockWanted {
        resource: *resource,
        lock_type: text(lock_type),
        holder: LockHolder {
            user_id: holder.user_id,
            name: text(&holder.name),
            connection: text(&holder.connection),
        },
        lease: storable_lease(*lease),
    }
}

fn storable_instant(at: Timestamp) -> Result<Timestamp, StateError> {
    instant(micros(at))
}

fn storable_lease(lease: Duration) -> Duration {
    Duration::from_micros(u64::try_from(lease.as_micros()).unwrap_or(u64::MAX))
}

impl EngineTx {
    /// A resource's lock, kept from other transactions until this one ends.
    async fn hold_lock(&mut self, resource: Resource) -> Result<LockSlot, StateError> {
        let name = resource.to_string();
        let sql = format!("SELECT {COLUMNS} FROM edit_locks WHERE resource = $1{FOR_UPDATE}");
        let held =
            sqlx::query(AssertSqlSafe(sql.clone())).bind(&name).fetch_optional(self.connection()).await?;
        if let Some(row) = held {
            return read(&row);
        }
        // Of two that make the row the second waits for the first, and then reads what that has made of it.
        sqlx::query(
            "INSERT INTO edit_locks (resource, token, lock_type, holder_name, connection, taken_at, expires_at, \
             asker_name, asked_at) VALUES ($1, 0, '', '', '', 0, 0, '', 0) ON CONFLICT (resource) DO NOTHING",
        )
        .bind(&name)
        .execute(self.connection())
        .await?;
        read(&sqlx::query(AssertSqlSafe(sql)).bind(&name).fetch_one(self.connection()).await?)
    }

    async fn keep_if_done(
        &mut self,
        resource: Resource,
        slot: &LockSlot,
        act: HolderAct,
    ) -> Result<HolderAct, StateError> {
        if matches!(act, HolderAct::Done(_)) {
            self.keep_lock(resource, slot).await?;
        }
        Ok(act)
    }

    /// Writes a resource's lock back; what is told of it no crash takes back.
    async fn keep_lock(&mut self, resource: Resource, slot: &LockSlot) -> Result<(), StateError> {
        self.survive().await?;
        let lock = slot.lock.as_ref();
        let request = lock.and_then(|lock| lock.request.as_ref());
        sqlx::query(
            "UPDATE edit_locks SET token = $1, lock_type = $2, holder = $3, holder_name = $4, connection = $5, \
             taken_at = $6, expires_at = $7, asker = $8, asker_name = $9, asked_at = $10 WHERE resource = $11",
        )
        .bind(slot.token)
        .bind(lock.map_or("", |lock| &lock.lock_type))
        .bind(lock.map(|lock| blob(lock.holder.user_id.0)))
        .bind(lock.map_or("", |lock| &lock.holder.name))
        .bind(lock.map_or("", |lock| &lock.holder.connection))
        .bind(lock.map_or(0, |lock| micros(lock.taken_at)))
        .bind(lock.map_or(0, |lock| micros(lock.expires_at)))
        .bind(request.map(|request| blob(request.user_id.0)))
        .bind(request.map_or("", |request| &request.name))
        .bind(request.map_or(0, |request| micros(request.asked_at)))
        .bind(resource.to_string())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Makes these nobody's.
    async fn free_locks(&mut self, locks: &[EditLock]) -> Result<(), StateError> {
        if !locks.is_empty() {
            self.survive().await?;
        }
        for chunk in chunks(locks) {
            let query = rows(chunk, |lock| Ok([lock.resource_id.to_string().into()]))?.lookup(|among| {
                format!(
                    "UPDATE edit_locks SET lock_type = '', holder = NULL, holder_name = '', connection = '', \
                     taken_at = 0, expires_at = 0, asker = NULL, asker_name = '', asked_at = 0 \
                     WHERE resource {among}"
                )
            });
            query.execute(self.connection()).await?;
        }
        Ok(())
    }
}
