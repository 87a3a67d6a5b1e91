//! What two nodes do at the same moment on one store: the second must find what the first has done.

use std::time::Duration;

use crisislens_model::{Item, ItemId, NewRecord, Topic};
use futures_util::future::join_all;
use uuid::Uuid;

use super::{Engine, begin, put, sample};
use crate::dead_letters::LetterStatus;
use crate::incidents::IncidentIndex;
use crate::items::{ItemEdit, ItemRow};
use crate::people::{RefreshToken, RefreshUse};
use crate::stream::{Delayed, Waiting};
use crate::{StateError, Store, Tx};

/// How long the second may run ahead of the first, if nothing holds it back.
pub(super) const MOMENT: Duration = Duration::from_millis(150);

/// Does `work` in a transaction of one node and, while that is open, in one of another; each is committed where its
/// work went well.
pub(super) async fn at_once<T>(
    engine: &dyn Engine,
    work: impl AsyncFn(&mut dyn Tx) -> Result<T, StateError>,
) -> [Result<T, StateError>; 2] {
    let (one, two) = (engine.open().await, engine.open().await);
    let mut tx = begin(&*one).await;
    let first = work(&mut *tx).await;
    let first_ends = async {
        tokio::time::sleep(MOMENT).await;
        commit(tx, first).await
    };
    let second = async {
        let mut tx = begin(&*two).await;
        let done = work(&mut *tx).await;
        commit(tx, done).await
    };
    let (second, first) = tokio::join!(second, first_ends);
    [first, second]
}

async fn commit<T>(tx: Box<dyn Tx>, done: Result<T, StateError>) -> Result<T, StateError> {
    if done.is_ok() {
        tx.commit().await?;
    }
    done
}

/// Of two consumers that are at the same offset only one moves it, be it the first time or later.
pub async fn one_of_two_moves_an_offset(engine: &dyn Engine) {
    for from in [0, 5] {
        let both =
            at_once(engine, async |tx| tx.advance("a", Topic::RawItems, 0, from, from + 5).await).await;
        assert!(matches!(both, [Ok(()), Err(StateError::Fenced { .. })]), "{both:?}");
    }
    assert_eq!(engine.open().await.offset("a", Topic::RawItems, 0).await.unwrap(), 10);
}

/// Of two that claim the same events, in whatever order, only one applies each.
pub async fn one_of_two_claims_an_event(engine: &dyn Engine) {
    let events: Vec<_> = (0..40).map(sample::event).collect();
    let both = at_once(engine, async |tx| tx.claim("a", &events, sample::at(0)).await).await;
    assert_eq!(both.map(Result::unwrap), [[true; 40], [false; 40]]);

    // What the first takes back is the second's.
    let (one, two) = (engine.open().await, engine.open().await);
    let mut tx = begin(&*one).await;
    tx.claim("b", &events, sample::at(0)).await.unwrap();
    let first_ends = async {
        tokio::time::sleep(MOMENT).await;
        drop(tx);
    };
    let second = async { begin(&*two).await.claim("b", &events, sample::at(0)).await.unwrap() };
    let (second, ()) = tokio::join!(second, first_ends);
    assert_eq!(second, [true; 40]);
}

/// Of two that want a lease one gets it, of two that take a delayed record back one does, and of two decisions about a
/// dead letter one holds.
pub async fn one_of_two_holds_a_lease_and_takes_a_record_back(engine: &dyn Engine) {
    let holders = std::cell::Cell::new(0);
    let both = at_once(engine, async |tx| {
        holders.set(holders.get() + 1);
        tx.take_lease("relay", &holders.get().to_string(), sample::at(0), sample::at(10)).await
    })
    .await;
    assert!(matches!(both, [Ok(Some(_)), Ok(None)]), "{both:?}");

    let delayed = Delayed {
        offset: 7,
        key: vec![1],
        failures: 1,
        first_failed_at: sample::at(0),
        due_at: sample::at(1),
        last_error: String::new(),
    };
    let mut tx = begin(&*engine.open().await).await;
    tx.delay("a", Topic::RawItems, 0, &[delayed]).await.unwrap();
    tx.put_letters(&[super::dead_letters::letter(3)]).await.unwrap();
    tx.commit().await.unwrap();
    let both = at_once(engine, async |tx| tx.undelay("a", Topic::RawItems, 0, &[7]).await).await;
    assert!(matches!(both, [Ok(()), Err(StateError::Fenced { .. })]), "{both:?}");
    let (waiting, replayed) = (LetterStatus::Waiting, LetterStatus::Replayed);
    let both =
        at_once(engine, async |tx| tx.decide_letter(3, waiting, replayed, sample::at(0), "anna").await).await;
    assert!(matches!(both, [Ok(true), Ok(false)]), "{both:?}");
}

