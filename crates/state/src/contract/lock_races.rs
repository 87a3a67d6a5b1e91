//! What several do with one lock at the same moment: one gets it, and no write slips past who has it.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use crisislens_model::Resource;
use futures_util::future::join_all;

use super::edit_locks::{LEASE, grant, once, resource, wanted};
use super::nodes::{MOMENT, at_once};
use super::sample::{Random, at};
use super::{Engine, begin, sample};
use crate::Store;
use crate::edit_locks::{LockCheck, TakeLock};

/// Of two that take a lock at once one gets it: the first time, when it has ended, and when both may.
pub async fn one_of_two_takes_a_lock(engine: &dyn Engine) {
    for now in [0, LEASE] {
        let person = Cell::new(now);
        let both = at_once(engine, async |tx| {
            person.set(person.get() + 1);
            tx.take_lock(&wanted(1, person.get(), "a"), at(now)).await
        })
        .await;
        let [Ok(TakeLock::Granted(grant)), Ok(TakeLock::Held(lock))] = both else { panic!("{both:?}") };
        assert_eq!(grant.lock, lock, "the second sees what the first has");
    }
    let tabs = RefCell::new(vec!["x", "y"]);
    let both = at_once(engine, async |tx| {
        let tab = tabs.borrow_mut().pop().unwrap_or_default();
        tx.take_lock(&wanted(1, 9, tab), at(3 * LEASE)).await
    })
    .await;
    let [Ok(TakeLock::Granted(first)), Ok(TakeLock::Granted(second))] = both else { panic!("{both:?}") };
    assert_eq!(second.from, Some(first.lock.holder), "of one person's tabs the second has it");
    assert_eq!(second.lock.token, first.lock.token + 1);
}

/// Of many that take a lock at once on two nodes exactly one gets it, again and again.
pub async fn one_of_many_takes_a_lock(engine: &dyn Engine) {
    const PEOPLE: u64 = 12;
    let nodes = [engine.open().await, engine.open().await];
    let mut last = 0;
    for round in 0..5 {
        let takers = (0..PEOPLE).map(|person| {
            let node = &nodes[(person % 2) as usize];
            once(&**node, async move |tx| tx.take_lock(&wanted(1, person, "a"), at(round * LEASE)).await)
        });
        let mut granted = Vec::new();
        let mut held = Vec::new();
        for taken in join_all(takers).await {
            match taken {
                TakeLock::Granted(grant) => granted.push(grant.lock),
                TakeLock::Held(lock) => held.push(lock),
            }
        }
        assert_eq!((granted.len(), held.len() as u64), (1, PEOPLE - 1));
        assert!(held.iter().all(|lock| *lock == granted[0]), "all see who has it");
        assert!(granted[0].token > last);
        last = granted[0].token;
    }
}

/// Who takes a lock waits for a write that was let through, also where nobody had ever locked the resource, and has the lock
/// only when that write is there.
pub async fn a_taking_waits_for_a_write(engine: &dyn Engine) {
    let (one, two) = (engine.open().await, engine.open().await);
    for n in [1, 2] {
        if n == 2 {
            grant(&*one, n, 1, "a", 0).await;
        }
        let order = RefCell::new(Vec::new());
        let mut tx = begin(&*one).await;
        let checked = tx.check_lock(resource(n), sample::user_id(3), None, at(LEASE)).await.unwrap();
        assert_eq!(checked, LockCheck::Open);
        let write_ends = async {
            tokio::time::sleep(MOMENT).await;
            order.borrow_mut().push("written");
            tx.commit().await.unwrap();
        };
        let take = async {
            let mut tx = begin(&*two).await;
            let taken = tx.take_lock(&wanted(n, 2, "a"), at(LEASE)).await.unwrap();
            order.borrow_mut().push("taken");
            assert!(matches!(taken, TakeLock::Granted(_)));
            tx.commit().await.unwrap();
        };
        tokio::join!(take, write_ends);
        assert_eq!(*order.borrow(), ["written", "taken"]);
    }
}

/// A write that comes while a lock is being taken waits, and is refused if it was taken; be it by a token or without.
pub async fn a_write_waits_for_a_taking(engine: &dyn Engine) {
    let (one, two) = (engine.open().await, engine.open().await);
    let old = grant(&*one, 2, 1, "a", 0).await.lock.token;
    for (n, token) in [(1, None), (2, Some(old))] {
        for is_taken in [false, true] {
            let mut tx = begin(&*one).await;
            let taken = tx.take_lock(&wanted(n, 2, "a"), at(LEASE)).await.unwrap();
            assert!(matches!(taken, TakeLock::Granted(_)));
            let taking_ends = async {
                tokio::time::sleep(MOMENT).await;
                if is_taken {
                    tx.commit().await.unwrap();
                }
            };
            let write = async {
                let mut tx = begin(&*two).await;
                tx.check_lock(resource(n), sample::user_id(1), token, at(LEASE)).await.unwrap()
            };
            let (checked, ()) = tokio::join!(write, taking_ends);
            match (is_taken, token) {
                (false, None) => assert_eq!(checked, LockCheck::Open, "it was not taken after all"),
                (false, Some(_)) => assert_eq!(checked, LockCheck::Stale(None), "it has ended all the same"),
                (true, None) => assert!(matches!(checked, LockCheck::Held(_)), "{checked:?}"),
                (true, Some(_)) => assert!(matches!(checked, LockCheck::Stale(Some(_))), "{checked:?}"),
            }
        }
    }
}

