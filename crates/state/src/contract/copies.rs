//! What near copies are found by: kept, found, replaced, forgotten.

use std::sync::Arc;

use crisislens_model::Timestamp;
use jiff::SignedDuration;

use super::{Engine, begin, nodes, put, sample};
use crate::copies::{KeptSketch, MAX_BAND_ITEMS, MAX_NEARBY, Near, Nearby};
use crate::{Store, Tx};

/// Item number `n`, found under `bands`.
fn kept(n: u64, bands: &[u64]) -> KeptSketch {
    KeptSketch {
        id: sample::item(n).id,
        said_at: sample::at(n),
        bands: bands.to_vec(),
        sketch: vec![n as u8, 0, 255],
    }
}

fn near(n: u64) -> Arc<Near> {
    let KeptSketch { id, said_at, sketch, .. } = kept(n, &[]);
    Arc::new(Near { id, said_at, sketch })
}

fn days(days: i64) -> Timestamp {
    sample::at(0).saturating_add(SignedDuration::from_hours(24 * days)).unwrap()
}

async fn keep(store: &dyn Store, sketches: &[KeptSketch], now: Timestamp) {
    let mut tx = begin(store).await;
    tx.keep_sketches(sketches, now).await.unwrap();
    tx.commit().await.unwrap();
}

