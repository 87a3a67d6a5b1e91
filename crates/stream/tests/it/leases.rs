//! A lease: one holder at a time, taken over after its end, given back at once, and what a holder believes that was stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crisislens_state::Store;
use crisislens_stream::Lease;
use crisislens_testkit::{Engines, FaultyStore, until};
use tokio_util::sync::CancellationToken;

on_both! {
    of_two_holders_one_has_it_until_it_lapses_or_is_given_back,
    a_lease_that_is_renewed_outlives_its_length,
    a_part_runs_at_one_holder_at_a_time_and_moves_when_that_one_stops,
    a_holder_that_lost_the_lease_in_its_sleep_stops_its_part,
    a_holder_whose_store_is_away_stops_its_part_when_the_lease_has_lapsed,
}

/// Short in real time, so that a holder asks the store again soon.
const LENGTH: Duration = Duration::from_millis(150);

fn lease(engines: &Engines, holder: &str) -> Lease {
    Lease::new("the-part", holder, engines.clock.clone(), LENGTH)
}

async fn of_two_holders_one_has_it_until_it_lapses_or_is_given_back(engines: Engines) {
    let (_, second) = engines.second_node().await;
    let (first, second): (Arc<dyn Store>, _) = (Arc::clone(&engines.store), second);
    let (ada, bob) = (lease(&engines, "ada"), lease(&engines, "bob"));
    assert_eq!(ada.held(&*first).await.unwrap(), (true, true));
    assert_eq!(bob.held(&*second).await.unwrap(), (false, false));
    assert_eq!(ada.held(&*first).await.unwrap(), (true, false), "it does not come anew while it is held");
    // Ada sleeps past its end.
    engines.clock.advance(1);
    assert_eq!(bob.held(&*second).await.unwrap(), (true, true));
    until("ada learns of it", async || ada.held(&*first).await.unwrap() == (false, false)).await;
    // Given back, it is free at once, and who gave it back does not believe to hold it.
    assert_eq!(bob.held(&*second).await.unwrap(), (true, false));
    bob.release(&*second).await;
    assert_eq!(ada.held(&*first).await.unwrap(), (true, true));
    assert_eq!(bob.held(&*second).await.unwrap(), (false, false));
    // Giving back what one does not hold changes nothing.
    bob.release(&*second).await;
    assert_eq!(bob.held(&*second).await.unwrap(), (false, false));
}

async fn a_lease_that_is_renewed_outlives_its_length(engines: Engines) {
    let length = Duration::from_secs(3);
    let lease = |holder| Lease::new("the-part", holder, engines.clock.clone(), length);
    let (ada, bob) = (lease("ada"), lease("bob"));
    assert_eq!(ada.held(&*engines.store).await.unwrap(), (true, true));
    engines.clock.advance(2);
    // After a third of its length a holder asks the store again.
    tokio::time::sleep(length / 3).await;
    assert_eq!(ada.held(&*engines.store).await.unwrap(), (true, false));
    engines.clock.advance(2);
    assert_eq!(bob.held(&*engines.store).await.unwrap(), (false, false), "four of three seconds have passed");
    engines.clock.advance(2);
    assert_eq!(bob.held(&*engines.store).await.unwrap(), (true, true));
}

/// A part that counts how often it was begun and how many run.
#[derive(Clone, Default)]
struct Part {
    begun: Arc<AtomicU32>,
    running: Arc<AtomicU32>,
}

impl Part {
    async fn run(self, stop: CancellationToken) {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.running.fetch_add(1, Ordering::SeqCst);
        stop.cancelled().await;
        self.running.fetch_sub(1, Ordering::SeqCst);
    }

    fn begun(&self) -> u32 {
        self.begun.load(Ordering::SeqCst)
    }

    fn runs(&self) -> bool {
        self.running.load(Ordering::SeqCst) > 0
    }
}

struct Holder {
    part: Part,
    cancel: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

fn hold(lease: Lease, store: Arc<dyn Store>) -> Holder {
    let (part, cancel) = (Part::default(), CancellationToken::new());
    let (mine, stop) = (part.clone(), cancel.clone());
    let task = tokio::spawn(async move {
        lease.while_held(&*store, &stop, |stop| mine.clone().run(stop)).await;
    });
    Holder { part, cancel, task }
}

async fn a_part_runs_at_one_holder_at_a_time_and_moves_when_that_one_stops(engines: Engines) {
    let (_, second) = engines.second_node().await;
    let ada = hold(lease(&engines, "ada"), Arc::clone(&engines.store));
    until("ada's part runs", async || ada.part.runs()).await;
    let bob = hold(lease(&engines, "bob"), second);
    // Longer than a lease, by the clock that stands: ada renews it, and bob gets nothing.
    tokio::time::sleep(LENGTH * 2).await;
    assert!(ada.part.runs() && bob.part.begun() == 0);
    ada.cancel.cancel();
    ada.task.await.unwrap();
    assert!(!ada.part.runs(), "its part has ended before the lease is given back");
    until("bob's part runs", async || bob.part.runs()).await;
    assert_eq!((ada.part.begun(), bob.part.begun()), (1, 1));
    bob.cancel.cancel();
    bob.task.await.unwrap();
}

async fn a_holder_that_lost_the_lease_in_its_sleep_stops_its_part(engines: Engines) {
    let ada = hold(lease(&engines, "ada"), Arc::clone(&engines.store));
    until("ada's part runs", async || ada.part.runs()).await;
    let bob = lease(&engines, "bob");
    until("bob takes it when it has lapsed", async || {
        engines.clock.advance(1);
        bob.held(&*engines.store).await.unwrap().0
    })
    .await;
    until("ada's part has stopped", async || !ada.part.runs()).await;
    bob.release(&*engines.store).await;
    until("ada's part runs again", async || ada.part.runs()).await;
    assert_eq!(ada.part.begun(), 2);
    ada.cancel.cancel();
    ada.task.await.unwrap();
}

async fn a_holder_whose_store_is_away_stops_its_part_when_the_lease_has_lapsed(engines: Engines) {
    let store = FaultyStore::new(Arc::clone(&engines.store)).await;
    let ada = hold(lease(&engines, "ada"), store.clone());
    until("ada's part runs", async || ada.part.runs()).await;
    store.set_away(true);
    until("ada's part has stopped", async || !ada.part.runs()).await;
    store.set_away(false);
    until("ada's part runs again", async || ada.part.runs()).await;
    ada.cancel.cancel();
    ada.task.await.unwrap();
}
