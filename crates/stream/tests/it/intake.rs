//! The intake: what is acknowledged is applied once and in order, whether the log was there, away, hanging or in doubt.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crisislens_log::{EventLog, LogError};
use crisislens_model::{NewRecord, Topic};
use crisislens_state::Store;
use crisislens_stream::{Intake, IntakeError, IntakeOptions, Relay, Taken};
use crisislens_testkit::{Engines, FaultyLog, FaultyStore, LogFault, sample, until};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::relay::{expected, first_times};
use crate::toy::{Toy, applied, assert_once_in_order, fine, record_of};

on_both! {
    while_the_log_is_there_records_go_straight_to_it,
    what_is_brought_while_the_log_is_away_is_taken_and_applied_once_in_order,
    a_log_that_does_not_answer_is_waited_for_once,
    what_was_appended_in_doubt_and_spooled_too_is_applied_once,
    nothing_goes_straight_to_the_log_past_what_is_spooled_on_any_node,
    beyond_its_budget_nothing_is_taken_until_the_log_is_back,
    with_the_store_away_nothing_is_taken,
    what_the_log_would_refuse_is_refused_also_while_it_is_away,
    what_is_spooled_survives_a_restart_and_keeps_its_turn,
    under_a_steady_load_it_goes_straight_to_the_log_again_once_that_is_back,
    a_log_that_comes_and_goes_under_load_loses_doubles_and_reorders_nothing,
}

/// Long enough for a log that answers.
const PATIENT: IntakeOptions =
    IntakeOptions { patience: Duration::from_secs(20), max_records: 10_000, max_bytes: 1 << 30 };
/// Too short for one that does not.
const IMPATIENT: IntakeOptions = IntakeOptions { patience: Duration::from_millis(20), ..PATIENT };

/// A log that can be made to fail, and an intake to it.
fn intake(engines: &Engines, options: IntakeOptions) -> (Arc<FaultyLog>, Intake) {
    let log = FaultyLog::new(Arc::clone(&engines.log));
    let through: Arc<dyn EventLog> = log.clone();
    (log, engines.intake(through, options))
}

async fn on_the_log(engines: &Engines) -> usize {
    engines.records(Topic::RawItems).await.len()
}

async fn while_the_log_is_there_records_go_straight_to_it(engines: Engines) {
    let (_, intake) = intake(&engines, PATIENT);
    assert_eq!(intake.take(fine(0..10)).await.unwrap(), Taken::OnTheLog);
    assert_eq!((on_the_log(&engines).await, engines.store.outbox_depth().await.unwrap().records), (10, 0));
}

async fn what_is_brought_while_the_log_is_away_is_taken_and_applied_once_in_order(engines: Engines) {
    let (log, intake) = intake(&engines, PATIENT);
    let through: Arc<dyn EventLog> = log.clone();
    let cancel = CancellationToken::new();
    let relaying = tokio::spawn(Relay { log: through, ..engines.relay() }.run(cancel.clone()));
    for number in 0..120 {
        log.fail(if (40..80).contains(&number) { LogFault::Down } else { LogFault::None });
        let taken = intake.take(fine(number..number + 1)).await.unwrap();
        assert!(taken == Taken::Spooled || !(40..80).contains(&number));
    }
    until("it goes straight to the log again", async || !engines.store.has_spooled().await.unwrap()).await;
    assert_eq!(intake.take(fine(120..121)).await.unwrap(), Taken::OnTheLog);
    cancel.cancel();
    relaying.await.unwrap();
    assert_eq!(first_times(&engines.records(Topic::RawItems).await), expected(&fine(0..121)));
    engines.apply(&Arc::new(Toy::default())).await;
    assert_once_in_order(&engines, 121).await;
}

async fn a_log_that_does_not_answer_is_waited_for_once(engines: Engines) {
    let patience = Duration::from_millis(1_500);
    let (log, intake) = intake(&engines, IntakeOptions { patience, ..PATIENT });
    log.fail(LogFault::Hangs);
    let begun = Instant::now();
    assert_eq!(intake.take(fine(0..1)).await.unwrap(), Taken::Spooled);
    assert!(begun.elapsed() >= patience);
    let begun = Instant::now();
    for number in 1..20 {
        assert_eq!(intake.take(fine(number..number + 1)).await.unwrap(), Taken::Spooled);
    }
    assert!(begun.elapsed() < patience * 5, "each would have waited: {:?}", begun.elapsed());
    assert_eq!(on_the_log(&engines).await, 0);
}

