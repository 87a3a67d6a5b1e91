//! What waits for a dependency: nothing dies, health says who waits for what, and it goes on by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crisislens_log::EventLog;
use crisislens_state::Store;
use crisislens_stream::{FailurePolicy, GivesWay, Runner, RunnerOptions};
use crisislens_testkit::{Engines, FaultyLog, FaultyStore, LogFault, QUICK, quick_policy, sample, until};
use tokio_util::sync::CancellationToken;

use crate::toy::{Toy, applied, assert_once_in_order, fine, letters, record_of};

on_both! {
    while_the_store_is_away_nothing_dies_and_health_names_it_and_then_it_goes_on,
    a_store_and_a_log_that_come_and_go_lose_and_double_nothing,
    who_gives_way_waits_while_others_are_behind_and_not_for_ever,
    the_tries_of_a_record_that_another_runner_took_over_are_not_counted_against_the_next,
}

async fn while_the_store_is_away_nothing_dies_and_health_names_it_and_then_it_goes_on(engines: Engines) {
    let toy = Arc::new(Toy::default());
    let store = FaultyStore::new(engines.store.clone()).await;
    store.set_away(true);
    let cancel = CancellationToken::new();
    let through: Arc<dyn Store> = store.clone();
    let runner = Runner { store: through, ..engines.runner(&toy) };
    let running = tokio::spawn(runner.run(cancel.clone()));
    engines.append(fine(0..100)).await;
    // Many more failures than a record is given tries.
    until("every worker has failed often", async || {
        let troubles = engines.health.troubles();
        troubles.len() == 6
            && troubles.values().all(|trouble| trouble.failures > 2 * quick_policy().in_place_attempts)
    })
    .await;
    for (name, trouble) in engines.health.troubles() {
        assert!(name.starts_with("toys/count raw-items/"), "{name}");
        assert!(trouble.reason.starts_with("the store is unavailable"), "{}", trouble.reason);
    }
    store.set_away(false);
    until("it is at the end", async || engines.is_finished(&*toy).await).await;
    until("health is well", async || engines.health.troubles().is_empty()).await;
    cancel.cancel();
    running.await.unwrap().unwrap();
    assert_once_in_order(&engines, 100).await;
    assert!(letters(&engines).await.is_empty());
}

async fn who_gives_way_waits_while_others_are_behind_and_not_for_ever(engines: Engines) {
    let behind = Arc::new(AtomicBool::new(true));
    let asked = Arc::clone(&behind);
    let is_behind = Arc::new(move || asked.load(Ordering::Relaxed));
    let gives_way =
        |at_most| Some(GivesWay { is_behind: is_behind.clone(), at_most: Duration::from_millis(at_most) });
    engines.append(fine(0..300)).await;
    let toy = Arc::new(Toy::default());
    let cancel = CancellationToken::new();
    let patient = Runner { gives_way: gives_way(3_600_000), ..engines.runner(&toy) };
    let running = tokio::spawn(patient.run(cancel.clone()));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(applied(&engines).await.is_empty(), "others go first");
    cancel.cancel();
    running.await.unwrap().unwrap();
    // Batch after batch, although they stay behind.
    engines.finish(Runner { gives_way: gives_way(20), ..engines.runner(&toy) }).await;
    assert_once_in_order(&engines, 300).await;
    engines.append(fine(300..400)).await;
    behind.store(false, Ordering::Relaxed);
    engines.finish(Runner { gives_way: gives_way(3_600_000), ..engines.runner(&toy) }).await;
    assert_once_in_order(&engines, 400).await;
}

async fn a_store_and_a_log_that_come_and_go_lose_and_double_nothing(engines: Engines) {
    let toy = Arc::new(Toy::default());
    let store = FaultyStore::new(engines.store.clone()).await;
    let log = FaultyLog::new(Arc::clone(&engines.log));
    let cancel = CancellationToken::new();
    let (through_store, through_log): (Arc<dyn Store>, Arc<dyn EventLog>) = (store.clone(), log.clone());
    let options = RunnerOptions { batch_records: 5, ..QUICK };
    let runner = Runner { store: through_store, log: through_log, options, ..engines.runner(&toy) };
    let running = tokio::spawn(runner.run(cancel.clone()));
    let mut random = sample::Random(3);
    for round in 0..40 {
        engines.append(fine(round * 10..(round + 1) * 10)).await;
        store.set_away(random.below(2) == 0);
        log.fail(random.pick(&[LogFault::None, LogFault::Down]));
        tokio::time::sleep(Duration::from_micros(random.below(5000))).await;
    }
    store.set_away(false);
    log.fail(LogFault::None);
    until("it is at the end", async || engines.is_finished(&*toy).await).await;
    cancel.cancel();
    running.await.unwrap().unwrap();
    assert_once_in_order(&engines, 400).await;
    assert!(letters(&engines).await.is_empty());
}

async fn the_tries_of_a_record_that_another_runner_took_over_are_not_counted_against_the_next(
    engines: Engines,
) {
    let toy = Arc::new(Toy::default());
    let log: Arc<dyn EventLog> = FaultyLog::without_groups(Arc::clone(&engines.log));
    engines.append(vec![record_of("one key", 1, "fails")]).await;
    let cancel = CancellationToken::new();
    // It tries once only, and waits so long before it gives up that the other comes to the end of the record first.
    let pause = Duration::from_millis(300);
    let slow = FailurePolicy {
        in_place_attempts: 1,
        in_place_back_off: pause,
        in_place_back_off_max: pause,
        ..quick_policy()
    };
    let runner = Runner { policy: slow, log: Arc::clone(&log), ..engines.runner(&toy) };
    let running = tokio::spawn(runner.run(cancel.clone()));
    until("it has failed once", async || toy.tries(1) == 1).await;
    let other = Arc::new(Toy::default());
    engines.finish(Runner { log, ..engines.runner(&other) }).await;
    engines.append(vec![record_of("one key", 2, "fine"), record_of("one key", 3, "fine")]).await;
    until("it is at the end", async || engines.is_finished(&*toy).await).await;
    cancel.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(applied(&engines).await, [2, 3]);
    assert_eq!(letters(&engines).await.len(), 1);
}
