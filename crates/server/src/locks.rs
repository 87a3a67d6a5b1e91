//! What happens to locks without a request: those that end, and those whose tab is gone.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crisislens_model::lock::MAX_LEASE;
use crisislens_model::{
    Activity, ActivityKind, EditLock, EventId, LockAction, LockChange, LockHolder, Resource, Timestamp,
    UserId,
};
use crisislens_pipeline::activity_record;
use crisislens_realtime::Whereabouts;
use crisislens_state::{Durability, StateError, Tx};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);
/// A tab that is gone keeps its locks for so long: it may only have lost its connection.
const GRACE: Duration = Duration::from_secs(10);
/// How often it looks after the locks of those who are there, and of nodes that are not.
const LOOK_AFTER_EVERY: Duration = Duration::from_secs(5);
/// What its holder does at the screen keeps a lock for so long at least.
pub const ACTIVE_LEASE: Duration = Duration::from_secs(60);
/// A node is taken for dead when nobody has heard of it for so long since this was first noticed; one that starts hears the others within
/// five seconds.
const UNHEARD_FOR: Duration = Duration::from_secs(15);
/// Locks freed in one transaction.
const AT_ONCE: usize = 100;

/// Live connections that have ended, oldest first.
#[derive(Default)]
pub struct GoneTabs(Mutex<VecDeque<Gone>>);

struct Gone {
    since: Instant,
    user: UserId,
    connection: String,
}

impl GoneTabs {
    /// One more.
    pub fn note(&self, user: UserId, connection: &str) {
        let gone = Gone { since: Instant::now(), user, connection: connection.to_owned() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(gone);
    }

    /// All of them, which are forgotten.
    fn take_all(&self) -> Vec<Gone> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect()
    }

    /// Whether a grace is over.
    fn is_due(&self) -> bool {
        let gone = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gone.front().is_some_and(|one| one.since.elapsed() >= GRACE)
    }

    /// Those whose grace is over, which are forgotten.
    fn take_due(&self) -> Vec<Gone> {
        let mut gone = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = gone.partition_point(|one| one.since.elapsed() >= GRACE);
        gone.drain(..due).collect()
    }
}

/// Frees locks until `cancel`, and tells their rooms.
pub async fn keep(app: Arc<App>, cancel: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut unheard, mut looked_after) = (HashMap::new(), Instant::now());
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let mut done = free(&app).await;
        if looked_after.elapsed() >= LOOK_AFTER_EVERY {
            looked_after = Instant::now();
            done = done.and(look_after(&app, &mut unheard).await);
        }
        if let Err(error) = done {
            tracing::warn!(%error, "locks are not freed now; they end by themselves");
        }
    }
}

async fn free(app: &App) -> Result<(), StateError> {
    let now = app.clock.now();
    if !app.store.ended_locks(now, 1).await?.is_empty() {
        let mut tx = app.store.begin(Durability::Power).await?;
        let ended = tx.sweep_locks(now, AT_ONCE).await?;
        tell_all(&mut *tx, &ended, LockAction::Expired, now).await?;
        tx.commit().await?;
        app.relay.notify_one();
    }
    if !app.gone.is_due() {
        return Ok(());
    }
    // Thousands of connections may end at once, and hardly one of them holds a lock.
    let held = app.store.held_locks().await?;
    let due = app.gone.take_due();
    let holders = holders(&held);
    for gone in due.iter().filter(|gone| holders.contains(&(gone.user, gone.connection.as_str()))) {
        let mut tx = app.store.begin(Durability::Power).await?;
        let left = tx.release_locks(gone.user, &gone.connection).await?;
        tell_all(&mut *tx, &left, LockAction::Released, now).await?;
        tx.commit().await?;
        app.relay.notify_one();
    }
    Ok(())
}

