//! The relay: in commit order, at least once, with the same event id when twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crisislens_log::{EventLog, LogRecord};
use crisislens_model::{Header, NewRecord, Topic, record};
use crisislens_state::Durability;
use crisislens_stream::{Relay, RelayOptions};
use crisislens_testkit::{Engines, FaultyLog, LogFault, REFUSED, sample, until};
use tokio_util::sync::CancellationToken;

use crate::toy::{Toy, applied, fine};

on_both! {
    records_of_a_key_come_to_the_log_in_the_order_of_their_commits_and_leave_the_outbox,
    after_a_crash_between_append_and_removal_a_record_is_there_twice_and_applied_once,
    while_the_log_is_away_records_wait_and_health_names_it_and_then_they_come_in_order,
    an_append_that_was_done_and_said_it_was_not_is_done_again_and_applied_once,
    a_relay_killed_at_random_moments_loses_nothing_and_keeps_the_order_of_keys,
    a_relay_that_is_stopped_has_removed_what_it_appended,
    a_record_that_the_log_refuses_is_stranded_whole_and_the_others_pass_it,
    a_record_that_the_engine_refuses_for_a_reason_of_its_own_is_stranded_too,
    while_appends_fail_in_doubt_only_one_record_is_tried_again,
}

pub async fn publish(engines: &Engines, records: &[NewRecord]) {
    let mut tx = engines.store.begin(Durability::Process).await.unwrap();
    tx.publish(records.to_vec(), sample::at(0)).await.unwrap();
    tx.commit().await.unwrap();
    engines.wake.notify_one();
}

/// A relay whose log is `log`.
fn through(engines: &Engines, log: &Arc<FaultyLog>) -> Relay {
    let log: Arc<dyn EventLog> = log.clone();
    Relay { log, ..engines.relay() }
}

fn values(records: &[LogRecord]) -> Vec<Vec<u8>> {
    records.iter().map(|record| record.value.clone().unwrap().to_vec()).collect()
}

/// The values of each key, in log order, without those that came before under the same event id.
pub fn first_times(records: &[LogRecord]) -> BTreeMap<Vec<u8>, Vec<Vec<u8>>> {
    let mut seen = std::collections::BTreeSet::new();
    let mut by_key: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
    for one in records.iter().filter(|one| seen.insert(record::event_id(&one.headers))) {
        by_key.entry(one.key.to_vec()).or_default().push(one.value.clone().unwrap().to_vec());
    }
    by_key
}

pub fn expected(records: &[NewRecord]) -> BTreeMap<Vec<u8>, Vec<Vec<u8>>> {
    let mut by_key: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
    for one in records {
        by_key.entry(one.key.clone()).or_default().push(one.value.clone().unwrap());
    }
    by_key
}

async fn records_of_a_key_come_to_the_log_in_the_order_of_their_commits_and_leave_the_outbox(
    engines: Engines,
) {
    let records = fine(0..1500);
    for some in records.chunks(70) {
        publish(&engines, some).await;
    }
    engines.relay_all().await;
    let on_the_log = engines.records(Topic::RawItems).await;
    assert_eq!(on_the_log.len(), records.len());
    assert_eq!(first_times(&on_the_log), expected(&records));
    let headers = on_the_log.iter().find(|one| one.key[..] == records[0].key).map(|one| one.headers.clone());
    assert_eq!(headers, Some(records[0].headers.clone()));
}

async fn after_a_crash_between_append_and_removal_a_record_is_there_twice_and_applied_once(engines: Engines) {
    publish(&engines, &fine(0..3)).await;
    let log = FaultyLog::new(Arc::clone(&engines.log));
    log.fail(LogFault::AppendsAndHangs);
    let dying = tokio::spawn(through(&engines, &log).run(CancellationToken::new()));
    until("all three are appended", async || engines.records(Topic::RawItems).await.len() == 3).await;
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    assert_eq!(engines.store.waiting(0, 10).await.unwrap().len(), 3, "they were not removed");

    let engines = engines.reopen().await;
    engines.relay_all().await;
    let records = engines.records(Topic::RawItems).await;
    assert_eq!(records.len(), 6);
    for number in 0..3 {
        let copies =
            records.iter().filter(|one| one.value.as_deref() == Some(format!("{number} fine").as_bytes()));
        let ids: Vec<_> = copies.map(|one| record::event_id(&one.headers).unwrap()).collect();
        assert!(ids.len() == 2 && ids[0] == ids[1], "{ids:?}");
    }
    engines.apply(&Arc::new(Toy::default())).await;
    assert_eq!(applied(&engines).await, [0, 1, 2]);
}

