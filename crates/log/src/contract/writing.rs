//! What an append promises.

use std::collections::BTreeMap;

use super::*;

/// What `raw-items` takes of a record, as it ships.
const LIMIT: usize = 10 << 20;

pub(super) async fn offsets_follow_each_other_in_the_order_of_the_call(log: &dyn EventLog) {
    let mut next = ends(log, Topic::RawItems).await;
    for round in 0..5 {
        let keys: Vec<_> = (0..40).map(|n| format!("key-{}", n % 13)).collect();
        let batch = keys.iter().map(|key| record(Topic::RawItems, key, round)).collect();
        let placed = log.append(batch).await.unwrap();
        assert_eq!(placed.len(), keys.len());
        for (place, key) in placed.iter().zip(&keys) {
            assert_eq!(
                place.partition,
                partition_of(log, Topic::RawItems, key),
                "Kafka's partitioner decides"
            );
            assert_eq!(
                place.offset, next[place.partition as usize],
                "offsets are given in the order of the call"
            );
            next[place.partition as usize] += 1;
        }
        assert_eq!(ends(log, Topic::RawItems).await, next);
    }
    assert!(log.append(Vec::new()).await.unwrap().is_empty());
}

pub(super) async fn records_of_one_key_keep_their_order(log: &dyn EventLog) {
    let partition = partition_of(log, Topic::NormalizedItems, "ordered");
    let from = log.bounds(Topic::NormalizedItems, partition).await.unwrap().end;
    for call in 0..20 {
        let batch = (0..10).map(|n| record(Topic::NormalizedItems, "ordered", call * 10 + n)).collect();
        log.append(batch).await.unwrap();
    }
    let read = read_on(log, Topic::NormalizedItems, partition, from).await;
    assert_eq!(read.iter().map(number).collect::<Vec<_>>(), (0..200).collect::<Vec<_>>());
    assert!(read.windows(2).all(|pair| pair[1].offset == pair[0].offset + 1));
    assert!(read.windows(2).all(|pair| pair[1].timestamp >= pair[0].timestamp));
}

pub(super) async fn records_come_back_byte_for_byte(log: &dyn EventLog) {
    let every_byte: Vec<u8> = (0..=255).collect();
    let header = |name: &str, value: &[u8]| Header { name: name.to_owned(), value: value.to_vec() };
    let new = |key: &[u8], value: Option<&[u8]>, headers: Vec<Header>| NewRecord {
        topic: Topic::Dlq,
        key: key.to_vec(),
        value: value.map(<[u8]>::to_vec),
        headers,
    };
    let records = vec![
        new(b"null", None, vec![]),
        new(b"empty", Some(b""), vec![header("empty", b"")]),
        new(&every_byte, Some(&every_byte), vec![header("binary", &every_byte)]),
        new(b"headers", None, vec![header("same", b"1"), header("other", b"2"), header("same", b"3")]),
        new(b"", Some(b"no key"), vec![header("name in \u{4e2d}\u{6587}", b"x")]),
    ];
    let placed = log.append(records.clone()).await.unwrap();
    for (read, written) in read_placed(log, &placed).await.iter().zip(&records) {
        assert_eq!(read.topic, written.topic);
        assert_eq!(read.key, written.key);
        assert_eq!(read.value.as_deref(), written.value.as_deref());
        assert_eq!(read.headers, written.headers);
    }
}

pub(super) async fn the_largest_record_is_taken_and_a_larger_one_refuses_the_whole_call(log: &dyn EventLog) {
    let sized = |size: usize| {
        let mut record = record(Topic::RawItems, "large", 0);
        let around = record.key.len() + record.headers[0].name.len() + record.headers[0].value.len();
        record.value = Some((0..size - around).map(|n| (n % 251) as u8).collect());
        record
    };
    let placed = log.append(vec![sized(LIMIT)]).await.unwrap();
    assert_eq!(read_placed(log, &placed).await[0].value.as_deref(), sized(LIMIT).value.as_deref());

    let before = ends(log, Topic::RawItems).await;
    let refused = log.append(vec![record(Topic::RawItems, "small", 1), sized(LIMIT + 1)]).await;
    let Err(LogError::TooLarge { topic, size, limit }) = refused else {
        unreachable!("a record over the limit must be refused, not {refused:?}")
    };
    assert_eq!((topic, size, limit), (Topic::RawItems, LIMIT + 1, LIMIT));
    assert_eq!(ends(log, Topic::RawItems).await, before, "a refused call writes nothing");
}

pub(super) async fn the_largest_record_with_the_most_headers_is_taken_and_one_header_more_is_refused(
    log: &dyn EventLog,
) {
    let most = TopicDefinitions::max_headers(Topic::RawItems);
    let with = |headers: usize| {
        let mut record = record(Topic::RawItems, "headers", 0);
        record.headers = (0..headers).map(|number| Header::new(format!("{number:04}"), *b"v")).collect();
        record.value = Some(vec![7; LIMIT - record.key.len() - 5 * headers]);
        record
    };
    let placed = log.append(vec![with(most)]).await.unwrap();
    assert_eq!(read_placed(log, &placed).await[0].headers.len(), most);
    let refused = log.append(vec![with(most + 1)]).await;
    assert!(matches!(refused, Err(LogError::TooManyHeaders { .. })), "{refused:?}");
}

pub(super) async fn many_appenders_lose_and_double_nothing(log: &Arc<dyn EventLog>) {
    const CALLERS: u64 = 16;
    const CALLS: u64 = 40;
    let from = ends(&**log, Topic::UserActivity).await;
    let callers: Vec<_> =
        (0..CALLERS).map(|caller| tokio::spawn(append_one_by_one(Arc::clone(log), caller, CALLS))).collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let mut seen: BTreeMap<Vec<u8>, Vec<u64>> = BTreeMap::new();
    for (partition, from) in (0..).zip(from) {
        for record in read_on(&**log, Topic::UserActivity, partition, from).await {
            seen.entry(record.key.to_vec()).or_default().push(number(&record));
        }
    }
    assert_eq!(seen.len() as u64, CALLERS);
    let all: Vec<_> = (0..CALLS).collect();
    assert!(seen.values().all(|numbers| *numbers == all), "each caller's records, once, in its order");
}

async fn append_one_by_one(log: Arc<dyn EventLog>, caller: u64, calls: u64) {
    for call in 0..calls {
        let batch = vec![record(Topic::UserActivity, &format!("caller-{caller}"), call)];
        let placed = log.append(batch).await.unwrap()[0];
        let end = log.bounds(placed.topic, placed.partition).await.unwrap().end;
        assert!(end > placed.offset, "what is acknowledged is readable");
    }
}