async fn what_was_appended_in_doubt_and_spooled_too_is_applied_once(engines: Engines) {
    let (log, intake) = intake(&engines, IMPATIENT);
    for (fault, numbers) in
        [(LogFault::AppendsWithoutSayingSo, 0..4), (LogFault::AppendsAndHangs, 4..8), (LogFault::None, 8..12)]
    {
        log.fail(fault);
        intake.take(fine(numbers)).await.unwrap();
        if fault == LogFault::AppendsWithoutSayingSo {
            until("they are there although nobody said so", async || on_the_log(&engines).await == 4).await;
            engines.relay_all().await;
        }
    }
    engines.relay_all().await;
    assert!(on_the_log(&engines).await > 12, "some are there twice");
    engines.apply(&Arc::new(Toy::default())).await;
    assert_once_in_order(&engines, 12).await;
}

async fn nothing_goes_straight_to_the_log_past_what_is_spooled_on_any_node(engines: Engines) {
    let (log, cut_off) = intake(&engines, PATIENT);
    let (other_log, other_store) = engines.second_node().await;
    let other = Intake::new(other_log, other_store, engines.clock.clone(), Arc::default(), PATIENT);
    log.fail(LogFault::Down);
    assert_eq!(cut_off.take(vec![record_of("one key", 0, "fine")]).await.unwrap(), Taken::Spooled);
    log.fail(LogFault::None);
    assert_eq!(other.take(vec![record_of("one key", 1, "fine")]).await.unwrap(), Taken::Spooled);
    assert_eq!(cut_off.take(vec![record_of("one key", 2, "fine")]).await.unwrap(), Taken::Spooled);
    engines.relay_all().await;
    assert_eq!(other.take(vec![record_of("one key", 3, "fine")]).await.unwrap(), Taken::OnTheLog);
    engines.apply(&Arc::new(Toy::default())).await;
    assert_once_in_order(&engines, 4).await;
}

async fn beyond_its_budget_nothing_is_taken_until_the_log_is_back(engines: Engines) {
    for (options, least) in [
        (IntakeOptions { max_records: 10, ..PATIENT }, 10),
        (IntakeOptions { max_bytes: 10 * fine(0..1)[0].size() as u64, ..PATIENT }, 10),
    ] {
        let (log, intake) = intake(&engines, options);
        log.fail(LogFault::Down);
        let mut taken = 0;
        let refused = loop {
            match intake.take(fine(taken..taken + 1)).await {
                Ok(_) => taken += 1,
                Err(error) => break error,
            }
        };
        let IntakeError::Full { records, .. } = refused else { panic!("{refused}") };
        assert!(records == taken && (least..least + 2).contains(&taken), "{taken} were taken");
        assert_eq!(engines.store.outbox_depth().await.unwrap().spooled_records, taken);
        log.fail(LogFault::None);
        assert!(intake.take(fine(90..91)).await.is_err(), "the spool comes first");
        engines.relay_all().await;
        assert_eq!(intake.take(fine(91..92)).await.unwrap(), Taken::OnTheLog);
    }
}

async fn with_the_store_away_nothing_is_taken(engines: Engines) {
    let store = FaultyStore::new(Arc::clone(&engines.store)).await;
    let through: Arc<dyn Store> = store.clone();
    let log = FaultyLog::new(Arc::clone(&engines.log));
    let to: Arc<dyn EventLog> = log.clone();
    let intake = Intake::new(to, through, engines.clock.clone(), Arc::default(), PATIENT);
    log.fail(LogFault::Down);
    store.set_away(true);
    let refused = intake.take(fine(0..1)).await;
    assert!(matches!(refused, Err(IntakeError::Away(_))), "{refused:?}");
    store.set_away(false);
    assert_eq!(intake.take(fine(0..1)).await.unwrap(), Taken::Spooled);
}

async fn what_the_log_would_refuse_is_refused_also_while_it_is_away(engines: Engines) {
    let (log, intake) = intake(&engines, PATIENT);
    let limit = engines.log.definitions().get(Topic::RawItems).max_message_bytes;
    let large = NewRecord { value: Some(vec![7; limit + 1]), ..fine(0..1).remove(0) };
    for fault in [LogFault::None, LogFault::Down] {
        log.fail(fault);
        let refused = intake.take([fine(0..2), vec![large.clone()]].concat()).await;
        assert!(matches!(refused, Err(IntakeError::Refused(LogError::TooLarge { .. }))), "{refused:?}");
    }
    assert_eq!((on_the_log(&engines).await, engines.store.outbox_depth().await.unwrap().records), (0, 0));
}