/// A relay that reads behind what it has seen misses nothing: numbers rise in the order of commits, even if who
/// published first commits last.
pub async fn a_relay_misses_nothing_of_two_that_publish_at_once(engine: &dyn Engine) {
    let (one, two) = (engine.open().await, engine.open().await);
    let mut tx = begin(&*one).await;
    tx.publish(vec![sample::record(1)], sample::at(0)).await.unwrap();
    let second = async {
        let mut tx = begin(&*two).await;
        tx.publish(vec![sample::record(2)], sample::at(0)).await.unwrap();
        tx.commit().await.unwrap();
    };
    let relay_and_first = async {
        tokio::time::sleep(MOMENT).await;
        let mut seen = one.waiting(0, 10).await.unwrap();
        tx.publish(vec![sample::record(3)], sample::at(0)).await.unwrap();
        tx.commit().await.unwrap();
        let last = seen.last().map_or(0, |one| one.seq);
        seen.extend(one.waiting(last, 10).await.unwrap());
        seen
    };
    let ((), mut seen) = tokio::join!(second, relay_and_first);
    let last = seen.last().map_or(0, |one| one.seq);
    seen.extend(one.waiting(last, 10).await.unwrap());
    let records: Vec<_> = seen.into_iter().map(|one| one.record).collect();
    assert_eq!(records, [1, 3, 2].map(sample::record));
}

/// However many consumers run after the same partitions, each record counts once, in order, and the relay sees it.
pub async fn many_that_run_after_the_same_records_count_each_once(engine: &dyn Engine) {
    const PARTITIONS: u32 = 3;
    const RECORDS: u64 = 25;
    let nodes = [engine.open().await, engine.open().await];
    let consumers = (0..4 * PARTITIONS).map(|n| {
        let (store, partition) = (&nodes[n as usize % nodes.len()], n % PARTITIONS);
        async move { while consume_one(&**store, partition, RECORDS).await {} }
    });
    let relay = async {
        let mut seen: Vec<Waiting> = Vec::new();
        while seen.len() < (RECORDS * u64::from(PARTITIONS)) as usize {
            let last = seen.last().map_or(0, |one| one.seq);
            seen.extend(nodes[0].waiting(last, 10).await.unwrap());
            tokio::task::yield_now().await;
        }
        seen
    };
    let relay = tokio::time::timeout(Duration::from_secs(60), relay);
    let (_, seen) = tokio::join!(join_all(consumers), relay);
    let seen = seen.unwrap();
    for partition in 0..PARTITIONS {
        let key = partition.to_be_bytes();
        let values: Vec<_> =
            seen.iter().filter(|one| one.record.key == key).map(|one| &one.record.value).collect();
        let expected: Vec<_> = (0..RECORDS).map(|offset| Some(offset.to_be_bytes().to_vec())).collect();
        assert_eq!(values, expected.iter().collect::<Vec<_>>());
    }
}

/// Applies the next record of a partition, unless another does; false at the end.
async fn consume_one(store: &dyn Store, partition: u32, end: u64) -> bool {
    let offset = store.offset("a", Topic::RawItems, partition).await.unwrap();
    if offset == end {
        return false;
    }
    let mut tx = begin(store).await;
    let event = sample::event(u64::from(partition) * end + offset);
    if tx.claim("a", &[event], sample::at(0)).await.unwrap() == [true] {
        let record = NewRecord {
            key: partition.to_be_bytes().to_vec(),
            value: Some(offset.to_be_bytes().to_vec()),
            ..sample::record(0)
        };
        tx.publish(vec![record], sample::at(0)).await.unwrap();
        tokio::task::yield_now().await;
    }
    match tx.advance("a", Topic::RawItems, partition, offset, offset + 1).await {
        Ok(()) => tx.commit().await.unwrap(),
        Err(error) => assert!(matches!(error, StateError::Fenced { .. }), "{error:?}"),
    }
    true
}

