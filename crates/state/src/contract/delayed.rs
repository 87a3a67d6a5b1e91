//! Records that are put off, leases, and the depth of the outbox.

use crisislens_model::Topic;

use super::{Engine, begin, sample};
use crate::StateError;
use crate::stream::Delayed;

const TOPIC: Topic = Topic::RawItems;

fn delayed(offset: u64, failures: u32) -> Delayed {
    Delayed {
        offset,
        key: vec![0, 255, offset as u8],
        failures,
        first_failed_at: sample::at(offset),
        due_at: sample::at(offset + u64::from(failures)),
        last_error: format!("{failures} times: \"näh\"; --"),
    }
}

/// What was put off is listed by offset for its consumer and partition alone; putting it off again replaces it.
pub async fn records_are_put_off_apart_from_their_partition(engine: &dyn Engine) {
    let store = engine.open().await;
    let mut tx = begin(&*store).await;
    tx.delay("a", TOPIC, 0, &[delayed(70, 1), delayed(3, 1)]).await.unwrap();
    tx.delay("a", TOPIC, 0, &(100..190).map(|n| delayed(n, 2)).collect::<Vec<_>>()).await.unwrap();
    tx.delay("a", TOPIC, 1, &[delayed(3, 5)]).await.unwrap();
    tx.delay("b", TOPIC, 0, &[delayed(4, 6)]).await.unwrap();
    tx.delay("b", Topic::Alerts, 0, &[delayed(5, 7)]).await.unwrap();
    tx.delay("b", Topic::Alerts, 0, &[]).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = begin(&*store).await;
    tx.delay("a", TOPIC, 0, &[delayed(3, 2)]).await.unwrap();
    tx.commit().await.unwrap();

    let mut expected = vec![delayed(3, 2), delayed(70, 1)];
    expected.extend((100..190).map(|n| delayed(n, 2)));
    assert_eq!(store.delayed("a", TOPIC, 0).await.unwrap(), expected);
    assert_eq!(store.delayed("a", TOPIC, 1).await.unwrap(), [delayed(3, 5)]);
    assert!(store.delayed("a", Topic::Alerts, 0).await.unwrap().is_empty());
    let counts: Vec<_> = store
        .delayed_counts()
        .await
        .unwrap()
        .into_iter()
        .map(|one| (one.consumer, one.topic, one.partition, one.records, one.oldest_failed_at))
        .collect();
    assert_eq!(
        counts,
        [
            ("a".to_owned(), TOPIC, 0, 92, sample::at(3)),
            ("a".to_owned(), TOPIC, 1, 1, sample::at(3)),
            ("b".to_owned(), Topic::Alerts, 0, 1, sample::at(5)),
            ("b".to_owned(), TOPIC, 0, 1, sample::at(4)),
        ]
    );
}

/// Taking back what another consumer has taken back already is refused, and then nothing of the transaction stays.
pub async fn what_was_put_off_is_taken_back_once(engine: &dyn Engine) {
    let store = engine.open().await;
    let mut tx = begin(&*store).await;
    tx.delay("a", TOPIC, 0, &[delayed(1, 1), delayed(2, 1), delayed(3, 1)]).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = begin(&*store).await;
    tx.undelay("a", TOPIC, 0, &[1, 3]).await.unwrap();
    tx.undelay("a", TOPIC, 0, &[]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.delayed("a", TOPIC, 0).await.unwrap(), [delayed(2, 1)]);

    let mut tx = begin(&*store).await;
    let refused = tx.undelay("a", TOPIC, 0, &[2, 3]).await;
    assert!(
        matches!(&refused, Err(StateError::Fenced { consumer, topic: TOPIC, partition: 0, expected: 3 })
            if consumer == "a"),
        "{refused:?}"
    );
    drop(tx);
    assert_eq!(store.delayed("a", TOPIC, 0).await.unwrap(), [delayed(2, 1)]);
}

/// A lease has one holder until its time has passed or it is given back, and its token rises with every new holder.
pub async fn a_lease_has_one_holder_and_its_token_only_rises(engine: &dyn Engine) {
    let store = engine.open().await;
    let take = async |holder: &str, now: u64, until: u64| {
        let mut tx = begin(&*store).await;
        let token = tx.take_lease("relay", holder, sample::at(now), sample::at(until)).await.unwrap();
        tx.commit().await.unwrap();
        token
    };
    let release = async |holder: &str| {
        let mut tx = begin(&*store).await;
        tx.release_lease("relay", holder).await.unwrap();
        tx.commit().await.unwrap();
    };
    let first = take("a", 0, 10).await.unwrap();
    assert_eq!(take("b", 9, 19).await, None, "it is held");
    assert_eq!(take("a", 9, 20).await, Some(first), "its holder renews it");
    assert_eq!(take("b", 19, 30).await, None, "it was renewed");
    let second = take("b", 20, 30).await.unwrap();
    assert!(second > first);
    assert_eq!(take("a", 21, 40).await, None, "who lost it does not hold it");
    release("a").await;
    assert_eq!(take("a", 22, 40).await, None, "nobody gives back another's lease");
    release("b").await;
    let third = take("a", 23, 40).await.unwrap();
    assert!(third > second);
    release("a").await;
    assert!(take("a", 24, 40).await.unwrap() > third, "whoever comes anew gets a new token");
    let mut tx = begin(&*store).await;
    let other = tx.take_lease("retention", "b", sample::at(24), sample::at(25)).await.unwrap();
    assert!(other.is_some(), "each lease stands for itself");
}
