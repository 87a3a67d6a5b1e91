//! Offsets, inbox and outbox: what makes every record count once.

use crisislens_model::{EventId, ItemFilter, NewRecord, Topic};

use super::{Engine, begin, sample};
use crate::stream::Waiting;
use crate::{StateError, Store};

const TOPIC: Topic = Topic::RawItems;

async fn advance(
    store: &dyn Store,
    consumer: &str,
    partition: u32,
    from: u64,
    to: u64,
) -> Result<(), StateError> {
    let mut tx = begin(store).await;
    tx.advance(consumer, TOPIC, partition, from, to).await?;
    tx.commit().await
}

/// An offset moves only from where it is, and each consumer's in each partition for itself.
pub async fn an_offset_moves_only_from_where_it_is(engine: &dyn Engine) {
    let store = engine.open().await;
    assert_eq!(store.offset("a", TOPIC, 0).await.unwrap(), 0);
    advance(&*store, "a", 0, 0, 5).await.unwrap();
    for stale in [0, 3, 6] {
        let refused = advance(&*store, "a", 0, stale, 9).await;
        assert!(
            matches!(&refused, Err(StateError::Fenced { consumer, partition: 0, expected, .. })
                if consumer == "a" && *expected == stale),
            "{refused:?}"
        );
    }
    advance(&*store, "a", 0, 5, 9).await.unwrap();
    advance(&*store, "b", 0, 0, 2).await.unwrap();
    advance(&*store, "a", 1, 0, 3).await.unwrap();
    // Retention may have dropped everything before the first read.
    assert!(advance(&*store, "c", 0, 4, 5).await.is_err(), "who has never read is at 0");
    let places: Vec<_> =
        store.offsets().await.unwrap().into_iter().map(|at| (at.consumer, at.partition, at.next)).collect();
    assert_eq!(places, [("a".into(), 0, 9), ("a".into(), 1, 3), ("b".into(), 0, 2)]);
    assert_eq!(store.offset("a", TOPIC, 0).await.unwrap(), 9);
    assert_eq!(store.offset("a", Topic::Alerts, 0).await.unwrap(), 0);
}

/// A stale consumer's transaction is undone with everything in it.
pub async fn a_fenced_transaction_leaves_nothing(engine: &dyn Engine) {
    let store = engine.open().await;
    advance(&*store, "a", 0, 0, 5).await.unwrap();
    let mut tx = begin(&*store).await;
    tx.claim("a", &[sample::event(1)], sample::at(0)).await.unwrap();
    tx.put_items(vec![sample::row(1)]).await.unwrap();
    tx.put_incidents(&[sample::incident(1)]).await.unwrap();
    tx.publish(vec![sample::record(1)], sample::at(0)).await.unwrap();
    let refused = tx.advance("a", TOPIC, 0, 0, 3).await;
    assert!(matches!(refused, Err(StateError::Fenced { .. })), "{refused:?}");
    drop(tx);
    assert_eq!(store.list_items(&ItemFilter::default(), 1, None).await.unwrap().total, 0);
    assert_eq!(store.incident(sample::incident(1).id).await.unwrap(), None);
    assert!(store.waiting(0, 10).await.unwrap().is_empty());
    assert_eq!(store.offset("a", TOPIC, 0).await.unwrap(), 5);
    let mut tx = begin(&*store).await;
    assert_eq!(tx.claim("a", &[sample::event(1)], sample::at(0)).await.unwrap(), [true]);
}

/// Of an event that is claimed again only the first claim counts: in one call, across calls, for each consumer.
pub async fn an_event_is_new_once_for_each_consumer(engine: &dyn Engine) {
    let store = engine.open().await;
    let [one, two, three] = [1, 2, 3].map(sample::event);
    let mut tx = begin(&*store).await;
    assert_eq!(tx.claim("a", &[one, two, one], sample::at(1)).await.unwrap(), [true, true, false]);
    assert_eq!(tx.claim("a", &[two, three], sample::at(2)).await.unwrap(), [false, true]);
    assert!(tx.claim("a", &[], sample::at(2)).await.unwrap().is_empty());
    tx.commit().await.unwrap();
    let mut tx = begin(&*store).await;
    assert_eq!(tx.claim("b", &[one], sample::at(3)).await.unwrap(), [true]);
    assert_eq!(tx.claim("a", &[one, two, three], sample::at(3)).await.unwrap(), [false; 3]);
    // More than any engine takes in one statement, with repeats far apart.
    let many: Vec<EventId> = (0..400).map(|n| sample::event(100 + n % 300)).collect();
    let first_time: Vec<bool> = (0..400).map(|n| n < 300).collect();
    assert_eq!(tx.claim("a", &many, sample::at(3)).await.unwrap(), first_time);
}

