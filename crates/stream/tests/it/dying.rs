//! A record that cannot be applied becomes a dead letter, whole, and takes no other with it.

use std::sync::Arc;

use crisislens_model::{Header, NewRecord, Topic};
use crisislens_stream::dead_letter::event_id_of;
use crisislens_testkit::Engines;

use crate::toy::{Toy, applied, fine, header, letters, record, record_of};

on_both! {
    an_undecodable_record_becomes_a_dead_letter_byte_for_byte_and_the_next_is_applied,
    a_panic_while_preparing_kills_its_record_and_no_other,
    a_record_that_keeps_failing_is_tried_three_times_alone_and_the_others_of_its_batch_are_applied_once,
    records_that_come_while_one_is_given_up_are_not_given_up_with_it,
    a_failure_that_passes_leaves_no_dead_letter,
    a_panic_while_applying_is_a_failure_like_any_other,
    a_letter_that_is_replayed_and_dies_again_keeps_one_set_of_our_headers,
    every_record_ends_applied_or_dead_and_never_both,
}

async fn an_undecodable_record_becomes_a_dead_letter_byte_for_byte_and_the_next_is_applied(engines: Engines) {
    let toy = Arc::new(Toy::default());
    let dead = NewRecord {
        topic: Topic::RawItems,
        key: vec![0, 255, 0xC3],
        value: Some(vec![0xC3, 0x28, 0, 255]),
        headers: vec![
            Header::new("bytes", vec![0, 255]),
            Header::new("ce_id", "no id"),
            Header::new("bytes", "2"),
        ],
    };
    let next = NewRecord { key: dead.key.clone(), ..record(1, "fine") };
    let null = NewRecord { value: None, ..dead.clone() };
    engines.append(vec![dead.clone(), next, null]).await;
    engines.apply(&toy).await;
    assert_eq!(applied(&engines).await, [1]);
    engines.relay_all().await;

    let letters = engines.records(Topic::Dlq).await;
    assert_eq!(letters.len(), 2);
    let letter = &letters[0];
    assert_eq!(
        (letter.key.to_vec(), letter.value.as_ref().map(|value| value.to_vec())),
        (dead.key, dead.value)
    );
    assert_eq!(letter.headers[..3], dead.headers);
    assert_eq!(letters[1].value, None);
    let first = &engines.records(Topic::RawItems).await[0];
    let (place, written) = (first.partition.to_string(), first.timestamp.to_string());
    let event = event_id_of(first).to_string();
    let now = "2026-03-01T12:00:00Z";
    let added: Vec<(&str, &str)> = letter.headers[3..]
        .iter()
        .map(|header| (header.name.as_str(), std::str::from_utf8(&header.value).unwrap()))
        .filter(|(name, _)| *name != "cl_error_msg")
        .collect();
    let expected = [
        ("cl_orig_topic", "raw-items"),
        ("cl_orig_partition", &place),
        ("cl_orig_offset", "0"),
        ("cl_orig_timestamp", &written),
        ("cl_orig_ts_type", "LogAppendTime"),
        ("cl_event_id", &event),
        ("cl_group", "toys/count"),
        ("cl_instance", "test"),
        ("cl_stage", "decode"),
        ("cl_error_class", "undecodable"),
        ("cl_attempts", "1"),
        ("cl_first_failed_at", now),
        ("cl_last_failed_at", now),
        ("cl_redrive_count", "0"),
        ("cl_parked", "false"),
    ];
    assert_eq!(added, expected);
}

async fn a_panic_while_preparing_kills_its_record_and_no_other(engines: Engines) {
    let toy = Arc::new(Toy::default());
    engines.append(vec![record(1, "fine"), record(17, "panic"), record(33, "fine")]).await;
    engines.apply(&toy).await;
    assert_eq!(applied(&engines).await, [1, 33]);
    let letters = letters(&engines).await;
    assert_eq!((letters.len(), header(&letters[0], "cl_error_class")), (1, "panic"));
    assert_eq!(letters[0].value, record(17, "panic").value);
}

