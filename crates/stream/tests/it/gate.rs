//! What makes a consumer wait without anything dying: what its handler needs, and the gate before the outbox.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crisislens_stream::Handler as _;
use crisislens_testkit::{Engines, quick_policy, until};
use tokio_util::sync::CancellationToken;

use crate::toy::{Toy, applied, assert_once_in_order, fine, header, letters, put_off, record_of};

on_both! {
    while_what_a_handler_needs_is_away_nothing_dies_and_nothing_is_put_off,
    a_closed_gate_stops_everything_and_an_open_one_lets_it_go_on,
    a_gate_that_is_closed_to_letters_stops_only_what_would_die,
}

async fn while_what_a_handler_needs_is_away_nothing_dies_and_nothing_is_put_off(engines: Engines) {
    let toy = Arc::new(Toy::default());
    toy.away.store(true, Ordering::SeqCst);
    let cancel = CancellationToken::new();
    let running = tokio::spawn(engines.runner(&toy).run(cancel.clone()));
    engines.append(fine(0..60)).await;
    until("every worker has failed often", async || {
        let troubles = engines.health.troubles();
        troubles.len() == 6
            && troubles.values().all(|trouble| trouble.failures > 3 * quick_policy().in_place_attempts)
    })
    .await;
    for trouble in engines.health.troubles().values() {
        assert_eq!(trouble.reason, "the oracle is unavailable: asleep");
    }
    assert!(put_off(&engines, &toy.consumer()).await.is_empty() && letters(&engines).await.is_empty());
    assert_eq!(applied(&engines).await, [] as [u64; 0]);
    toy.away.store(false, Ordering::SeqCst);
    until("it is at the end", async || engines.is_finished(&*toy).await).await;
    until("health is well", async || engines.health.troubles().is_empty()).await;
    cancel.cancel();
    running.await.unwrap().unwrap();
    assert_once_in_order(&engines, 60).await;
    assert!(letters(&engines).await.is_empty());
}

async fn a_closed_gate_stops_everything_and_an_open_one_lets_it_go_on(engines: Engines) {
    let toy = Arc::new(Toy::default());
    engines.gate.set(Some("the outbox is full".to_owned()), None);
    let cancel = CancellationToken::new();
    let running = tokio::spawn(engines.runner(&toy).run(cancel.clone()));
    engines.append(fine(0..60)).await;
    until("every worker waits", async || engines.health.troubles().len() == 6).await;
    for trouble in engines.health.troubles().values() {
        assert!(trouble.reason.ends_with("the outbox is full"), "{}", trouble.reason);
    }
    assert!(toy.tried.lock().unwrap().is_empty(), "no handler is troubled");
    engines.gate.set(None, None);
    until("it is at the end", async || engines.is_finished(&*toy).await).await;
    until("health is well", async || engines.health.troubles().is_empty()).await;
    cancel.cancel();
    running.await.unwrap().unwrap();
    assert_once_in_order(&engines, 60).await;
}

async fn a_gate_that_is_closed_to_letters_stops_only_what_would_die(engines: Engines) {
    let toy = Arc::new(Toy::default());
    engines.gate.set(None, Some("nothing reaches the log".to_owned()));
    let cancel = CancellationToken::new();
    let running = tokio::spawn(engines.runner(&toy).run(cancel.clone()));
    engines.append(fine(0..40)).await;
    until("what is fine is applied", async || engines.is_finished(&*toy).await).await;
    assert!(engines.health.troubles().is_empty());

    // One that dies at once, one after its tries, and one that its handler refuses; each with one behind it.
    let fates = [("a", "panic"), ("b", "fails"), ("c", "never")];
    for (place, (key, fate)) in (0..).zip(fates) {
        engines.append(vec![record_of(key, 100 + place, fate), record_of(key, 40 + place, "fine")]).await;
    }
    let waits = async || {
        let troubles = engines.health.troubles();
        !troubles.is_empty()
            && troubles.values().all(|trouble| trouble.failures > 2 * quick_policy().in_place_attempts)
            && troubles.values().any(|trouble| trouble.reason.ends_with("nothing reaches the log"))
    };
    until("its partitions wait", waits).await;
    assert!(letters(&engines).await.is_empty());
    assert!(!engines.is_finished(&*toy).await, "nothing moves past what could not be buried");
    engines.gate.set(None, None);
    until("it is at the end", async || engines.is_finished(&*toy).await).await;
    until("health is well", async || engines.health.troubles().is_empty()).await;
    cancel.cancel();
    running.await.unwrap().unwrap();
    let letters = letters(&engines).await;
    let given_up: Vec<_> = letters.iter().filter(|one| header(one, "cl_error_class") == "failed").collect();
    assert_eq!((letters.len(), given_up.len(), header(given_up[0], "cl_attempts")), (3, 1, "3"));
    assert_once_in_order(&engines, 43).await;
}