async fn while_the_log_is_away_records_wait_and_health_names_it_and_then_they_come_in_order(
    engines: Engines,
) {
    let log = FaultyLog::new(Arc::clone(&engines.log));
    log.fail(LogFault::Down);
    let cancel = CancellationToken::new();
    let relaying = tokio::spawn(through(&engines, &log).run(cancel.clone()));
    publish(&engines, &fine(0..20)).await;
    until("health names the relay", async || engines.health.troubles().contains_key("outbox relay")).await;
    assert!(engines.health.troubles()["outbox relay"].reason.contains("unavailable"));
    publish(&engines, &fine(20..40)).await;
    log.fail(LogFault::None);
    until("the outbox is empty", async || engines.store.waiting(0, 1).await.unwrap().is_empty()).await;
    until("health is well", async || engines.health.troubles().is_empty()).await;
    cancel.cancel();
    relaying.await.unwrap();
    let on_the_log = engines.records(Topic::RawItems).await;
    assert_eq!((on_the_log.len(), first_times(&on_the_log)), (40, expected(&fine(0..40))));
}

async fn an_append_that_was_done_and_said_it_was_not_is_done_again_and_applied_once(engines: Engines) {
    let log = FaultyLog::new(Arc::clone(&engines.log));
    log.fail(LogFault::AppendsWithoutSayingSo);
    let cancel = CancellationToken::new();
    let relaying = tokio::spawn(through(&engines, &log).run(cancel.clone()));
    publish(&engines, &fine(0..4)).await;
    until("it has appended twice", async || engines.records(Topic::RawItems).await.len() >= 8).await;
    log.fail(LogFault::None);
    until("the outbox is empty", async || engines.store.waiting(0, 1).await.unwrap().is_empty()).await;
    cancel.cancel();
    relaying.await.unwrap();
    engines.apply(&Arc::new(Toy::default())).await;
    assert_eq!(applied(&engines).await, [0, 1, 2, 3]);
}

async fn a_record_that_the_engine_refuses_for_a_reason_of_its_own_is_stranded_too(engines: Engines) {
    let log = FaultyLog::new(Arc::clone(&engines.log));
    log.fail(LogFault::Refuses);
    let mut records = fine(0..9);
    records[4].headers.push(Header::new(REFUSED, *b"yes"));
    publish(&engines, &records).await;
    let cancel = CancellationToken::new();
    let relaying = tokio::spawn(through(&engines, &log).run(cancel.clone()));
    until("the outbox is empty", async || engines.store.waiting(0, 1).await.unwrap().is_empty()).await;
    cancel.cancel();
    relaying.await.unwrap();
    let stranded = engines.store.stranded(10).await.unwrap();
    assert_eq!(stranded.len(), 1);
    assert!(stranded[0].reason.contains("does not want it"), "{}", stranded[0].reason);
    let refused = records.remove(4);
    assert_eq!(stranded[0].key, refused.key);
    assert_eq!(first_times(&engines.records(Topic::RawItems).await), expected(&records));
}