/// Renews the locks of people who do something, and gives notice to those of nodes that have died. `unheard` are tabs by when it was
/// first noticed that nobody hears of their node.
async fn look_after(app: &App, unheard: &mut HashMap<(UserId, String), Instant>) -> Result<(), StateError> {
    let (held, now) = (app.store.held_locks().await?, app.clock.now());
    let holders = holders(&held);
    unheard.retain(|(user, tab), _| holders.contains(&(*user, tab.as_str())));
    for lock in &held {
        let LockHolder { user_id: user, connection, .. } = &lock.holder;
        let tab = || (*user, connection.clone());
        let last_act = app.hub.last_act(*user, lock.resource_id.into());
        if last_act.is_some_and(|last_act| needs_renewal(lock, last_act, now)) {
            renew(app, lock, now).await?;
            continue;
        }
        let end = match app.hub.whereabouts(*user, connection) {
            Whereabouts::Unheard => {
                let since = unheard.entry(tab()).or_insert_with(Instant::now);
                (since.elapsed() >= UNHEARD_FOR).then_some(now + GRACE)
            }
            // They are freed after the grace; where that failed, or the lock was taken after it, it ends all the same.
            Whereabouts::Gone => Some(now + 2 * GRACE),
            Whereabouts::Here | Whereabouts::Elsewhere | Whereabouts::NoSession => {
                unheard.remove(&tab());
                None
            }
        };
        if let Some(end) = end.filter(|end| *end < lock.expires_at) {
            shorten(app, *user, connection, end).await?;
        }
    }
    Ok(())
}

/// Whether a lock ends soon, and not for good, whose holder has done something lately.
fn needs_renewal(lock: &EditLock, last_act: Timestamp, now: Timestamp) -> bool {
    let half = ACTIVE_LEASE / 2;
    let ends_soon = lock.expires_at > now && lock.expires_at < now + half;
    ends_soon && last_act + half > now && lock.expires_at < lock.taken_at + MAX_LEASE
}

async fn renew(app: &App, lock: &EditLock, now: Timestamp) -> Result<(), StateError> {
    let mut tx = app.store.begin(Durability::Power).await?;
    let (resource, user, token) = (lock.resource_id, lock.holder.user_id, Some(lock.token));
    // Whoever has lost it meanwhile is told with the next write.
    let _ = tx.renew_lock(resource, user, token, ACTIVE_LEASE, now).await?;
    tx.commit().await
}

async fn shorten(app: &App, user: UserId, connection: &str, end: Timestamp) -> Result<(), StateError> {
    let mut tx = app.store.begin(Durability::Power).await?;
    tx.shorten_locks(user, connection, end).await?;
    tx.commit().await
}

/// Whose locks these are: people, and the live connections of their tabs.
fn holders(held: &[EditLock]) -> HashSet<(UserId, &str)> {
    held.iter().map(|lock| (lock.holder.user_id, lock.holder.connection.as_str())).collect()
}

/// This node goes, and its tabs with it: their locks end with the grace unless they are taken up again elsewhere. The nodes that
/// stay, or the next start, tell of those that end.
pub async fn give_notice(app: &App) {
    if let Err(error) = try_give_notice(app).await {
        tracing::warn!(%error, "locks of connections that were here end by themselves");
    }
}

async fn try_give_notice(app: &App) -> Result<(), StateError> {
    let held = app.store.held_locks().await?;
    let holders = holders(&held);
    // Who reads nothing is still here; whoever goes meanwhile is in the other list.
    let mut all = app.hub.connected();
    all.extend(app.gone.take_all().into_iter().map(|gone| (gone.user, gone.connection)));
    let end = app.clock.now() + GRACE;
    for (user, connection) in all.iter().filter(|(user, tab)| holders.contains(&(*user, tab.as_str()))) {
        shorten(app, *user, connection, end).await?;
    }
    Ok(())
}

async fn tell_all(
    tx: &mut dyn Tx,
    locks: &[EditLock],
    action: LockAction,
    now: Timestamp,
) -> Result<(), StateError> {
    let change = LockChange { action, lock_status: None };
    for lock in locks {
        publish_change(tx, lock.resource_id, &lock.holder, &change, now).await?;
    }
    Ok(())
}

/// Tells what happened to a lock, with the transaction in which it happens.
pub async fn publish_change(
    tx: &mut dyn Tx,
    resource: Resource,
    by: &LockHolder,
    change: &LockChange,
    at: Timestamp,
) -> Result<(), StateError> {
    let kind = if change.lock_status.is_some() { ActivityKind::Locked } else { ActivityKind::Unlocked };
    let data = serde_json::to_value(change).unwrap_or_default();
    let activity =
        Activity { id: EventId::random(), kind, user: by.user_id, name: by.name.clone(), resource, data, at };
    publish(tx, activity).await
}

/// Tells an activity, with the transaction in which it happens.
pub async fn publish(tx: &mut dyn Tx, activity: Activity) -> Result<(), StateError> {
    let record = activity_record(&activity)
        .map_err(|error| StateError::Damaged { what: "activity", reason: error.to_string() })?;
    tx.publish(vec![record], activity.at).await
}
