//! Every record is applied once and in order, whatever is stopped when and whoever else believes to be at work.

use std::sync::Arc;
use std::time::Duration;

use crisislens_log::EventLog;
use crisislens_model::{EventId, NewRecord, Topic, id};
use crisislens_state::Durability;
use crisislens_stream::{Handler as _, Runner, RunnerOptions};
use crisislens_testkit::{Engines, FaultyLog, QUICK, sample, until};
use tokio_util::sync::CancellationToken;

use crate::toy::{Toy, applied, assert_once_in_order, effects, fine, letters, record, record_of};

on_both! {
    every_record_is_applied_once_though_the_runner_is_stopped_at_random_moments,
    what_was_applied_stays_applied_over_a_restart_of_everything,
    of_two_runners_that_both_believe_to_hold_every_partition_one_is_fenced_and_rolls_back,
    two_runners_of_a_group_share_the_work,
    an_event_that_comes_again_is_applied_once,
    records_without_an_event_id_are_told_apart_by_their_place,
    what_is_not_for_the_handler_is_passed_over_and_claims_nothing,
}

const SMALL: RunnerOptions = RunnerOptions { batch_records: 7, ..QUICK };

async fn every_record_is_applied_once_though_the_runner_is_stopped_at_random_moments(engines: Engines) {
    let toy = Arc::new(Toy::default());
    // On brokers a stop would mostly come before a group has given anything.
    let log = if engines.are_shared() {
        FaultyLog::without_groups(Arc::clone(&engines.log))
    } else {
        FaultyLog::new(Arc::clone(&engines.log))
    };
    let log: Arc<dyn EventLog> = log;
    let mut random = sample::Random(0);
    let mut count = 400;
    engines.append(fine(0..count)).await;
    for _ in 0..90 {
        let cancel = CancellationToken::new();
        let runner = Runner { options: SMALL, log: Arc::clone(&log), ..engines.runner(&toy) };
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

async fn what_was_applied_stays_applied_over_a_restart_of_everything(mut engines: Engines) {
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

async fn of_two_runners_that_both_believe_to_hold_every_partition_one_is_fenced_and_rolls_back(
    engines: Engines,
) {
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

async fn two_runners_of_a_group_share_the_work(engines: Engines) {
    let toys = [Arc::new(Toy::default()), Arc::new(Toy::default())];
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

async fn an_event_that_comes_again_is_applied_once(engines: Engines) {
    let toy = Arc::new(Toy::default());
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

async fn records_without_an_event_id_are_told_apart_by_their_place(engines: Engines) {
    let toy = Arc::new(Toy::default());
    let bare = NewRecord { headers: vec![], ..record(1, "fine") };
    engines.append(vec![bare.clone(), bare]).await;
    engines.apply(&toy).await;
    assert_eq!(applied(&engines).await, [1, 1]);
}

async fn what_is_not_for_the_handler_is_passed_over_and_claims_nothing(engines: Engines) {
    let toy = Arc::new(Toy::default());
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
