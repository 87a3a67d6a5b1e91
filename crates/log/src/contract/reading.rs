//! What reads, bounds and signals promise.

use super::*;

pub(super) async fn limits_hold_and_one_record_always_comes(log: &dyn EventLog) {
    let topic = Topic::Alerts;
    let partition = partition_of(log, topic, "limits");
    let from = log.bounds(topic, partition).await.unwrap().end;
    let sized = |number| NewRecord {
        value: Some(vec![b'1'; 94]),
        headers: vec![],
        ..record(topic, "limits", number)
    };
    log.append((0..10).map(sized).collect()).await.unwrap();
    // Six bytes of key and 94 of value: 100 bytes each.
    for (records, bytes, expected) in [
        (3, usize::MAX, 3),
        (100, 100, 1),
        (100, 101, 2),
        (100, 250, 3),
        (100, 0, 1),
        (100, usize::MAX, 10),
        (usize::MAX, usize::MAX, 10),
    ] {
        let read = log.read(topic, partition, from, ReadLimit { records, bytes }).await.unwrap();
        assert_eq!(read.len(), expected, "{records} records, {bytes} bytes");
        assert_eq!(read[0].offset, from);
    }
    let middle = log.read(topic, partition, from + 4, NO_LIMIT).await.unwrap();
    assert_eq!(
        middle.iter().map(|r| r.offset).collect::<Vec<_>>(),
        (from + 4..from + 10).collect::<Vec<_>>()
    );
}

pub(super) async fn the_end_reads_as_empty_and_beyond_it_is_out_of_range(log: &dyn EventLog) {
    let topic = Topic::Notifications;
    log.append(vec![record(topic, "bounds", 0)]).await.unwrap();
    let partition = partition_of(log, topic, "bounds");
    let bounds = log.bounds(topic, partition).await.unwrap();
    assert!(bounds.start < bounds.end);
    assert_eq!(log.read(topic, partition, bounds.start, NO_LIMIT).await.unwrap()[0].offset, bounds.start);
    assert_eq!(log.read(topic, partition, bounds.end, NO_LIMIT).await.unwrap(), []);
    let beyond = log.read(topic, partition, bounds.end + 1, NO_LIMIT).await;
    let Err(LogError::OutOfRange { asked, start, end, .. }) = beyond else {
        unreachable!("an offset beyond the end must be out of range, not {beyond:?}")
    };
    assert_eq!((asked, start, end), (bounds.end + 1, bounds.start, bounds.end));
}

pub(super) async fn a_partition_that_does_not_exist_is_refused(log: &dyn EventLog) {
    for partition in [log.definitions().get(Topic::Dlq).partitions, u32::MAX] {
        let read = log.read(Topic::Dlq, partition, 0, NO_LIMIT).await;
        assert!(matches!(read, Err(LogError::NoPartition { topic: Topic::Dlq, .. })), "{read:?}");
        let bounds = log.bounds(Topic::Dlq, partition).await;
        assert!(matches!(bounds, Err(LogError::NoPartition { topic: Topic::Dlq, .. })), "{bounds:?}");
    }
}

pub(super) async fn a_signal_wakes_who_waits_for_a_topic(log: &Arc<dyn EventLog>) {
    let mut changes = log.changes(Topic::Alerts);
    let mut others = log.changes(Topic::Claims);
    changes.mark_unchanged();
    others.mark_unchanged();
    let reader = {
        let log = Arc::clone(log);
        tokio::spawn(async move {
            changes.changed().await.unwrap();
            ends(&*log, Topic::Alerts).await
        })
    };
    let placed = log.append(vec![record(Topic::Alerts, "signal", 1)]).await.unwrap()[0];
    let ends = tokio::time::timeout(PATIENCE, reader).await.unwrap().unwrap();
    assert!(ends[placed.partition as usize] > placed.offset, "after the signal the record is readable");
    assert!(!others.has_changed().unwrap(), "another topic's signal stays still");
}
