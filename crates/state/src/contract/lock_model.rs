//! Locks against a small model of them: what random people do in random order has the same answers in both.

use std::time::Duration;

use crisislens_model::{EditLock, LockRequest, Resource};

use super::edit_locks::{holder, resource, wanted};
use super::sample::{Random, at};
use super::{Engine, begin, sample};
use crate::edit_locks::{AskForLock, Grant, HolderAct, LockCheck, LockWanted, TakeLock};
use crate::{StateError, Store, Tx};

const RESOURCES: u64 = 3;
const PEOPLE: u64 = 3;
const TABS: [&str; 2] = ["a", "b"];
const TRANSACTIONS: u64 = 600;
/// What the model's crate says of leases and requests, said once more so that a slip there is seen.
const MOST: u64 = 1800;
const WAIT: u64 = 20;
const FORGOTTEN: u64 = 60;

/// A lock as the model has it; times are seconds.
#[derive(Debug, Clone)]
struct Held {
    person: u64,
    tab: &'static str,
    token: i64,
    taken: u64,
    end: u64,
    asked: Option<(u64, u64)>,
}

impl Held {
    fn is_asked(&self, now: u64) -> bool {
        self.asked.is_some_and(|(_, since)| now < since + FORGOTTEN)
    }

    /// As the store says it, with what was asked.
    fn whole(&self, n: u64) -> EditLock {
        let request = self.asked.map(|(person, since)| LockRequest {
            user_id: sample::user_id(person),
            name: format!("Person {person}"),
            asked_at: at(since),
        });
        let wanted = wanted(n, self.person, self.tab);
        EditLock {
            resource_id: wanted.resource,
            lock_type: wanted.lock_type,
            holder: wanted.holder,
            token: self.token,
            taken_at: at(self.taken),
            expires_at: at(self.end),
            request,
        }
    }
}

/// Everything that the model knows, by the numbers of resources.
#[derive(Debug, Clone, Default)]
struct Model {
    last: [i64; RESOURCES as usize],
    held: [Option<Held>; RESOURCES as usize],
}

impl Model {
    /// Who holds a resource now.
    fn holder(&self, n: u64, now: u64) -> Option<Held> {
        let mut held = self.held[n as usize].clone().filter(|held| now < held.end)?;
        if !held.is_asked(now) {
            held.asked = None;
        }
        Some(held)
    }

    fn lock(&self, n: u64, now: u64) -> Option<EditLock> {
        self.holder(n, now).map(|held| held.whole(n))
    }

    fn give(&mut self, n: u64, person: u64, tab: &'static str, lease: u64, now: u64) -> Grant {
        let before = self.holder(n, now);
        self.last[n as usize] += 1;
        let held = Held {
            person,
            tab,
            token: self.last[n as usize],
            taken: now,
            end: now + lease.min(MOST),
            asked: before.as_ref().filter(|held| held.person == person).and_then(|held| held.asked),
        };
        self.held[n as usize] = Some(held.clone());
        Grant { lock: held.whole(n), from: before.map(|held| holder(held.person, held.tab)) }
    }

    fn take(&mut self, n: u64, person: u64, tab: &'static str, lease: u64, now: u64) -> TakeLock {
        let may = self.holder(n, now).is_none_or(|held| {
            let waited = held.asked.is_some_and(|(asker, since)| asker == person && since + WAIT <= now);
            held.person == person || waited
        });
        match self.lock(n, now) {
            Some(lock) if !may => TakeLock::Held(lock),
            _ => TakeLock::Granted(self.give(n, person, tab, lease, now)),
        }
    }

    /// What a holder's act answers if it is not the holder's with the present token.
    fn refusal(&self, n: u64, person: u64, token: Option<i64>, now: u64) -> Option<HolderAct> {
        let Some(held) = self.holder(n, now) else { return Some(HolderAct::Stale(None)) };
        let lock = held.whole(n);
        match (held.person == person, token) {
            (true, Some(token)) if token == held.token => None,
            (true, _) => Some(HolderAct::Stale(Some(lock))),
            (false, Some(token)) if token < held.token => Some(HolderAct::Stale(Some(lock))),
            (false, _) => Some(HolderAct::NotHolder(lock)),
        }
    }

    fn act(&mut self, n: u64, now: u64, change: impl FnOnce(Held) -> Option<Held>) -> Option<EditLock> {
        let held = self.holder(n, now).unwrap();
        self.held[n as usize] = change(held);
        self.held[n as usize].as_ref().map(|held| held.whole(n))
    }

    fn ask(&mut self, n: u64, person: u64, now: u64) -> AskForLock {
        let Some(held) = self.holder(n, now).filter(|held| held.person != person) else {
            return AskForLock::Open;
        };
        if held.asked.is_some_and(|(asker, _)| asker != person) {
            return AskForLock::Busy(held.whole(n));
        }
        let asked = held.asked.or(Some((person, now)));
        AskForLock::Asked(self.act(n, now, |held| Some(Held { asked, ..held })).unwrap())
    }

    fn check(&self, n: u64, person: u64, token: Option<i64>, now: u64) -> LockCheck {
        let is_last = token.is_none_or(|token| token == self.last[n as usize]);
        match self.lock(n, now) {
            present if !is_last => LockCheck::Stale(present),
            Some(lock) if token.is_none() || lock.holder.user_id != sample::user_id(person) => {
                LockCheck::Held(lock)
            }
            None if token.is_some() => LockCheck::Stale(None),
            _ => LockCheck::Open,
        }
    }

