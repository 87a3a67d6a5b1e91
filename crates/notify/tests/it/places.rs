//! Places of those that are handed over at once: what is urgent never waits behind what hangs.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use crisislens_model::{Channel, DeliveryStatus, Notification, Preferences, Severity, Timestamp, UserId};
use crisislens_notify::SenderOptions;
use crisislens_notify::carrier::{Carriers, Parcel, Provider};
use crisislens_notify::provider::Outcome;
use crisislens_state::Durability;
use crisislens_testkit::sample;
use tokio_util::sync::CancellationToken;

use crate::desk::Desk;

/// Takes messages and answers nobody.
struct Hangs(Arc<Mutex<Vec<UserId>>>);

#[async_trait]
impl Provider for Hangs {
    fn name(&self) -> &'static str {
        "hangs"
    }

    fn replaces(&self) -> bool {
        true
    }

    async fn send(&self, parcel: &Parcel, _now: Timestamp) -> Outcome {
        self.0.lock().unwrap().push(parcel.recipient);
        std::future::pending().await
    }
}

/// A mail to person `n`.
async fn mail(desk: &Desk, n: u64, priority: Severity) {
    desk.person(n, Preferences::default()).await;
    let address = format!("person{n}@example.org");
    let mut note = Notification { priority, ..sample::notification(n, n) };
    note.deliveries = vec![sample::delivery(note.id, Channel::Email, Some(&address), DeliveryStatus::Queued)];
    let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
    tx.enter(&[note]).await.unwrap();
    tx.commit().await.unwrap();
    desk.sender.wake.notify_one();
}

#[tokio::test]
async fn what_is_urgent_has_places_of_its_own_while_all_others_hang() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut carriers = Carriers::default();
    carriers.add(Channel::Email, Arc::new(Hangs(Arc::clone(&seen))));
    let mut desk = Desk::with(carriers).await;
    desk.sender.options = SenderOptions { at_once: 8, ..SenderOptions::default() };
    for n in 1..=9 {
        mail(&desk, n, Severity::Low).await;
    }
    let stop = CancellationToken::new();
    let handed_over = async |count: usize| {
        let all_are = async {
            while seen.lock().unwrap().len() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), all_are).await.unwrap();
        seen.lock().unwrap().clone()
    };
    let work = async {
        assert_eq!(handed_over(6).await.len(), 6, "two places are kept");
        for (n, count) in [(21, 7), (22, 8)] {
            mail(&desk, n, Severity::High).await;
            assert_eq!(handed_over(count).await.last(), Some(&sample::user_id(n)));
        }
    };
    tokio::select! {
        () = desk.sender.run(stop.clone()) => panic!("it was not told to stop"),
        () = work => {}
    }
}
