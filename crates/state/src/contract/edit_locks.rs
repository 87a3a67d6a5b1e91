//! Edit locks: who has one, how it ends and changes hands, and which writes it refuses.

use std::time::Duration;

use crisislens_model::lock::{LOCK_TYPE, MAX_LEASE};
use crisislens_model::{EditLock, IncidentId, LockHolder, Resource, UserId, id};
use uuid::Uuid;

use super::sample::at;
use super::{Engine, begin, sample};
use crate::audit::AuditEntry;
use crate::edit_locks::{AskForLock, Grant, HolderAct, LockCheck, LockWanted, TakeLock};
use crate::{Durability, StateError, Store, Tx};

/// How long a lock is asked for here, seconds.
pub(super) const LEASE: u64 = 45;

/// Resource number `n`; items, incidents and claims in turn.
pub(super) fn resource(n: u64) -> Resource {
    match n % 3 {
        0 => Resource::Item(sample::item(n).id),
        1 => Resource::Incident(IncidentId(id::named("incident", &n.to_string()))),
        _ => Resource::Claim(id::named("claim", &n.to_string())),
    }
}

/// Person number `n` in one of their tabs.
pub(super) fn holder(n: u64, tab: &str) -> LockHolder {
    LockHolder { user_id: sample::user_id(n), name: format!("Person {n}"), connection: tab.to_owned() }
}

/// Resource number `n` for a person in a tab.
pub(super) fn wanted(n: u64, person: u64, tab: &str) -> LockWanted {
    LockWanted {
        resource: resource(n),
        lock_type: LOCK_TYPE.to_owned(),
        holder: holder(person, tab),
        lease: Duration::from_secs(LEASE),
    }
}