async fn while_appends_fail_in_doubt_only_one_record_is_tried_again(engines: Engines) {
    let log = FaultyLog::new(Arc::clone(&engines.log));
    log.fail(LogFault::AppendsWithoutSayingSo);
    publish(&engines, &fine(0..20)).await;
    let cancel = CancellationToken::new();
    let relaying = tokio::spawn(through(&engines, &log).run(cancel.clone()));
    until("it has tried again", async || engines.records(Topic::RawItems).await.len() >= 23).await;
    let mut times: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
    for value in values(&engines.records(Topic::RawItems).await) {
        *times.entry(value).or_default() += 1;
    }
    assert!(times.remove(&b"0 fine"[..]).is_some_and(|times| times >= 4));
    assert!(times.len() == 19 && times.values().all(|times| *times == 1), "{times:?}");
    log.fail(LogFault::None);
    until("the outbox is empty", async || engines.store.waiting(0, 1).await.unwrap().is_empty()).await;
    cancel.cancel();
    relaying.await.unwrap();
}

async fn a_relay_killed_at_random_moments_loses_nothing_and_keeps_the_order_of_keys(engines: Engines) {
    let records = fine(0..600);
    let mut random = sample::Random(5);
    for some in records.chunks(30) {
        publish(&engines, some).await;
        // Removes late, so that a kill often finds appended records in the outbox.
        let options =
            RelayOptions { batch: 16, remove_after: Duration::from_millis(3), ..RelayOptions::default() };
        let relay = Relay { options, ..engines.relay() };
        let relaying = tokio::spawn(relay.run(CancellationToken::new()));
        tokio::time::sleep(Duration::from_micros(random.below(12_000))).await;
        relaying.abort();
        let _ = relaying.await;
    }
    engines.relay_all().await;
    let on_the_log = engines.records(Topic::RawItems).await;
    assert!(on_the_log.len() >= records.len());
    assert_eq!(first_times(&on_the_log), expected(&records));
    engines.apply(&Arc::new(Toy::default())).await;
    assert_eq!(applied(&engines).await, (0..600).collect::<Vec<_>>());
}

async fn a_relay_that_is_stopped_has_removed_what_it_appended(engines: Engines) {
    publish(&engines, &fine(0..5)).await;
    let never = RelayOptions { remove_after: Duration::from_secs(3600), ..RelayOptions::default() };
    let cancel = CancellationToken::new();
    let relay = Relay { options: never, ..engines.relay() };
    let relaying = tokio::spawn(relay.run(cancel.clone()));
    until("all are appended", async || engines.records(Topic::RawItems).await.len() == 5).await;
    cancel.cancel();
    relaying.await.unwrap();
    assert!(engines.store.waiting(0, 10).await.unwrap().is_empty());
    assert_eq!(values(&engines.records(Topic::RawItems).await).len(), 5);
}

/// The shipped topics take 1 MiB on `claims`.
async fn a_record_that_the_log_refuses_is_stranded_whole_and_the_others_pass_it(engines: Engines) {
    let limit = engines.log.definitions().get(Topic::Claims).max_message_bytes;
    let large = NewRecord { topic: Topic::Claims, value: Some(vec![7; limit + 1]), ..fine(0..1).remove(0) };
    let records = [&fine(0..10)[..], std::slice::from_ref(&large), &fine(10..20)].concat();
    publish(&engines, &records).await;
    engines.relay_all().await;
    let on_the_log = engines.records(Topic::RawItems).await;
    assert_eq!(first_times(&on_the_log), expected(&fine(0..20)));
    assert!(engines.records(Topic::Claims).await.is_empty());

    // It is seen, and sent again it goes behind the others; while nothing has changed it strands again.
    let stranded = engines.store.stranded(10).await.unwrap().remove(0);
    assert_eq!((stranded.topic, &stranded.key), (Topic::Claims, &large.key));
    assert!(stranded.reason.contains("claims takes"), "{}", stranded.reason);
    publish(&engines, &fine(20..25)).await;
    let mut tx = engines.store.begin(Durability::Power).await.unwrap();
    assert!(tx.send_stranded(stranded.seq, sample::at(1)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(engines.store.waiting(0, 10).await.unwrap().pop().unwrap().record, large);
    engines.relay_all().await;
    assert_eq!(first_times(&engines.records(Topic::RawItems).await), expected(&fine(0..25)));
    assert_eq!(engines.store.outbox_depth().await.unwrap().stranded, 1);
}
