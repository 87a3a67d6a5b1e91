//! Every record is applied once and in order, whatever is stopped when and whoever else believes to be at work.

use std::sync::Arc;
use std::time::Duration;

use crisislens_log::EventLog;
use crisislens_model::{EventId, NewRecord, Topic, id};
use crisislens_state::stream::StreamState as _;
use crisislens_state::{Durability, Store as _};
use crisislens_stream::{Handler as _, Runner, RunnerOptions};
use crisislens_testkit::{Engines, FaultyLog, QUICK, sample, until};
use tokio_util::sync::CancellationToken;

use crate::toy::{Toy, applied, assert_once_in_order, effects, fine, letters, record, record_of};

const SMALL: RunnerOptions = RunnerOptions { batch_records: 7, ..QUICK };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_record_is_applied_once_though_the_runner_is_stopped_at_random_moments() {
    for seed in 0..3 {
        let (engines, toy) = (Engines::open().await, Arc::new(Toy::default()));
        let mut random = sample::Random(seed);
        let mut count = 400;
        engines.append(fine(0..count)).await;
        for _ in 0..30 {
            let cancel = CancellationToken::new();
            let runner = Runner { options: SMALL, ..engines.runner(&toy) };
            let running = tokio::spawn(runner.run(cancel.clone()));
            engines.append(fine(count..count + 10)).await;
            count += 10;
            tokio::time::sleep(Duration::from_micros(random.below(8000))).await;
            cancel.cancel();
            running.await.unwrap().unwrap();
        }
        engines.apply(&toy).await;
        assert_once_in_order(&engines, count).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_applied_stays_applied_over_a_restart_of_everything() {
    let mut engines = Engines::open().await;
    for round in 0..3 {
        engines.append(fine(round * 50..(round + 1) * 50)).await;
        engines.apply(&Arc::new(Toy::default())).await;
        engines = engines.reopen().await;
    }
    let toy = Arc::new(Toy::default());
    engines.apply(&toy).await;
    assert!(toy.tried.lock().unwrap().is_empty(), "nothing is tried again");
    assert_once_in_order(&engines, 150).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_runners_that_both_believe_to_hold_every_partition_one_is_fenced_and_rolls_back() {
    let engines = Engines::open().await;
    let log: Arc<dyn EventLog> = FaultyLog::without_groups(Arc::clone(&engines.log));
    let toys = [Arc::new(Toy::default()), Arc::new(Toy::default())];
    let cancel = CancellationToken::new();
    let running = toys.each_ref().map(|toy| {
        let runner = Runner { options: SMALL, log: Arc::clone(&log), ..engines.runner(toy) };
        tokio::spawn(runner.run(cancel.clone()))
    });
    // Dead letters claim no event: only the fence keeps them from being written twice.
    let broken = |number| NewRecord { value: Some(b"broken".to_vec()), ..record(number, "") };
    for round in 0..20 {
        engines.append(fine(round * 40..(round + 1) * 40)).await;
        engines.append((0..16).map(broken).collect()).await;
    }
    until("one of them is at the end", async || engines.is_finished(&*toys[0]).await).await;
    cancel.cancel();
    for one in running {
        one.await.unwrap().unwrap();
    }
    assert_once_in_order(&engines, 800).await;
    assert_eq!(letters(&engines).await.len(), 20 * 16);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runners_of_a_group_share_the_work() {
    let (engines, toys) = (Engines::open().await, [Arc::new(Toy::default()), Arc::new(Toy::default())]);
    let cancel = CancellationToken::new();
    let running = toys.each_ref().map(|toy| tokio::spawn(engines.runner(toy).run(cancel.clone())));
    until("both have joined", async || {
        engines.log.groups().await.unwrap().iter().any(|group| group.members.len() == 2)
    })
    .await;
    engines.append(fine(0..400)).await;
    until("they are at the end", async || engines.is_finished(&*toys[0]).await).await;
    cancel.cancel();
    for one in running {
        one.await.unwrap().unwrap();
    }
    assert_once_in_order(&engines, 400).await;
    assert!(toys.iter().all(|toy| !toy.tried.lock().unwrap().is_empty()), "both have worked");
}

#[tokio::test]
async fn an_event_that_comes_again_is_applied_once() {
    let (engines, toy) = (Engines::open().await, Arc::new(Toy::default()));
    // Twice in one batch, again in a later one, and once more after a restart.
    engines.append(vec![record(1, "fine"), record(1, "fine"), record(2, "fine")]).await;
    engines.apply(&toy).await;
    engines.append(vec![record(2, "fine"), record(1, "fine"), record(3, "fine")]).await;
    engines.apply(&toy).await;
    let engines = engines.reopen().await;
    engines.append(vec![record(3, "fine")]).await;
    engines.apply(&Arc::new(Toy::default())).await;
    assert_eq!(applied(&engines).await, [1, 2, 3]);
}

#[tokio::test]
async fn records_without_an_event_id_are_told_apart_by_their_place() {
    let (engines, toy) = (Engines::open().await, Arc::new(Toy::default()));
    let bare = NewRecord { headers: vec![], ..record(1, "fine") };
    engines.append(vec![bare.clone(), bare]).await;
    engines.apply(&toy).await;
    assert_eq!(applied(&engines).await, [1, 1]);
}

#[tokio::test]
async fn what_is_not_for_the_handler_is_passed_over_and_claims_nothing() {
    let (engines, toy) = (Engines::open().await, Arc::new(Toy::default()));
    engines.append(vec![record(1, "skip"), record(2, "skip"), record(3, "fine")]).await;
    engines.apply(&toy).await;
    assert_eq!(applied(&engines).await, [3]);
    let mut tx = engines.store.begin(Durability::Process).await.unwrap();
    let event = EventId(id::named("toy", "1"));
    assert_eq!(tx.claim(&toy.consumer(), &[event], sample::at(0)).await.unwrap(), [true]);
}

#[tokio::test]
async fn what_retention_dropped_unread_is_left_behind_and_the_rest_applied() {
    let (engines, toy) = (Engines::open().await, Arc::new(Toy::default()));
    engines.append((0..20).map(|number| record_of("one key", number, "fine")).collect()).await;
    engines.clock.advance(8 * 86_400);
    engines.append((20..25).map(|number| record_of("one key", number, "fine")).collect()).await;
    engines.log.enforce_retention().await.unwrap();
    let first = engines.records(Topic::RawItems).await[0].offset;
    assert!(first > 0, "retention has dropped something");
    engines.apply(&toy).await;
    let numbers = effects(&engines).await.remove(&b"one key"[..]).unwrap();
    assert_eq!(numbers, (first..25).collect::<Vec<_>>());
    assert_eq!(engines.store.offsets().await.unwrap().iter().map(|place| place.next).max(), Some(25));
}