/// Who reads the open incidents to write them finds those that another opened at the same moment.
pub async fn two_that_look_for_an_incident_open_one(engine: &dyn Engine) {
    let incident = sample::incident(1);
    let both = at_once(engine, async |tx| {
        let open = tx.find_incidents(&[7]).await?;
        if open.is_empty() {
            tx.put_incidents(std::slice::from_ref(&incident)).await?;
            tx.index_incidents(&[IncidentIndex { id: incident.id, keys: vec![7], due: None }]).await?;
        }
        Ok(open.len())
    })
    .await;
    assert!(matches!(both, [Ok(0), Ok(1)]), "{both:?}");
    let both = at_once(engine, async |tx| {
        let [mut incident] = <[_; 1]>::try_from(tx.incidents_by_id(&[incident.id]).await?).unwrap();
        incident.item_count += 1;
        tx.put_incidents(&[incident]).await
    })
    .await;
    assert!(matches!(both, [Ok(()), Ok(())]), "{both:?}");
    let stored = engine.open().await.incident(incident.id).await.unwrap();
    assert_eq!(stored.unwrap().item_count, incident.item_count + 2, "no update is lost");
}

/// Of two items with the same new text one is the original.
pub async fn two_items_of_one_text_have_one_original(engine: &dyn Engine) {
    let key = ("a".to_owned(), 7);
    let number = std::cell::Cell::new(0);
    let both = at_once(engine, async |tx| {
        number.set(number.get() + 1);
        let item = sample::item(number.get());
        let originals = tx.originals(std::slice::from_ref(&key)).await?;
        let duplicate_of = originals.get(&key).copied();
        let item = Item { source: key.0.clone(), duplicate_of, ..item };
        tx.put_items(vec![ItemRow { item, content_hash: [0; 32], fingerprint: Some(key.1) }]).await?;
        Ok(duplicate_of)
    })
    .await;
    assert!(matches!(both, [Ok(None), Ok(Some(id))] if id == sample::item(1).id), "{both:?}");
}

/// Who reads items to write them loses nothing of what another writes at the same moment, neither of the row nor of the
/// document; a person's edit of what has changed meanwhile is refused.
pub async fn no_change_of_an_item_is_lost(engine: &dyn Engine) {
    let id: ItemId = sample::item(1).id;
    put(&*engine.open().await, vec![sample::row(1), sample::row(2)]).await;
    let both = at_once(engine, async |tx| {
        let known = tx.known_items(&[sample::item(2).id, id]).await?;
        let before = &known[&id];
        let mut tags = before.tags.clone();
        tags.push(format!("seen at {}", before.version));
        let item = Item { version: before.version + 1, tags, ..sample::item(1) };
        tx.put_items(vec![sample::row_of(item)]).await
    })
    .await;
    assert!(matches!(both, [Ok(()), Ok(())]), "{both:?}");
    let read = engine.open().await.item(id).await.unwrap().unwrap();
    assert_eq!((read.version, read.tags), (3, vec!["seen at 1".to_owned(), "seen at 2".to_owned()]));

    let edit = ItemEdit { tags: Some(Vec::new()), ..ItemEdit::default() };
    let both = at_once(engine, async |tx| tx.edit_item(id, 3, &edit).await).await;
    assert!(matches!(both, [Ok(Some(_)), Err(StateError::VersionConflict { current: 4 })]), "{both:?}");
}

/// Of two nodes that are shown the same ticket at once, one takes it.
pub async fn one_of_two_uses_a_ticket(engine: &dyn Engine) {
    let ticket = Uuid::from_u128(7);
    let both = at_once(engine, async |tx| tx.use_ticket(ticket, sample::at(30)).await).await;
    assert_eq!(both.map(Result::unwrap), [true, false]);
}

/// A refresh token that is used twice at the same moment counts as stolen.
pub async fn a_token_used_twice_at_once_is_reused(engine: &dyn Engine) {
    let token = RefreshToken {
        hash: [7; 32],
        user: sample::user_id(1),
        family: sample::event(1).0,
        expires_at: sample::at(100),
    };
    let mut tx = begin(&*engine.open().await).await;
    tx.add_account(&sample::account(1)).await.unwrap();
    tx.add_refresh_token(&token).await.unwrap();
    tx.commit().await.unwrap();
    let both = at_once(engine, async |tx| tx.use_refresh_token(token.hash, sample::at(1)).await).await;
    assert!(matches!(both, [Ok(RefreshUse::Fresh(_)), Ok(RefreshUse::Reused)]), "{both:?}");
}