/// Of two sweepers one gets each lock that has ended, and none gets one that was taken again meanwhile.
pub async fn an_ended_lock_is_swept_once(engine: &dyn Engine) {
    let (one, two) = (engine.open().await, engine.open().await);
    for n in 0..9 {
        grant(&*one, n, 1, "a", 0).await;
    }
    let mut tx = begin(&*one).await;
    let _ = tx.take_lock(&wanted(4, 2, "b"), at(LEASE)).await.unwrap();
    let taking_ends = async {
        tokio::time::sleep(MOMENT).await;
        tx.commit().await.unwrap();
    };
    let sweep = once(&*two, async |tx| tx.sweep_locks(at(LEASE), 100).await);
    let (swept, ()) = tokio::join!(sweep, taking_ends);
    let mut others: Vec<Resource> = (0..9).filter(|n| *n != 4).map(resource).collect();
    others.sort_unstable();
    assert_eq!(swept.iter().map(|lock| lock.resource_id).collect::<Vec<_>>(), others);
    assert!(one.edit_lock(resource(4), at(LEASE)).await.unwrap().is_some());

    let both = at_once(engine, async |tx| tx.sweep_locks(at(2 * LEASE), 100).await).await;
    let [Ok(first), Ok(second)] = both else { panic!("{both:?}") };
    assert_eq!((first.len(), second.len()), (1, 0));
}

/// Whoever is paused for how long, on whichever node: the writes to a resource happen in the order of their tokens, and no token
/// is given twice.
pub async fn writes_happen_in_the_order_of_tokens(engine: &dyn Engine) {
    const EDITORS: u64 = 6;
    const ROUNDS: u64 = 12;
    let nodes = [engine.open().await, engine.open().await];
    let (now, refused) = (Cell::new(0), Cell::new(0));
    let grants = RefCell::new(Vec::new());
    let editors = (0..EDITORS).map(|person| {
        let store: &Arc<dyn Store> = &nodes[(person % 2) as usize];
        let (now, refused, grants) = (&now, &refused, &grants);
        async move {
            let mut random = Random(person);
            for _ in 0..ROUNDS {
                let taken =
                    once(&**store, async |tx| tx.take_lock(&wanted(1, person, "a"), at(now.get())).await)
                        .await;
                let TakeLock::Granted(grant) = taken else {
                    pause(&mut random, now).await;
                    continue;
                };
                let token = grant.lock.token;
                grants.borrow_mut().push(token);
                for _ in 0..1 + random.below(3) {
                    pause(&mut random, now).await;
                    if !write(&**store, person, token, now.get()).await {
                        refused.set(refused.get() + 1);
                    }
                }
            }
        }
    });
    join_all(editors).await;
    let written = nodes[0].setting("written").await.unwrap().unwrap_or_default();
    let tokens: Vec<i64> = written.split_whitespace().map(|token| token.parse().unwrap()).collect();
    assert!(tokens.is_sorted(), "{tokens:?}");
    let mut grants = grants.into_inner();
    let given = grants.len();
    grants.sort_unstable();
    grants.dedup();
    assert_eq!(grants.len(), given, "no token is given twice");
    assert!(!tokens.is_empty() && refused.get() > 0, "both must have happened: {tokens:?}, {refused:?}");
}

/// Lets others go on, and time.
async fn pause(random: &mut Random, now: &Cell<u64>) {
    tokio::time::sleep(Duration::from_millis(random.below(4))).await;
    now.set(now.get() + random.below(LEASE / 2));
}

/// Writes the token down if the write may happen; whether it may.
async fn write(store: &dyn Store, person: u64, token: i64, now: u64) -> bool {
    once(store, async |tx| {
        let checked = tx.check_lock(resource(1), sample::user_id(person), Some(token), at(now)).await?;
        if checked != LockCheck::Open {
            return Ok(false);
        }
        let written = tx.setting_or("written", "").await?;
        tokio::task::yield_now().await;
        tx.put_setting("written", &format!("{written} {token}")).await?;
        Ok(true)
    })
    .await
}