/// Does one thing in a transaction of its own, as people's writes are done.
pub(super) async fn once<T>(
    store: &dyn Store,
    act: impl AsyncFnOnce(&mut dyn Tx) -> Result<T, StateError>,
) -> T {
    let mut tx = store.begin(Durability::Power).await.unwrap();
    let done = act(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    done
}

async fn take(store: &dyn Store, n: u64, person: u64, tab: &str, now: u64) -> TakeLock {
    once(store, async |tx| tx.take_lock(&wanted(n, person, tab), at(now)).await).await
}

/// Takes what is to be had.
pub(super) async fn grant(store: &dyn Store, n: u64, person: u64, tab: &str, now: u64) -> Grant {
    match take(store, n, person, tab, now).await {
        TakeLock::Granted(grant) => grant,
        TakeLock::Held(lock) => panic!("it is held: {lock:?}"),
    }
}

async fn renew(store: &dyn Store, person: u64, token: i64, lease: u64, now: u64) -> HolderAct {
    let lease = Duration::from_secs(lease);
    once(store, async |tx| {
        tx.renew_lock(resource(1), sample::user_id(person), Some(token), lease, at(now)).await
    })
    .await
}

async fn release(store: &dyn Store, person: u64, token: Option<i64>, now: u64) -> HolderAct {
    once(store, async |tx| tx.release_lock(resource(1), sample::user_id(person), token, at(now)).await).await
}

async fn ask(store: &dyn Store, person: u64, now: u64) -> AskForLock {
    let name = format!("Person {person}");
    once(store, async |tx| tx.ask_for_lock(resource(1), sample::user_id(person), &name, at(now)).await).await
}

async fn refuse(store: &dyn Store, person: u64, token: i64, now: u64) -> HolderAct {
    once(store, async |tx| tx.refuse_lock(resource(1), sample::user_id(person), Some(token), at(now)).await)
        .await
}

async fn check(store: &dyn Store, person: u64, token: Option<i64>, now: u64) -> LockCheck {
    once(store, async |tx| tx.check_lock(resource(1), sample::user_id(person), token, at(now)).await).await
}

async fn present(store: &dyn Store, now: u64) -> Option<EditLock> {
    store.edit_lock(resource(1), at(now)).await.unwrap()
}

/// A lock has one holder until its end; then it is anybody's, and the token has risen.
pub async fn a_lock_has_one_holder_until_it_ends(engine: &dyn Engine) {
    let store = engine.open().await;
    assert_eq!(present(&*store, 0).await, None);
    let Grant { lock, from } = grant(&*store, 1, 1, "a", 0).await;
    let expected = EditLock {
        resource_id: resource(1),
        lock_type: LOCK_TYPE.to_owned(),
        holder: holder(1, "a"),
        token: lock.token,
        taken_at: at(0),
        expires_at: at(LEASE),
        request: None,
    };
    assert_eq!((&lock, from), (&expected, None));
    assert_eq!(present(&*store, LEASE - 1).await.as_ref(), Some(&lock));
    assert_eq!(take(&*store, 1, 2, "a", LEASE - 1).await, TakeLock::Held(lock.clone()), "of equal tabs too");
    assert_eq!(present(&*store, LEASE).await, None, "it ends at its end");
    let second = grant(&*store, 1, 2, "a", LEASE).await;
    assert!(second.lock.token > lock.token);
    assert_eq!(second.from, None, "nobody held it any more");
    assert_eq!(present(&*store, LEASE).await, Some(second.lock));
}

/// The same person takes their lock again, in the same tab or in another: with a new token each time, and the old one is stale.
pub async fn a_second_tab_moves_a_lock(engine: &dyn Engine) {
    let store = engine.open().await;
    let first = grant(&*store, 1, 1, "a", 0).await.lock;
    let again = grant(&*store, 1, 1, "a", 1).await;
    assert_eq!((again.from, again.lock.taken_at), (Some(holder(1, "a")), at(1)));
    let moved = grant(&*store, 1, 1, "b", 2).await;
    assert_eq!((moved.from, &moved.lock.holder), (Some(holder(1, "a")), &holder(1, "b")));
    assert!(first.token < again.lock.token && again.lock.token < moved.lock.token);
    let stale = HolderAct::Stale(Some(moved.lock.clone()));
    assert_eq!(renew(&*store, 1, again.lock.token, LEASE, 3).await, stale);
    assert_eq!(release(&*store, 1, Some(first.token), 3).await, stale);
    assert_eq!(release(&*store, 1, None, 3).await, stale, "the person's own, but not by this tab");
    assert_eq!(
        check(&*store, 1, Some(again.lock.token), 3).await,
        LockCheck::Stale(Some(moved.lock.clone()))
    );
    assert_eq!(check(&*store, 1, Some(moved.lock.token), 3).await, LockCheck::Open);
    assert_eq!(present(&*store, 3).await, Some(moved.lock));
}

/// Renewing moves the end on, never back and never over half an hour from the taking; what has ended is not renewed.
pub async fn a_lock_is_renewed_up_to_half_an_hour(engine: &dyn Engine) {
    let store = engine.open().await;
    let lock = grant(&*store, 1, 1, "a", 0).await.lock;
    let until = |second| HolderAct::Done(EditLock { expires_at: at(second), ..lock.clone() });
    assert_eq!(renew(&*store, 1, lock.token, LEASE, 15).await, until(15 + LEASE));
    assert_eq!(renew(&*store, 1, lock.token, 1, 16).await, until(15 + LEASE), "not back");
    assert_eq!(renew(&*store, 1, lock.token, LEASE, 10).await, until(15 + LEASE), "a clock that is behind");
    let half_an_hour = MAX_LEASE.as_secs();
    assert_eq!(renew(&*store, 1, lock.token, half_an_hour, 59).await, until(half_an_hour));
    assert_eq!(renew(&*store, 1, lock.token, 7200, 1000).await, until(half_an_hour));
    assert_eq!(present(&*store, half_an_hour - 1).await.map(HolderAct::Done), Some(until(half_an_hour)));
    assert_eq!(renew(&*store, 1, lock.token, LEASE, half_an_hour).await, HolderAct::Stale(None));
    assert_eq!(present(&*store, half_an_hour).await, None);

    let mut long = wanted(1, 1, "a");
    long.lease = Duration::MAX;
    let taken = once(&*store, async |tx| tx.take_lock(&long, at(5000)).await).await;
    assert!(
        matches!(&taken, TakeLock::Granted(grant) if grant.lock.expires_at == at(5000 + half_an_hour)
            && grant.lock.token > lock.token),
        "{taken:?}"
    );
}

/// Only its holder gives a lock back, renews it or refuses a request; who had it before learns that the token is old.
pub async fn only_the_holder_gives_a_lock_back(engine: &dyn Engine) {
    let store = engine.open().await;
    assert_eq!(
        release(&*store, 1, Some(1), 0).await,
        HolderAct::Stale(None),
        "there is nothing to give back"
    );
    let first = grant(&*store, 1, 1, "a", 0).await.lock;
    for token in [None, Some(first.token), Some(first.token + 1)] {
        assert_eq!(release(&*store, 2, token, 1).await, HolderAct::NotHolder(first.clone()));
    }
    assert_eq!(renew(&*store, 2, first.token, LEASE, 1).await, HolderAct::NotHolder(first.clone()));
    assert_eq!(refuse(&*store, 2, first.token, 1).await, HolderAct::NotHolder(first.clone()));
    assert_eq!(present(&*store, 1).await, Some(first.clone()));
    assert_eq!(release(&*store, 1, Some(first.token), 2).await, HolderAct::Done(first.clone()));
    assert_eq!(present(&*store, 2).await, None);
    assert_eq!(
        release(&*store, 1, Some(first.token), 3).await,
        HolderAct::Stale(None),
        "it is given back once"
    );

    let second = grant(&*store, 1, 2, "a", 4).await.lock;
    let stale = HolderAct::Stale(Some(second.clone()));
    assert_eq!(release(&*store, 1, Some(first.token), 5).await, stale);
    assert_eq!(renew(&*store, 1, first.token, LEASE, 5).await, stale);
    assert_eq!(refuse(&*store, 1, first.token, 5).await, stale);
    assert_eq!(present(&*store, 5).await, Some(second));
}

/// However a lock ends, and over reopening, its next token is higher than every one before.
pub async fn a_token_never_falls_and_never_comes_again(engine: &dyn Engine) {
    let mut last = 0;
    let mut risen = |grant: Grant| {
        assert!(grant.lock.token > last, "{} after {last}", grant.lock.token);
        last = grant.lock.token;
        last
    };
    for round in 0..3 {
        let store = engine.open().await;
        let now = round * 1000;
        let token = risen(grant(&*store, 1, 1, "a", now).await);
        assert!(matches!(release(&*store, 1, Some(token), now + 1).await, HolderAct::Done(_)));
        risen(grant(&*store, 1, 2, "a", now + 2).await);
        risen(grant(&*store, 1, 1, "a", now + 2 + LEASE).await);
        let swept = once(&*store, async |tx| tx.sweep_locks(at(now + 200), 10).await).await;
        assert_eq!(swept.len(), 1);
        risen(grant(&*store, 1, 1, "a", now + 200).await);
        let released = once(&*store, async |tx| tx.release_locks(sample::user_id(1), "a").await).await;
        assert_eq!(released.len(), 1);
        risen(once(&*store, async |tx| tx.force_lock(&wanted(1, 3, "a"), at(now + 201)).await).await);
        drop(store);
    }
}

/// A write goes through with the present token, or without one where nobody holds the resource.
pub async fn a_write_needs_the_present_token(engine: &dyn Engine) {
    let store = engine.open().await;
    assert_eq!(check(&*store, 2, None, 0).await, LockCheck::Open, "nobody has ever locked it");
    assert_eq!(check(&*store, 2, Some(7), 0).await, LockCheck::Stale(None), "no such token was given");
    let lock = grant(&*store, 1, 1, "a", 0).await.lock;
    let held = LockCheck::Held(lock.clone());
    assert_eq!(check(&*store, 1, Some(lock.token), 1).await, LockCheck::Open);
    assert_eq!(check(&*store, 2, None, 1).await, held);
    assert_eq!(check(&*store, 2, Some(lock.token), 1).await, held, "a token is its holder's alone");
    assert_eq!(check(&*store, 1, None, 1).await, held, "the holder's other tab has no token");
    let other = once(&*store, async |tx| tx.check_lock(resource(2), sample::user_id(2), None, at(1)).await);
    assert_eq!(other.await, LockCheck::Open, "each resource stands for itself");
    assert_eq!(check(&*store, 2, None, LEASE).await, LockCheck::Open, "it has ended");
    assert_eq!(check(&*store, 1, Some(lock.token), LEASE).await, LockCheck::Stale(None), "with its token");
    assert_eq!(check(&*store, 2, Some(lock.token), LEASE).await, LockCheck::Stale(None), "or by another");
    assert_eq!(present(&*store, 1).await, Some(lock.clone()), "asking changes nothing");
    let _ = release(&*store, 1, Some(lock.token), 2).await;
    assert_eq!(check(&*store, 1, Some(lock.token), 3).await, LockCheck::Stale(None), "it was given back");
    assert_eq!(check(&*store, 1, None, 3).await, LockCheck::Open);
}

/// A holder who is stopped past the end of the lock, and writes when another has it or has had it, is refused.
pub async fn a_paused_holders_write_is_refused(engine: &dyn Engine) {
    let store = engine.open().await;
    let paused = grant(&*store, 1, 1, "a", 0).await.lock;
    let present = grant(&*store, 1, 2, "a", LEASE + 10).await.lock;
    assert_eq!(
        check(&*store, 1, Some(paused.token), LEASE + 11).await,
        LockCheck::Stale(Some(present.clone()))
    );
    assert_eq!(check(&*store, 2, Some(present.token), LEASE + 11).await, LockCheck::Open);
    let _ = release(&*store, 2, Some(present.token), LEASE + 12).await;
    assert_eq!(check(&*store, 1, Some(paused.token), LEASE + 13).await, LockCheck::Stale(None));
    let again = grant(&*store, 1, 1, "a", LEASE + 14).await.lock;
    assert_eq!(
        check(&*store, 1, Some(paused.token), LEASE + 15).await,
        LockCheck::Stale(Some(again.clone()))
    );
    assert_eq!(check(&*store, 1, Some(again.token), LEASE + 15).await, LockCheck::Open);
}

/// Who asks gets the lock after twenty seconds in which the holder has not refused; renewing alone refuses nothing.
pub async fn who_asks_gets_a_lock_that_is_not_refused(engine: &dyn Engine) {
    let store = engine.open().await;
    assert_eq!(ask(&*store, 2, 0).await, AskForLock::Open, "nobody holds it");
    let lock = grant(&*store, 1, 1, "a", 0).await.lock;
    assert_eq!(ask(&*store, 1, 1).await, AskForLock::Open, "one's own");
    let AskForLock::Asked(asked) = ask(&*store, 2, 10).await else { panic!("it is held") };
    let request = asked.request.clone().unwrap();
    assert_eq!(
        (request.user_id, request.name.as_str(), request.asked_at),
        (sample::user_id(2), "Person 2", at(10))
    );
    assert_eq!(present(&*store, 11).await.as_ref(), Some(&asked));
    assert_eq!(ask(&*store, 2, 20).await, AskForLock::Asked(asked.clone()), "the wait goes on");
    assert_eq!(ask(&*store, 3, 20).await, AskForLock::Busy(asked.clone()));
    let _ = renew(&*store, 1, lock.token, 600, 25).await;
    assert!(matches!(take(&*store, 1, 2, "a", 29).await, TakeLock::Held(_)), "not yet");
    assert!(matches!(take(&*store, 1, 3, "a", 30).await, TakeLock::Held(_)), "another has not asked");
    let again = grant(&*store, 1, 1, "b", 29).await.lock;
    assert_eq!(again.request, Some(request), "who takes their own again is still asked");
    let given = grant(&*store, 1, 2, "x", 30).await;
    assert_eq!((given.from, &given.lock.request), (Some(holder(1, "b")), &None));
    assert_eq!(check(&*store, 1, Some(again.token), 31).await, LockCheck::Stale(Some(given.lock)));
}

/// A holder refuses who has asked, and a request that nobody comes back for is forgotten.
pub async fn a_request_is_refused_or_forgotten(engine: &dyn Engine) {
    let store = engine.open().await;
    let mut long = wanted(1, 1, "a");
    long.lease = MAX_LEASE;
    let taken = once(&*store, async |tx| tx.take_lock(&long, at(0)).await).await;
    let TakeLock::Granted(Grant { lock, .. }) = taken else { panic!("it is free") };
    assert_eq!(refuse(&*store, 1, lock.token, 1).await, HolderAct::Done(lock.clone()), "nobody has asked");
    let AskForLock::Asked(asked) = ask(&*store, 2, 10).await else { panic!("it is held") };
    assert_eq!(refuse(&*store, 1, lock.token, 29).await, HolderAct::Done(asked), "says whom it refuses");
    assert_eq!(take(&*store, 1, 2, "a", 30).await, TakeLock::Held(lock.clone()));

    assert!(matches!(ask(&*store, 2, 100).await, AskForLock::Asked(_)), "one may ask again");
    assert_eq!(present(&*store, 160).await, Some(lock.clone()), "for a minute");
    assert_eq!(take(&*store, 1, 2, "a", 160).await, TakeLock::Held(lock));
    assert!(matches!(ask(&*store, 3, 160).await, AskForLock::Asked(_)), "another's turn");
    assert!(matches!(ask(&*store, 2, 161).await, AskForLock::Busy(_)));
    assert_eq!(grant(&*store, 1, 3, "a", 219).await.lock.holder, holder(3, "a"));
}

/// A lock that is forced changes hands together with the entry in the audit log, or neither happens.
pub async fn a_forced_lock_and_its_audit_entry_are_one(engine: &dyn Engine) {
    let store = engine.open().await;
    let lock = grant(&*store, 1, 1, "a", 0).await.lock;
    let _ = ask(&*store, 3, 1).await;
    let entry = AuditEntry {
        id: Uuid::from_u128(1),
        at: at(2),
        actor: sample::user_id(2).to_string(),
        action: "lock.force".to_owned(),
        subject: resource(1).to_string(),
        detail: serde_json::Value::Null,
    };
    let force = async |tx: &mut dyn Tx| {
        let grant = tx.force_lock(&wanted(1, 2, "x"), at(2)).await?;
        tx.record_audit(&entry).await?;
        Ok(grant)
    };
    let mut lost = begin(&*store).await;
    force(&mut *lost).await.unwrap();
    drop(lost);
    assert_eq!(check(&*store, 1, Some(lock.token), 3).await, LockCheck::Open, "it did not happen");
    assert_eq!(store.audit(10, None).await.unwrap().total, 0);

    let forced = once(&*store, force).await;
    assert_eq!(forced.from, Some(holder(1, "a")));
    assert!(forced.lock.token > lock.token && forced.lock.request.is_none(), "{forced:?}");
    assert_eq!(check(&*store, 1, Some(lock.token), 3).await, LockCheck::Stale(Some(forced.lock.clone())));
    assert_eq!(present(&*store, 3).await, Some(forced.lock));
    assert_eq!(store.audit(10, None).await.unwrap().items, [entry]);
}

/// When a tab is gone its locks are free, and no others: not those of the person's other tabs, nor of another's tab of that name.
pub async fn a_tab_that_is_gone_holds_nothing(engine: &dyn Engine) {
    let store = engine.open().await;
    let mut expected = Vec::new();
    for n in 0..6 {
        expected.push(grant(&*store, n, 1, "a", 0).await.lock);
    }
    expected.sort_by_key(|lock| lock.resource_id);
    let kept = [grant(&*store, 6, 1, "b", 0).await.lock, grant(&*store, 7, 2, "a", 0).await.lock];
    let release = async || once(&*store, async |tx| tx.release_locks(sample::user_id(1), "a").await).await;
    assert_eq!(release().await, expected);
    assert_eq!(release().await, []);
    let all: Vec<Resource> = (0..8).map(resource).collect();
    let mut left = store.edit_locks(&all, at(1)).await.unwrap();
    left.sort_by_key(|lock| lock.holder.connection != "b");
    assert_eq!(left, kept);
}

/// A tab that is given notice holds its locks until then, and not for longer; whoever renews holds them again.
pub async fn a_tab_that_is_given_notice_holds_until_then(engine: &dyn Engine) {
    let store = engine.open().await;
    let lock = grant(&*store, 1, 1, "a", 0).await.lock;
    let others = [grant(&*store, 2, 1, "b", 0).await.lock, grant(&*store, 3, 2, "a", 0).await.lock];
    let shorten =
        async |end| once(&*store, async |tx| tx.shorten_locks(sample::user_id(1), "a", at(end)).await).await;
    assert_eq!(shorten(LEASE + 5).await, 0, "an end is never moved away");
    assert_eq!((shorten(10).await, shorten(10).await), (1, 0));
    let held = present(&*store, 1).await.unwrap();
    assert_eq!((held.token, held.expires_at), (lock.token, at(10)));
    for (n, other) in [(2, &others[0]), (3, &others[1])] {
        assert_eq!(store.edit_lock(resource(n), at(1)).await.unwrap().as_ref(), Some(other));
    }
    let renewed = once(&*store, async |tx| {
        let lease = Duration::from_secs(LEASE);
        tx.renew_lock(resource(1), sample::user_id(1), Some(lock.token), lease, at(9)).await
    });
    let HolderAct::Done(renewed) = renewed.await else { panic!("it has not ended yet") };
    assert_eq!(renewed.expires_at, at(9 + LEASE));
    assert_eq!(shorten(10).await, 1);
    assert_eq!(once(&*store, async |tx| tx.sweep_locks(at(10), 10).await).await.len(), 1);
}

/// Many locks are read at once, by their names and whoever asks twice; those that have ended are swept oldest first, once.
pub async fn many_locks_are_read_and_swept(engine: &dyn Engine) {
    const COUNT: u64 = 1_100;
    let store = engine.open().await;
    let mut tx = begin(&*store).await;
    for n in 0..COUNT {
        let taken = tx.take_lock(&wanted(n, n % 7, "a"), at(n)).await.unwrap();
        assert!(matches!(taken, TakeLock::Granted(_)));
    }
    tx.commit().await.unwrap();
    let mut all: Vec<Resource> = (0..COUNT + 5).rev().map(resource).collect();
    all.extend(all.clone());
    let read = store.edit_locks(&all, at(0)).await.unwrap();
    let mut sorted: Vec<Resource> = (0..COUNT).map(resource).collect();
    sorted.sort_unstable();
    assert_eq!(read.iter().map(|lock| lock.resource_id).collect::<Vec<_>>(), sorted);
    assert_eq!(store.edit_locks(&[], at(0)).await.unwrap(), []);
    assert_eq!(store.edit_locks(&all, at(LEASE + 99)).await.unwrap().len() as u64, COUNT - 100);

    let ended = store.ended_locks(at(LEASE + 99), 30).await.unwrap();
    let oldest: Vec<Resource> = (0..30).map(resource).collect();
    assert_eq!(ended.iter().map(|lock| lock.resource_id).collect::<Vec<_>>(), oldest);
    let mut swept = Vec::new();
    for expected in [64, 36, 0] {
        let more = once(&*store, async |tx| tx.sweep_locks(at(LEASE + 99), 64).await).await;
        assert_eq!(more.len(), expected);
        assert!(more.is_sorted_by_key(|lock| lock.resource_id));
        swept.extend(more);
    }
    swept.sort_by_key(|lock| lock.expires_at);
    let first: Vec<Resource> = (0..100).map(resource).collect();
    assert_eq!(swept.iter().map(|lock| lock.resource_id).collect::<Vec<_>>(), first);
    assert_eq!(store.ended_locks(at(LEASE + 99), 30).await.unwrap(), []);
}

/// Names, tabs and kinds come from outside: whatever they are, what is answered is what is read back, and finds itself again.
pub async fn hostile_holders_are_kept(engine: &dyn Engine) {
    let store = engine.open().await;
    let user: UserId = sample::user_id(1);
    for (n, tab) in ["", "'; DROP TABLE edit_locks; --", "a\0b", "%_\\", "👩‍💻\u{202e}", &"x".repeat(10_000)]
        .into_iter()
        .enumerate()
    {
        let n = n as u64;
        let mut want = wanted(n, 1, tab);
        tab.clone_into(&mut want.holder.name);
        tab.clone_into(&mut want.lock_type);
        let odd = at(n).saturating_add(Duration::from_nanos(1_234_567_891)).unwrap();
        let granted = once(&*store, async |tx| tx.take_lock(&want, odd).await).await;
        let TakeLock::Granted(Grant { lock, .. }) = granted else { panic!("{tab:?} takes nothing") };
        assert_eq!(lock.holder.connection, tab.replace('\0', "\u{FFFD}"));
        assert_eq!(store.edit_lock(resource(n), odd).await.unwrap(), Some(lock.clone()));
        let asked =
            once(&*store, async |tx| tx.ask_for_lock(resource(n), sample::user_id(2), tab, odd).await);
        let AskForLock::Asked(asked) = asked.await else { panic!("{tab:?} holds it") };
        assert_eq!(store.edit_lock(resource(n), odd).await.unwrap().as_ref(), Some(&asked));
        let renewed = once(&*store, async |tx| {
            tx.renew_lock(resource(n), user, Some(lock.token), Duration::from_nanos(99_999_999_999), odd)
                .await
        });
        let HolderAct::Done(renewed) = renewed.await else { panic!("{tab:?} holds it") };
        assert_eq!(store.edit_lock(resource(n), odd).await.unwrap().as_ref(), Some(&renewed));
        let released = once(&*store, async |tx| tx.release_locks(user, tab).await).await;
        assert_eq!(released, [renewed]);
    }
}