    /// Frees the locks of which `is_over` says so; answers them as they were.
    fn free(&mut self, is_over: impl Fn(&Held) -> bool) -> Vec<EditLock> {
        let mut freed = Vec::new();
        for n in 0..RESOURCES {
            if let Some(held) = self.held[n as usize].take_if(|held| is_over(held)) {
                freed.push(held.whole(n));
            }
        }
        freed.sort_by_key(|lock| lock.resource_id);
        freed
    }
}

/// One random thing that one random person does at `now`, in the store and in the model.
async fn step(tx: &mut dyn Tx, model: &mut Model, random: &mut Random, now: u64) -> Result<(), StateError> {
    let (n, person, tab) = (random.below(RESOURCES), random.below(PEOPLE), random.pick(&TABS));
    let lease = random.pick(&[1, 30, 45, 600, 2000, 100_000]);
    let newest = model.last[n as usize];
    let token =
        random.pick(&[Some(newest), Some(newest), Some(newest), Some(newest - 1), Some(newest + 1), None]);
    let (resource, user) = (resource(n), sample::user_id(person));
    let length = Duration::from_secs(lease);
    let wanted = LockWanted { lease: length, ..wanted(n, person, tab) };
    let refusal = model.refusal(n, person, token, now);
    match random.below(12) {
        0..3 => assert_eq!(tx.take_lock(&wanted, at(now)).await?, model.take(n, person, tab, lease, now)),
        3 if random.below(3) == 0 => {
            assert_eq!(tx.force_lock(&wanted, at(now)).await?, model.give(n, person, tab, lease, now));
        }
        3 | 4 => {
            let expected = refusal.unwrap_or_else(|| {
                let renewed = model.act(n, now, |held| {
                    Some(Held { end: held.end.max((now + lease).min(held.taken + MOST)), ..held })
                });
                HolderAct::Done(renewed.unwrap())
            });
            assert_eq!(tx.renew_lock(resource, user, token, length, at(now)).await?, expected);
        }
        5 => {
            let expected = refusal.unwrap_or_else(|| {
                let before = model.lock(n, now).unwrap();
                model.act(n, now, |_| None);
                HolderAct::Done(before)
            });
            assert_eq!(tx.release_lock(resource, user, token, at(now)).await?, expected);
        }
        6 | 7 => {
            let name = format!("Person {person}");
            assert_eq!(tx.ask_for_lock(resource, user, &name, at(now)).await?, model.ask(n, person, now));
        }
        8 => {
            let expected = refusal.unwrap_or_else(|| {
                let before = model.lock(n, now).unwrap();
                model.act(n, now, |held| Some(Held { asked: None, ..held }));
                HolderAct::Done(before)
            });
            assert_eq!(tx.refuse_lock(resource, user, token, at(now)).await?, expected);
        }
        9 if random.below(3) == 0 => {
            let expected = model.free(|held| held.person == person && held.tab == tab);
            assert_eq!(tx.release_locks(user, tab).await?, expected);
        }
        10 if random.below(3) == 0 => {
            assert_eq!(tx.sweep_locks(at(now), 10).await?, model.free(|held| held.end <= now));
        }
        _ => {
            assert_eq!(
                tx.check_lock(resource, user, token, at(now)).await?,
                model.check(n, person, token, now)
            );
        }
    }
    Ok(())
}

/// Whatever people do in whatever order, in transactions that happen or not, with clocks that are a little apart: the store
/// answers as the model does, and what is read is what the model holds.
pub async fn locks_do_what_a_small_model_does(engine: &dyn Engine) {
    let nodes = [engine.open().await, engine.open().await];
    let resources: Vec<Resource> = (0..RESOURCES).map(resource).collect();
    let (mut model, mut random, mut time) = (Model::default(), Random(5), 10);
    let mut tokens = [0; RESOURCES as usize];
    for _ in 0..TRANSACTIONS {
        time += random.below(14);
        let now = time - random.below(4);
        let store = &*nodes[random.below(2) as usize];
        let mut after = model.clone();
        let mut tx = begin(store).await;
        for _ in 0..1 + random.below(4) {
            step(&mut *tx, &mut after, &mut random, now).await.unwrap();
        }
        if random.below(5) > 0 {
            tx.commit().await.unwrap();
            model = after;
        } else {
            drop(tx);
        }
        compare(store, &model, &resources, now).await;
        assert!(tokens.iter().zip(model.last).all(|(before, after)| *before <= after));
        tokens = model.last;
    }
    assert!(tokens.iter().all(|token| *token > 20), "it must have come to something: {tokens:?}");
}

async fn compare(store: &dyn Store, model: &Model, resources: &[Resource], now: u64) {
    let mut held: Vec<EditLock> = (0..RESOURCES).filter_map(|n| model.lock(n, now)).collect();
    held.sort_by_key(|lock| lock.resource_id);
    assert_eq!(store.edit_locks(resources, at(now)).await.unwrap(), held);
    let ended = |n| model.held[n as usize].as_ref().filter(|held| held.end <= now).map(|held| held.whole(n));
    let mut ended: Vec<EditLock> = (0..RESOURCES).filter_map(ended).collect();
    ended.sort_by_key(|lock| (lock.expires_at, lock.resource_id));
    assert_eq!(store.ended_locks(at(now), 10).await.unwrap(), ended);
}