async fn a_record_that_keeps_failing_is_tried_three_times_alone_and_the_others_of_its_batch_are_applied_once(
    engines: Engines,
) {
    let toy = Arc::new(Toy::default());
    let batch = |number| record_of("one key", number, if number == 5 { "fails" } else { "fine" });
    engines.append((0..10).map(batch).collect()).await;
    engines.apply(&toy).await;
    assert_eq!(applied(&engines).await, [0, 1, 2, 3, 4, 6, 7, 8, 9]);
    assert_eq!(toy.tries(5), 4, "once with its batch, three times alone");
    let letters = letters(&engines).await;
    let fields = ["cl_error_class", "cl_stage", "cl_attempts", "cl_orig_offset", "cl_error_msg"];
    let found = fields.map(|name| header(&letters[0], name));
    assert_eq!(found, ["failed", "handle", "3", "5", "failed 3 times: it is cursed"]);
    assert_eq!(letters.len(), 1);
    assert!(engines.health.troubles().is_empty());
}

async fn records_that_come_while_one_is_given_up_are_not_given_up_with_it(engines: Engines) {
    let toy = Arc::new(Toy::default());
    let later = (2..5).map(|number| record_of("one key", number, "fine")).collect();
    *toy.meanwhile.lock().unwrap() = Some((Arc::clone(&engines.log), later));
    engines.append(vec![record_of("one key", 1, "fails")]).await;
    engines.apply(&toy).await;
    assert_eq!(applied(&engines).await, [2, 3, 4]);
    assert_eq!((letters(&engines).await.len(), toy.tries(1)), (1, 3));
}

async fn a_failure_that_passes_leaves_no_dead_letter(engines: Engines) {
    let toy = Arc::new(Toy::default());
    engines.append(vec![record_of("one key", 1, "fails-once")]).await;
    engines.apply(&toy).await;
    engines.append((2..6).map(|number| record_of("one key", number, "fails-once")).collect()).await;
    engines.apply(&toy).await;
    assert_eq!(applied(&engines).await, [1, 2, 3, 4, 5]);
    assert!(letters(&engines).await.is_empty());
}

async fn a_panic_while_applying_is_a_failure_like_any_other(engines: Engines) {
    let toy = Arc::new(Toy::default());
    let batch = |number| record_of("one key", number, if number == 1 { "panics" } else { "fine" });
    engines.append((0..4).map(batch).collect()).await;
    engines.apply(&toy).await;
    assert_eq!(applied(&engines).await, [0, 2, 3]);
    let letters = letters(&engines).await;
    assert_eq!((letters.len(), header(&letters[0], "cl_orig_offset")), (1, "1"));
    assert_eq!(header(&letters[0], "cl_error_msg"), "failed 3 times: the handler panicked");
}

async fn a_letter_that_is_replayed_and_dies_again_keeps_one_set_of_our_headers(engines: Engines) {
    let toy = Arc::new(Toy::default());
    engines.append(vec![record(1, "panic")]).await;
    engines.apply(&toy).await;
    let first = letters(&engines).await.remove(0);
    engines.append(vec![NewRecord { topic: Topic::RawItems, ..first.clone() }]).await;
    engines.apply(&toy).await;
    let second = letters(&engines).await.remove(1);
    assert_eq!((second.headers.len(), second.value), (first.headers.len(), first.value));
    let ours = second.headers.iter().filter(|header| header.name == "cl_orig_offset");
    assert_eq!(ours.map(|header| header.value.clone()).collect::<Vec<_>>(), [b"1".to_vec()]);
}

async fn every_record_ends_applied_or_dead_and_never_both(engines: Engines) {
    let toy = Arc::new(Toy::default());
    let mut random = crisislens_testkit::sample::Random(11);
    let fates = ["fine", "fine", "fine", "fine", "fine", "fine", "panic", "fails", "panics", "fails-once"];
    let fated: Vec<(u64, &str)> = (0..150).map(|number| (number, random.pick(&fates))).collect();
    engines.append(fated.iter().map(|(number, fate)| record(*number, fate)).collect()).await;
    engines.append(fine(150..160)).await;
    engines.apply(&toy).await;
    let lives = |fate: &str| matches!(fate, "fine" | "fails-once");
    let mut living: Vec<u64> =
        fated.iter().filter(|(_, fate)| lives(fate)).map(|(number, _)| *number).collect();
    living.extend(150..160);
    assert_eq!(applied(&engines).await, living);
    assert_eq!(letters(&engines).await.len(), fated.iter().filter(|(_, fate)| !lives(fate)).count());
}
