//! Two relays on one outbox, of which one works at a time.

use std::sync::Arc;
use std::time::Duration;

use crisislens_log::EventLog;
use crisislens_model::Topic;
use crisislens_state::Store;
use crisislens_stream::{Health, Lease, Relay, RelayOptions};
use crisislens_testkit::{Engines, FaultyLog, FaultyStore, LogFault, sample, until};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::relay::{expected, first_times, publish};
use crate::toy::{Toy, applied, fine};

on_both! {
    two_relays_take_turns_and_keep_the_order_of_keys_though_either_is_killed,
    a_relay_whose_log_is_away_lets_another_work,
    a_relay_that_only_waits_is_no_trouble_once_the_store_is_back,
}

const LENGTH: Duration = Duration::from_millis(90);

/// A node's relay; its health is its own.
fn relay(engines: &Engines, name: &str, log: Arc<dyn EventLog>, store: Arc<dyn Store>) -> Relay {
    let lease = Some(Lease::new("outbox-relay", name, engines.clock.clone(), LENGTH));
    let options = RelayOptions {
        batch: 16,
        remove_after: Duration::from_millis(3),
        idle: Duration::from_millis(5),
        ..RelayOptions::default()
    };
    Relay {
        store,
        log,
        wake: Arc::new(Notify::new()),
        health: Health::default(),
        lease,
        options,
        ..engines.relay()
    }
}

async fn two_relays_take_turns_and_keep_the_order_of_keys_though_either_is_killed(engines: Engines) {
    let (log, store) = engines.second_node().await;
    let nodes = [(Arc::clone(&engines.log), Arc::clone(&engines.store)), (log, store)];
    let start = |place: usize, round: usize| {
        let (log, store) = nodes[place].clone();
        let cancel = CancellationToken::new();
        let relay = relay(&engines, &format!("{place}-{round}"), log, store);
        (cancel.clone(), tokio::spawn(relay.run(cancel)))
    };
    let records = fine(0..600);
    let mut random = sample::Random(29);
    let mut running = [start(0, 0), start(1, 0)];
    for (round, some) in records.chunks(30).enumerate() {
        publish(&engines, some).await;
        tokio::time::sleep(Duration::from_micros(random.below(40_000))).await;
        let place = usize::from(random.below(2) == 1);
        let (cancel, task) = std::mem::replace(&mut running[place], start(place, round + 1));
        if random.below(2) == 0 {
            // In order: it gives the lease back.
            cancel.cancel();
        } else {
            // Killed: its lease lapses.
            task.abort();
            engines.clock.advance(1);
        }
        let _ = task.await;
    }
    until("the outbox is empty", async || {
        engines.clock.advance(1);
        engines.store.waiting(0, 1).await.unwrap().is_empty()
    })
    .await;
    for (cancel, task) in running {
        cancel.cancel();
        task.await.unwrap();
    }
    let on_the_log = engines.records(Topic::RawItems).await;
    assert_eq!(first_times(&on_the_log), expected(&records));
    engines.apply(&Arc::new(Toy::default())).await;
    assert_eq!(applied(&engines).await, (0..600).collect::<Vec<_>>());
}

async fn a_relay_whose_log_is_away_lets_another_work(engines: Engines) {
    let (log, store) = engines.second_node().await;
    let faulty = FaultyLog::new(Arc::clone(&engines.log));
    faulty.fail(LogFault::Down);
    let cancel = CancellationToken::new();
    let cut_off = relay(&engines, "cut off", faulty, Arc::clone(&engines.store));
    let health = cut_off.health.clone();
    let first = tokio::spawn(cut_off.run(cancel.clone()));
    publish(&engines, &fine(0..40)).await;
    until("it has failed", async || health.troubles().contains_key("outbox relay")).await;
    let second = tokio::spawn(relay(&engines, "well", log, store).run(cancel.clone()));
    // The clock stands: the lease is given back, it does not lapse.
    until("the outbox is empty", async || engines.store.waiting(0, 1).await.unwrap().is_empty()).await;
    cancel.cancel();
    first.await.unwrap();
    second.await.unwrap();
    let on_the_log = engines.records(Topic::RawItems).await;
    assert_eq!(first_times(&on_the_log), expected(&fine(0..40)));
}

async fn a_relay_that_only_waits_is_no_trouble_once_the_store_is_back(engines: Engines) {
    let holder = Lease::new("outbox-relay", "holder", engines.clock.clone(), LENGTH);
    assert!(holder.held(&*engines.store).await.unwrap().0);
    let store = FaultyStore::new(Arc::clone(&engines.store)).await;
    let waiting = relay(&engines, "waiting", Arc::clone(&engines.log), store.clone());
    let (health, cancel) = (waiting.health.clone(), CancellationToken::new());
    let running = tokio::spawn(waiting.run(cancel.clone()));
    store.set_away(true);
    until("health names it", async || health.troubles().contains_key("outbox relay")).await;
    store.set_away(false);
    until("health is well", async || health.troubles().is_empty()).await;
    cancel.cancel();
    running.await.unwrap();
}