/// What was applied long ago is forgotten, and nothing later.
pub async fn applied_events_are_forgotten_by_age(engine: &dyn Engine) {
    let store = engine.open().await;
    let mut tx = begin(&*store).await;
    tx.claim("a", &[sample::event(1)], sample::at(10)).await.unwrap();
    tx.claim("a", &[sample::event(2)], sample::at(20)).await.unwrap();
    assert_eq!(tx.forget_applied(sample::at(20)).await.unwrap(), 1);
    let known = tx.claim("a", &[sample::event(1), sample::event(2)], sample::at(30)).await.unwrap();
    assert_eq!(known, [true, false]);
    // What came again at 30 is remembered from then on, and not for another consumer.
    assert_eq!(tx.claim("a", &[sample::event(2)], sample::at(25)).await.unwrap(), [false]);
    assert_eq!(tx.forget_applied(sample::at(30)).await.unwrap(), 0);
    assert_eq!(tx.claim("a", &[sample::event(2)], sample::at(31)).await.unwrap(), [false]);
}

/// Records wait in the order in which they were published and committed, byte for byte, until the relay has them.
pub async fn records_wait_in_the_order_of_their_commits(engine: &dyn Engine) {
    let store = engine.open().await;
    let records: Vec<NewRecord> = (0..150).map(sample::record).collect();
    let mut tx = begin(&*store).await;
    tx.publish(records[..90].to_vec(), sample::at(0)).await.unwrap();
    tx.publish(records[90..100].to_vec(), sample::at(0)).await.unwrap();
    tx.publish(Vec::new(), sample::at(0)).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = begin(&*store).await;
    tx.publish(records[100..].to_vec(), sample::at(0)).await.unwrap();
    tx.commit().await.unwrap();

    let waiting = store.waiting(0, 1000).await.unwrap();
    assert!(waiting.is_sorted_by(|a, b| a.seq < b.seq));
    let bare = |waiting: &[Waiting]| waiting.iter().map(|one| one.record.clone()).collect::<Vec<_>>();
    assert_eq!(bare(&waiting), records);
    assert_eq!(store.waiting(0, 7).await.unwrap(), waiting[..7]);
    assert_eq!(store.waiting(waiting[6].seq, 7).await.unwrap(), waiting[7..14]);
}

/// Removing what was relayed leaves the rest, and a place in the outbox is never given twice: a relay that remembers
/// how far it came must not pass over what is published later.
pub async fn what_was_relayed_goes_and_its_place_is_not_given_again(engine: &dyn Engine) {
    let store = engine.open().await;
    let publish = async |n: u64| {
        let mut tx = begin(&*store).await;
        tx.publish(vec![sample::record(n)], sample::at(0)).await.unwrap();
        tx.commit().await.unwrap();
    };
    for n in 0..3 {
        publish(n).await;
    }
    let waiting = store.waiting(0, 10).await.unwrap();
    let mut tx = begin(&*store).await;
    tx.relayed(waiting[1].seq).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.waiting(0, 10).await.unwrap(), waiting[2..]);
    let mut tx = begin(&*store).await;
    tx.relayed(waiting[2].seq).await.unwrap();
    tx.commit().await.unwrap();
    assert!(store.waiting(0, 10).await.unwrap().is_empty());
    publish(3).await;
    let after = store.waiting(waiting[2].seq, 10).await.unwrap();
    assert_eq!(after.iter().map(|one| one.record.clone()).collect::<Vec<_>>(), [sample::record(3)]);
}
