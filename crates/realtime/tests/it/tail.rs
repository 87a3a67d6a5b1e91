//! Following the log: backfill, live, failures, retention. Time is paused and moves by itself when all wait.

use std::sync::Arc;
use std::time::Duration;

use crisislens_log::ReadLimit;
use crisislens_model::Topic;
use crisislens_realtime::{Hub, HubOptions, JoinOutcome, Outgoing, Session, Tail, TailError, TailOptions};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::fake_log::FakeLog;
use crate::support::*;

fn starting_hub() -> Arc<Hub> {
    Hub::new(HubOptions::default(), EPOCH, &PARTITIONS, "node-a", clock())
}

async fn started(log: &Arc<FakeLog>, options: TailOptions) -> Arc<Hub> {
    let (hub, tail) = (starting_hub(), Tail::new(options));
    let mut ready = tail.ready();
    tokio::spawn(tail.run(log.clone(), hub.clone(), CancellationToken::new()));
    ready.wait_for(|ready| *ready).await.unwrap();
    hub
}

fn put_items(log: &FakeLog, numbers: std::ops::Range<u64>) {
    for n in numbers {
        log.put((n % 3) as u32, item_created(item_id(n), n));
    }
}

async fn next_numbers(session: &mut Session, count: usize) -> Vec<u64> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let Some(Outgoing::Frame(frame)) = session.next().await else { panic!("closed") };
        let frame: Value = serde_json::from_str(frame.as_str()).unwrap();
        seen.extend(numbers(&[frame]));
    }
    seen.sort_unstable();
    seen
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_log_fills_the_history_and_new_records_follow() {
    let log = FakeLog::new();
    put_items(&log, 0..30);
    let hub = started(&log, TailOptions { backfill: 4, ..TailOptions::default() }).await;
    assert_eq!(hub.counts().history_records, 12);
    let mut session = hub.connect(viewer("ada")).unwrap();
    session.join("global", None, None);
    put_items(&log, 30..50);
    log.put(1, alert_raised(incident_id(1), 50));
    assert_eq!(next_numbers(&mut session, 21).await, (30..=50).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_of_all_partitions_and_each_has_its_turn() {
    let log = FakeLog::new();
    put_items(&log, 0..120);
    let batch = ReadLimit { records: 4, bytes: 1 << 20 };
    let options = TailOptions { backfill: 0, batch, ..TailOptions::default() };
    let hub = started(&log, options).await;
    let mut session = hub.connect(viewer("ada")).unwrap();
    session.join("global", None, None);
    put_items(&log, 120..240);
    let first: Vec<u64> = next_numbers(&mut session, 12).await;
    for partition in 0..3 {
        assert_eq!(first.iter().filter(|n| *n % 3 == partition).count(), 4, "{first:?}");
    }
    assert_eq!(next_numbers(&mut session, 108).await.len(), 108);
}

#[tokio::test(start_paused = true)]
async fn a_client_goes_from_one_node_to_another_without_loss() {
    let log = FakeLog::new();
    let (first, second) =
        (started(&log, TailOptions::default()).await, started(&log, TailOptions::default()).await);
    let mut session = first.connect(viewer("ada")).unwrap();
    session.join("global", None, None);
    put_items(&log, 0..100);
    let mut seen = Vec::new();
    let mut position = String::new();
    while seen.len() < 40 {
        let Some(Outgoing::Frame(frame)) = session.next().await else { panic!("closed") };
        position = frame.position().unwrap().to_owned();
        seen.extend(numbers(&[serde_json::from_str(frame.as_str()).unwrap()]));
    }
    drop(session);
    let mut session = second.connect(viewer("ada")).unwrap();
    assert!(matches!(
        session.join("global", Some(&position), None),
        JoinOutcome::Joined { recovered: true, .. }
    ));
    seen.extend(next_numbers(&mut session, 60).await);
    seen.sort_unstable();
    assert_eq!(seen, (0..100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn partitions_that_are_added_are_followed_and_resumed_from_like_the_others() {
    let log = FakeLog::new();
    let hub = started(&log, TailOptions::default()).await;
    let mut session = hub.connect(viewer("ada")).unwrap();
    session.join("global", None, None);
    put_items(&log, 0..3);
    assert_eq!(next_numbers(&mut session, 3).await, [0, 1, 2]);
    let before = hub.position().encode();
    log.grow(Topic::NormalizedItems, 5);
    log.put(4, item_created(item_id(3), 3));
    log.put(3, item_created(item_id(4), 4));
    assert_eq!(next_numbers(&mut session, 2).await, [3, 4]);

    let mut back = hub.connect(viewer("ada")).unwrap();
    let joined = back.join("global", Some(&before), None);
    assert_eq!(
        joined,
        JoinOutcome::Joined { recovered: true, replayed: 2, comparisons: 40 },
        "a position from before reaches them"
    );
    assert_eq!(next_numbers(&mut back, 2).await, [3, 4]);
    let late = hub.connect(viewer("ada")).unwrap();
    let joined = late.join("global", Some(&hub.position().encode()), None);
    assert_eq!(
        joined,
        JoinOutcome::Joined { recovered: true, replayed: 0, comparisons: 0 },
        "one from after has them"
    );
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_away_for_a_while_is_waited_for() {
    let log = FakeLog::new();
    log.fail(20);
    let hub = started(&log, TailOptions::default()).await;
    let mut session = hub.connect(viewer("ada")).unwrap();
    session.join("global", None, None);
    log.fail(30);
    put_items(&log, 0..9);
    assert_eq!(next_numbers(&mut session, 9).await, (0..9).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn when_retention_overtakes_the_tail_everybody_is_told_to_refetch() {
    let log = FakeLog::new();
    let hub = started(&log, TailOptions::default()).await;
    let mut session = hub.connect(viewer("ada")).unwrap();
    session.join("global", None, None);
    frames(&mut session);
    log.fail(3);
    for n in 0..10 {
        log.put(0, item_created(item_id(n), n));
    }
    log.expire(Topic::NormalizedItems, 0, 6);
    let mut seen = Vec::new();
    while seen.len() < 5 {
        let Some(Outgoing::Frame(frame)) = session.next().await else { panic!("closed") };
        seen.push(serde_json::from_str::<Value>(frame.as_str()).unwrap());
    }
    assert_eq!(kinds(&seen), ["resync", "new_item", "new_item", "new_item", "new_item"]);
    assert_eq!(numbers(&seen), [6, 7, 8, 9]);
}

#[tokio::test(start_paused = true)]
async fn a_hub_of_another_log_is_refused_and_cancelling_ends_the_tail() {
    let log = FakeLog::new();
    let other = Hub::new(HubOptions::default(), 8, &PARTITIONS, "node-a", clock());
    let tail = Tail::new(TailOptions::default());
    let ended = tail.run(log.clone(), other, CancellationToken::new()).await;
    assert!(matches!(ended, Err(TailError::OtherLog { hub: 8, log: EPOCH })));
    let cancel = CancellationToken::new();
    let running = tokio::spawn(Tail::new(TailOptions::default()).run(log, starting_hub(), cancel.clone()));
    tokio::time::advance(Duration::from_secs(60)).await;
    cancel.cancel();
    assert!(running.await.unwrap().is_ok());
}