async fn what_is_spooled_survives_a_restart_and_keeps_its_turn(engines: Engines) {
    let (log, before) = intake(&engines, PATIENT);
    log.fail(LogFault::Down);
    before.take(fine(0..30)).await.unwrap();
    drop((before, log));
    let engines = engines.reopen().await;
    let (_, after) = intake(&engines, PATIENT);
    assert_eq!(after.take(fine(30..60)).await.unwrap(), Taken::Spooled);
    engines.relay_all().await;
    engines.apply(&Arc::new(Toy::default())).await;
    assert_once_in_order(&engines, 60).await;
}

async fn under_a_steady_load_it_goes_straight_to_the_log_again_once_that_is_back(engines: Engines) {
    let (log, intake) = intake(&engines, PATIENT);
    let (through, intake): (Arc<dyn EventLog>, _) = (log.clone(), Arc::new(intake));
    let cancel = CancellationToken::new();
    let relaying = tokio::spawn(Relay { log: through, ..engines.relay() }.run(cancel.clone()));
    let straight = Arc::new(AtomicU64::new(0));
    log.fail(LogFault::Down);
    // There is always somebody who brings something.
    let clients: Vec<_> = (0..16_u64)
        .map(|client| {
            let (intake, clock, straight) =
                (Arc::clone(&intake), engines.clock.clone(), Arc::clone(&straight));
            let stopped = cancel.clone();
            tokio::spawn(async move {
                let mut brought = 0;
                while !stopped.is_cancelled() {
                    clock.advance(1);
                    let number = client + 16 * brought;
                    let record = record_of(&format!("client {client}"), number, "fine");
                    if intake.take(vec![record]).await.unwrap() == Taken::OnTheLog {
                        straight.fetch_add(1, Ordering::Relaxed);
                    }
                    brought += 1;
                }
                brought
            })
        })
        .collect();
    let spooled = async || engines.store.outbox_depth().await.unwrap().spooled_records;
    until("much is spooled", async || spooled().await > 300).await;
    assert_eq!(straight.load(Ordering::Relaxed), 0);
    log.fail(LogFault::None);
    until("it goes straight to the log again", async || straight.load(Ordering::Relaxed) > 300).await;
    cancel.cancel();
    let mut brought = 0;
    for client in clients {
        brought += client.await.unwrap();
    }
    relaying.await.unwrap();
    engines.relay_all().await;
    engines.apply(&Arc::new(Toy::default())).await;
    assert_eq!(applied(&engines).await.len() as u64, brought);
}

async fn a_log_that_comes_and_goes_under_load_loses_doubles_and_reorders_nothing(engines: Engines) {
    const FAULTS: [LogFault; 4] =
        [LogFault::None, LogFault::Down, LogFault::AppendsWithoutSayingSo, LogFault::AppendsAndHangs];
    let (log, intake) = intake(&engines, IMPATIENT);
    let (through, intake): (Arc<dyn EventLog>, _) = (log.clone(), Arc::new(intake));
    let cancel = CancellationToken::new();
    let relaying = tokio::spawn(Relay { log: through, ..engines.relay() }.run(cancel.clone()));
    // Four clients with keys of their own, each of which brings its next record when the last one is acknowledged.
    let clients: Vec<_> = (0..4)
        .map(|client: u64| {
            let intake = Arc::clone(&intake);
            tokio::spawn(async move {
                for number in (client..240).step_by(4) {
                    intake.take(vec![record_of(&format!("client {client}"), number, "fine")]).await.unwrap();
                }
            })
        })
        .collect();
    let mut random = sample::Random(23);
    while clients.iter().any(|client| !client.is_finished()) {
        log.fail(FAULTS[usize::try_from(random.below(4)).unwrap()]);
        tokio::time::sleep(Duration::from_millis(random.below(30))).await;
    }
    for client in clients {
        client.await.unwrap();
    }
    // A relay that hangs in an append is ended as a process that dies: another takes the outbox over.
    relaying.abort();
    log.fail(LogFault::None);
    engines.relay_all().await;
    engines.apply(&Arc::new(Toy::default())).await;
    assert_eq!(applied(&engines).await.len(), 240);
    assert_once_in_order(&engines, 240).await;
}
