//! What the monitor sees of consumers and the outbox, and the gate that it closes and opens.

use std::sync::Arc;
use std::time::Duration;

use crisislens_log::EventLog;
use crisislens_model::{NewRecord, Topic};
use crisislens_state::Store;
use crisislens_stream::monitor::Snapshot;
use crisislens_stream::{FailurePolicy, Monitor, MonitorOptions, Relay, Runner};
use crisislens_testkit::{Engines, FaultyLog, FaultyStore, LogFault, quick_policy, until};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::relay::publish;
use crate::toy::{Toy, fine, letters, record};

on_both! {
    lag_is_what_lies_on_the_log_unread_and_falls_to_nothing,
    a_consumer_that_has_not_begun_is_behind_by_everything,
    while_the_log_takes_nothing_consumers_wait_for_the_outbox_and_go_on_by_themselves,
    a_store_that_is_away_is_named_and_the_last_look_stays,
    the_gate_closes_while_a_look_at_the_log_hangs,
    an_outbox_with_too_many_bytes_closes_the_gate,
}

fn monitor(engines: &Engines, seen: watch::Sender<Snapshot>) -> Monitor {
    Monitor {
        store: Arc::clone(&engines.store),
        log: Arc::clone(&engines.log),
        clock: engines.clock.clone(),
        health: engines.health.clone(),
        gate: engines.gate.clone(),
        followers: Vec::new(),
        consumers: vec![("toys/count".to_owned(), Topic::RawItems)],
        seen,
        options: MonitorOptions { every: Duration::from_millis(5), ..MonitorOptions::default() },
    }
}

/// Records that the toy has not read.
fn behind(snapshot: &Snapshot) -> u64 {
    snapshot.lags.iter().filter(|lag| lag.consumer == "toys/count").map(|lag| lag.records).sum()
}

fn watched() -> (watch::Sender<Snapshot>, watch::Receiver<Snapshot>) {
    watch::channel(Snapshot::default())
}

async fn lag_is_what_lies_on_the_log_unread_and_falls_to_nothing(engines: Engines) {
    let (sender, seen) = watched();
    let cancel = CancellationToken::new();
    let watching = tokio::spawn(monitor(&engines, sender).run(cancel.clone()));
    engines.append(fine(0..20)).await;
    engines.apply(&Arc::new(Toy::default())).await;
    engines.append(fine(20..30)).await;
    until("it sees ten", async || behind(&seen.borrow()) == 10).await;
    let policy = FailurePolicy { delays: vec![Duration::from_secs(60)], ..quick_policy() };
    engines.finish(Runner { policy, ..engines.runner(&Toy::cursed([25])) }).await;
    until("it sees none", async || behind(&seen.borrow()) == 0).await;
    until("it sees one put off", async || seen.borrow().lags.iter().map(|lag| lag.delayed).sum::<u64>() == 1)
        .await;
    assert!(seen.borrow().lags.iter().all(|lag| lag.seconds == 0.0));
    cancel.cancel();
    watching.await.unwrap();
}

async fn a_consumer_that_has_not_begun_is_behind_by_everything(engines: Engines) {
    let (sender, seen) = watched();
    let cancel = CancellationToken::new();
    let watching = tokio::spawn(monitor(&engines, sender).run(cancel.clone()));
    engines.append(fine(0..32)).await;
    until("it sees all", async || behind(&seen.borrow()) == 32).await;
    let partitions = engines.log.definitions().get(Topic::RawItems).partitions as usize;
    assert_eq!(seen.borrow().lags.len(), partitions);
    cancel.cancel();
    watching.await.unwrap();
}

/// Only the embedded log stamps records by a clock that can be moved.
#[tokio::test]
async fn the_age_of_the_oldest_unread_record_is_told_in_seconds() {
    let engines = Engines::open().await;
    let (sender, seen) = watched();
    let cancel = CancellationToken::new();
    let watching = tokio::spawn(monitor(&engines, sender).run(cancel.clone()));
    engines.append(vec![record(1, "fine")]).await;
    engines.clock.advance(40);
    engines.append(vec![record(1, "fine")]).await;
    engines.clock.advance(2);
    let oldest = || seen.borrow().lags.iter().map(|lag| lag.seconds).fold(0.0, f64::max);
    until("it sees 42 s", async || oldest() == 42.0).await;
    engines.apply(&Arc::new(Toy::default())).await;
    until("it sees none", async || oldest() == 0.0).await;
    cancel.cancel();
    watching.await.unwrap();
}