async fn find(store: &dyn Store, bands: &[u64], now: Timestamp) -> Nearby {
    let mut found = begin(store).await.nearby(&[bands.to_vec()], now).await.unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn numbers(tx: Nearby) -> Vec<u8> {
    tx.items.iter().map(|near| near.sketch[0]).collect()
}

/// An item is found by any of its keys; those that share more come first, of equals the oldest; each text is answered for itself.
pub async fn items_are_found_by_the_keys_they_share(engine: &dyn Engine) {
    let store = engine.open().await;
    put(&*store, (0..5).map(sample::row).collect()).await;
    // The highest bit must survive a signed column.
    let high = u64::MAX - 5;
    let now = days(0);
    keep(&*store, &[kept(0, &[high, 2]), kept(1, &[7, 8]), kept(2, &[high, 2, 3]), kept(3, &[2, 3])], now)
        .await;
    let texts = [vec![high, 3, 2], vec![99], vec![], vec![8, 3]];
    let mut tx = begin(&*store).await;
    let found = tx.nearby(&texts, now).await.unwrap();
    let expected = [vec![near(2), near(0), near(3)], vec![], vec![], vec![near(1), near(2), near(3)]];
    assert_eq!(found, expected.map(|items| Nearby { items, full: Vec::new() }));
    // What the transaction itself has kept is found too.
    tx.keep_sketches(&[kept(4, &[99])], now).await.unwrap();
    assert_eq!(tx.nearby(&texts[1..2], now).await.unwrap()[0].items, [near(4)]);
    assert_eq!(tx.nearby(&[], now).await.unwrap(), []);
}

/// What an item is kept by takes the place of what was; one that is dropped is not found, though its keys are still there.
pub async fn a_sketch_is_replaced_and_dropped(engine: &dyn Engine) {
    let store = engine.open().await;
    put(&*store, vec![sample::row(1), sample::row(2)]).await;
    let now = days(0);
    keep(&*store, &[kept(1, &[1, 2]), kept(2, &[1])], now).await;
    let revised = KeptSketch { sketch: vec![9], said_at: sample::at(50), ..kept(1, &[2, 3]) };
    keep(&*store, std::slice::from_ref(&revised), days(7)).await;
    let expected = Arc::new(Near { id: revised.id, said_at: revised.said_at, sketch: revised.sketch });
    for band in [2, 3] {
        assert_eq!(
            find(&*store, &[band], days(7)).await.items,
            std::slice::from_ref(&expected),
            "once, as it is now"
        );
    }
    let mut tx = begin(&*store).await;
    tx.drop_sketches(&[revised.id, sample::item(77).id]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(numbers(find(&*store, &[1, 2, 3], days(7)).await), [2]);
}

/// A key that many share is passed over and named; what is answered for one text is bounded.
pub async fn keys_that_many_share_say_nothing(engine: &dyn Engine) {
    let store = engine.open().await;
    let many = MAX_BAND_ITEMS as u64;
    put(&*store, (0..4 * many).map(sample::row).collect()).await;
    let now = days(0);
    let everybody = kept(0, &[5]).bands;
    let full: Vec<KeptSketch> = (0..many).map(|n| kept(n, &everybody)).collect();
    keep(&*store, &full, now).await;
    let found = find(&*store, &[5, 6], now).await;
    assert_eq!((found.items.len() as u64, found.full), (many, vec![]));
    keep(&*store, &[kept(many, &[5, 6])], now).await;
    let found = find(&*store, &[5, 6], now).await;
    assert_eq!((found.items, found.full), (vec![near(many)], vec![5]));

    let spread: Vec<KeptSketch> = (0..4 * many).map(|n| kept(n, &[100 + n / many])).collect();
    keep(&*store, &spread, now).await;
    let found = find(&*store, &[100, 101, 102, 103], now).await;
    assert_eq!(found.items.len(), MAX_NEARBY);
    assert_eq!(found.items[0], near(0), "the oldest of equals");
}

/// What many batches have kept one after the other is found in its order, wherever the store has put it meanwhile, and each item once.
pub async fn what_many_batches_keep_is_found(engine: &dyn Engine) {
    let store = engine.open().await;
    put(&*store, (0..200).map(sample::row).collect()).await;
    for n in 0..200 {
        // Every tenth is a revision of the first, under a key of its own.
        let item = if n % 10 == 9 { 0 } else { n };
        keep(&*store, &[kept(item, &[1_000 + n, n / 20])], days(7 * (n as i64 / 190))).await;
    }
    for n in (0..200).filter(|n| n % 10 != 9) {
        assert_eq!(numbers(find(&*store, &[1_000 + n], days(7)).await), [n as u8], "number {n}");
    }
    assert_eq!(find(&*store, &[1_009, 1_019, 1_199], days(7)).await.items, [near(0)]);
    let together = find(&*store, &[3], days(7)).await;
    assert_eq!(together.items.len(), 19, "nineteen items and one of the first");
    assert_eq!(together.items.first(), Some(&near(0)), "the oldest");
}

/// Look-ups go through the week and the one before, whatever was said when; what they do not go through is forgotten.
pub async fn what_no_look_up_goes_through_is_forgotten(engine: &dyn Engine) {
    let store = engine.open().await;
    put(&*store, vec![sample::row(1), sample::row(2), sample::row(3)]).await;
    for (n, day) in [(1, 0), (2, 7), (3, 14)] {
        keep(&*store, &[kept(n, &[1])], days(day)).await;
    }
    assert_eq!(numbers(find(&*store, &[1], days(7)).await), [1, 2], "at the least a week back");
    let forget = async || {
        let mut tx = begin(&*store).await;
        let forgotten = tx.forget_sketches(days(14)).await.unwrap();
        tx.commit().await.unwrap();
        forgotten
    };
    assert_eq!(numbers(find(&*store, &[1], days(14)).await), [2, 3]);
    assert_eq!(forget().await, 2, "a sketch and its key");
    assert_eq!(forget().await, 0);
    assert_eq!(numbers(find(&*store, &[1], days(14)).await), [2, 3]);
    assert_eq!(numbers(find(&*store, &[1], days(7)).await), [2], "the first is gone");
}

/// Of two nodes that look for the original of the same new text, the second finds what the first has kept.
pub async fn two_that_look_for_an_original_find_one(engine: &dyn Engine) {
    put(&*engine.open().await, vec![sample::row(1), sample::row(2)]).await;
    let number = std::cell::Cell::new(0);
    let both = nodes::at_once(engine, async |tx: &mut dyn Tx| {
        number.set(number.get() + 1);
        let mine = kept(number.get(), &[1, 2]);
        let found = tx.nearby(std::slice::from_ref(&mine.bands), days(0)).await?;
        tx.keep_sketches(&[mine], days(0)).await?;
        Ok(found.into_iter().next().unwrap().items)
    })
    .await;
    assert_eq!(both.map(Result::unwrap), [vec![], vec![near(1)]]);
}
