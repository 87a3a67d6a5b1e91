//! The outbox: how much waits, how much is read at once, what is spooled, and what leaves it without reaching the log.

use crisislens_model::NewRecord;

use super::{Engine, begin, sample};
use crate::stream::{OutboxDepth, WAITING_BYTES, Waiting};
use crate::{Durability, Store};

fn bytes_of(record: &NewRecord) -> u64 {
    let headers = serde_json::to_string(&record.headers).unwrap();
    (record.key.len() + headers.len() + record.value.as_ref().map_or(0, Vec::len)) as u64
}

async fn publish(store: &dyn Store, records: &[NewRecord]) {
    let mut tx = begin(store).await;
    tx.publish(records.to_vec(), sample::at(5)).await.unwrap();
    tx.commit().await.unwrap();
}

fn bare(waiting: Vec<Waiting>) -> Vec<NewRecord> {
    waiting.into_iter().map(|one| one.record).collect()
}

/// The outbox says how much waits in it, in records and bytes, and since when.
pub async fn the_outbox_says_how_much_waits_and_since_when(engine: &dyn Engine) {
    let store = engine.open().await;
    assert_eq!(store.outbox_depth().await.unwrap(), OutboxDepth::default());
    let records: Vec<NewRecord> = (1..4).map(sample::record).collect();
    publish(&*store, &records[..2]).await;
    let mut tx = begin(&*store).await;
    tx.publish(records[2..].to_vec(), sample::at(7)).await.unwrap();
    tx.commit().await.unwrap();
    let bytes = records.iter().map(bytes_of).sum();
    let three = OutboxDepth { records: 3, bytes, oldest: Some(sample::at(5)), ..OutboxDepth::default() };
    assert_eq!(store.outbox_depth().await.unwrap(), three);
    let second = store.waiting(0, 3).await.unwrap()[1].seq;
    let mut tx = begin(&*store).await;
    tx.relayed(second).await.unwrap();
    tx.commit().await.unwrap();
    let bytes = bytes_of(&records[2]);
    let one = OutboxDepth { records: 1, bytes, oldest: Some(sample::at(7)), ..OutboxDepth::default() };
    assert_eq!(store.outbox_depth().await.unwrap(), one);
}

/// Large records are read a few at a time, and one at least, whatever the limit in records.
pub async fn what_is_read_of_the_outbox_at_once_is_bounded_in_bytes(engine: &dyn Engine) {
    let store = engine.open().await;
    let of_size = |size: u64| NewRecord {
        value: Some(vec![7; usize::try_from(size).unwrap()]),
        ..sample::record(size)
    };
    let half = WAITING_BYTES / 2;
    let sizes = [10, half, half, 20, WAITING_BYTES * 2, 30, 40];
    for size in sizes {
        publish(&*store, &[of_size(size)]).await;
    }
    let mut after = 0;
    for expected in [&sizes[..3], &sizes[3..5], &sizes[5..], &[]] {
        let waiting = store.waiting(after, 100).await.unwrap();
        let read: Vec<u64> =
            waiting.iter().map(|one| one.record.value.as_ref().unwrap().len() as u64).collect();
        assert_eq!(read, expected);
        after = waiting.last().map_or(after, |last| last.seq);
    }
}

/// What is spooled waits behind what was published before it, is counted apart, and is there after reopening.
pub async fn what_is_spooled_waits_with_the_others_and_is_counted_apart(engine: &dyn Engine) {
    let store = engine.open().await;
    let records: Vec<NewRecord> = (1..5).map(sample::record).collect();
    publish(&*store, &records[..1]).await;
    assert!(!store.has_spooled().await.unwrap());
    let mut tx = store.begin(Durability::Power).await.unwrap();
    tx.spool(records[1..3].to_vec(), sample::at(6)).await.unwrap();
    tx.spool(Vec::new(), sample::at(6)).await.unwrap();
    tx.commit().await.unwrap();
    publish(&*store, &records[3..]).await;
    let store = engine.open().await;
    let waiting = store.waiting(0, 10).await.unwrap();
    let third = waiting[2].seq;
    assert_eq!(bare(waiting), records);
    assert!(store.has_spooled().await.unwrap());
    let depth = store.outbox_depth().await.unwrap();
    assert_eq!((depth.records, depth.spooled_records), (4, 2));
    assert_eq!(depth.bytes, records.iter().map(bytes_of).sum::<u64>());
    assert_eq!(depth.spooled_bytes, records[1..3].iter().map(bytes_of).sum::<u64>());
    let mut tx = begin(&*store).await;
    tx.relayed(third).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!store.has_spooled().await.unwrap());
    let depth = store.outbox_depth().await.unwrap();
    assert_eq!((depth.records, depth.spooled_records, depth.spooled_bytes), (1, 0, 0));
}

/// A record that the log refuses leaves the outbox and is kept whole; it is sent again, at the end, or dropped, once.
pub async fn a_stranded_record_leaves_the_outbox_whole_and_comes_back_once(engine: &dyn Engine) {
    let store = engine.open().await;
    let records: Vec<NewRecord> = (1..4).map(sample::record).collect();
    publish(&*store, &records).await;
    let seqs: Vec<i64> = store.waiting(0, 10).await.unwrap().into_iter().map(|one| one.seq).collect();
    let strand = async |seq: i64| {
        let mut tx = begin(&*store).await;
        tx.strand(seq, "it is\0 too large", sample::at(9)).await.unwrap();
        tx.commit().await.unwrap();
    };
    for seq in [seqs[0], seqs[0], seqs[1], 1_000_000] {
        strand(seq).await;
    }
    assert_eq!(bare(store.waiting(0, 10).await.unwrap()), records[2..]);
    let depth = store.outbox_depth().await.unwrap();
    assert_eq!((depth.records, depth.stranded), (1, 2));
    let stranded = store.stranded(10).await.unwrap();
    assert_eq!(store.stranded(1).await.unwrap(), stranded[..1]);
    let first = &stranded[0];
    assert_eq!((first.seq, first.topic, &first.key), (seqs[0], records[0].topic, &records[0].key));
    assert_eq!((first.published_at, first.stranded_at), (sample::at(5), sample::at(9)));
    assert_eq!((first.bytes, &*first.reason), (bytes_of(&records[0]), "it is\u{FFFD} too large"));

    let mut tx = begin(&*store).await;
    assert!(tx.send_stranded(seqs[0], sample::at(10)).await.unwrap());
    assert!(!tx.send_stranded(seqs[0], sample::at(10)).await.unwrap(), "it was sent");
    assert!(tx.drop_stranded(seqs[1]).await.unwrap());
    assert!(!tx.drop_stranded(seqs[1]).await.unwrap(), "it was dropped");
    assert!(!tx.send_stranded(seqs[1], sample::at(10)).await.unwrap());
    tx.commit().await.unwrap();
    assert!(store.stranded(10).await.unwrap().is_empty());
    let waiting = bare(store.waiting(0, 10).await.unwrap());
    assert_eq!(waiting, [records[2].clone(), records[0].clone()]);
}