async fn while_the_log_takes_nothing_consumers_wait_for_the_outbox_and_go_on_by_themselves(engines: Engines) {
    let toy = Arc::new(Toy::default());
    let faulty = FaultyLog::new(Arc::clone(&engines.log));
    faulty.fail(LogFault::Down);
    let closed: Arc<dyn EventLog> = faulty.clone();
    let (sender, seen) = watched();
    let options = MonitorOptions {
        max_outbox_records: 30,
        every: Duration::from_millis(5),
        ..MonitorOptions::default()
    };
    let cancel = CancellationToken::new();
    let parts = [
        tokio::spawn(Monitor { options, ..monitor(&engines, sender) }.run(cancel.clone())),
        tokio::spawn(Relay { log: closed, ..engines.relay() }.run(cancel.clone())),
    ];
    let running = tokio::spawn(engines.runner(&toy).run(cancel.clone()));
    // The toy publishes with a time long past: as soon as one of its records is stuck, no letter is written …
    engines.append(vec![record(0, "fine")]).await;
    until("it is seen that the outbox is stuck", async || seen.borrow().outbox_seconds > 15.0).await;
    engines.append(vec![record(1, "panic")]).await;
    let says = async |text: &str| engines.health.troubles().values().any(|one| one.reason.contains(text));
    until("a letter waits", async || says("so a dead letter could not be either").await).await;
    assert!(letters(&engines).await.is_empty());
    // … and when it is full, nothing at all.
    engines.append(fine(2..100)).await;
    until("it is seen full", async || seen.borrow().outbox.records > 30).await;
    engines.append(fine(100..160)).await;
    until("consumers wait", async || says("records wait to be appended to the log, more than 30").await)
        .await;
    assert!(!engines.is_finished(&*toy).await);
    faulty.fail(LogFault::None);
    until("all is done", async || {
        engines.is_finished(&*toy).await && engines.store.waiting(0, 1).await.unwrap().is_empty()
    })
    .await;
    until("health is well", async || engines.health.troubles().is_empty()).await;
    until("the outbox is seen empty", async || seen.borrow().outbox.records == 0).await;
    cancel.cancel();
    for part in parts {
        part.await.unwrap();
    }
    running.await.unwrap().unwrap();
    assert_eq!(engines.records(Topic::Dlq).await.len(), 1);
}

async fn a_store_that_is_away_is_named_and_the_last_look_stays(engines: Engines) {
    let store = FaultyStore::new(Arc::clone(&engines.store)).await;
    let through: Arc<dyn Store> = store.clone();
    let (sender, seen) = watched();
    let cancel = CancellationToken::new();
    let watching = tokio::spawn(Monitor { store: through, ..monitor(&engines, sender) }.run(cancel.clone()));
    engines.append(fine(0..5)).await;
    until("it sees five", async || behind(&seen.borrow()) == 5).await;
    store.set_away(true);
    until("health names it", async || engines.health.troubles().contains_key("monitor")).await;
    assert_eq!(behind(&seen.borrow()), 5);
    store.set_away(false);
    until("health is well", async || engines.health.troubles().is_empty()).await;
    cancel.cancel();
    watching.await.unwrap();
}

async fn the_gate_closes_while_a_look_at_the_log_hangs(engines: Engines) {
    let hanging = FaultyLog::new(Arc::clone(&engines.log));
    hanging.fail(LogFault::Hangs);
    let log: Arc<dyn EventLog> = hanging;
    let toy = Arc::new(Toy::default());
    let (sender, seen) = watched();
    let options = MonitorOptions { max_outbox_records: 30, ..monitor(&engines, sender.clone()).options };
    let cancel = CancellationToken::new();
    let watching = tokio::spawn(Monitor { log, options, ..monitor(&engines, sender) }.run(cancel.clone()));
    let running = tokio::spawn(engines.runner(&toy).run(cancel.clone()));
    // Nothing takes the toy's records out of the outbox.
    engines.append(fine(0..100)).await;
    until("it is seen full", async || seen.borrow().outbox.records > 30).await;
    engines.append(fine(100..160)).await;
    let says = |text: &str| engines.health.troubles().values().any(|one| one.reason.contains(text));
    until("consumers wait", async || says("records wait to be appended to the log, more than 30")).await;
    assert!(!engines.is_finished(&*toy).await);
    assert_eq!(seen.borrow().at, None, "no look at the log has ended");
    cancel.cancel();
    watching.await.unwrap();
    running.await.unwrap().unwrap();
}

async fn an_outbox_with_too_many_bytes_closes_the_gate(engines: Engines) {
    let (sender, _seen) = watched();
    let options = MonitorOptions { max_outbox_bytes: 10_000, ..monitor(&engines, sender.clone()).options };
    let cancel = CancellationToken::new();
    let watching = tokio::spawn(Monitor { options, ..monitor(&engines, sender) }.run(cancel.clone()));
    let large = NewRecord { value: Some(vec![7; 20_000]), ..record(0, "fine") };
    publish(&engines, &[large]).await;
    let toy = Arc::new(Toy::default());
    let running = tokio::spawn(engines.runner(&toy).run(cancel.clone()));
    let says = |text: &str| engines.health.troubles().values().any(|one| one.reason.contains(text));
    // What comes before the first look may pass.
    until("a consumer waits", async || {
        engines.append(vec![record(1, "fine")]).await;
        says("bytes wait to be appended to the log, more than 10000")
    })
    .await;
    // What the toy publishes as it goes on may be too much again, so the outbox is emptied as often as it takes.
    until("it goes on", async || {
        engines.relay_all().await;
        engines.is_finished(&*toy).await
    })
    .await;
    cancel.cancel();
    watching.await.unwrap();
    running.await.unwrap().unwrap();
}
