//! A record that fails for a reason nobody knows is tried in place, then beside its partition, then it dies; its key waits
//! for it and no other does.

use std::sync::Arc;
use std::time::Duration;

use crisislens_log::EventLog;
use crisislens_model::{NewRecord, Topic};
use crisislens_stream::{FailurePolicy, Handler as _, Runner, RunnerOptions};
use crisislens_testkit::{Engines, FaultyLog, LogFault, QUICK, quick_policy, sample, until};
use tokio_util::sync::CancellationToken;

use crate::toy::{Toy, applied, assert_once_in_order, effects, fine, header, letters, put_off, record_of};

on_both! {
    a_record_that_fails_waits_beside_its_partition_and_only_its_key_waits_with_it,
    after_the_whole_ladder_it_is_dead_and_its_letter_says_how_often_and_when,
    what_waited_behind_it_has_its_own_tries_and_its_own_times,
    what_can_never_be_applied_dies_at_once_even_behind_one_that_waits,
    what_was_put_off_survives_a_restart_with_its_tries,
    another_runner_takes_over_what_was_put_off,
    two_runners_that_both_hold_what_was_put_off_apply_it_once,
    with_too_much_put_off_the_partition_waits_and_goes_on_by_itself,
    what_was_put_off_is_not_given_up_when_the_log_looks_shorter_than_it_was,
    of_an_endless_error_only_the_beginning_is_kept,
}

/// Two tries in place, one after 10 s, one after a minute more.
fn ladder() -> FailurePolicy {
    FailurePolicy { in_place_attempts: 2, delays: [10, 60].map(Duration::from_secs).into(), ..quick_policy() }
}

fn runner(engines: &Engines, toy: &Arc<Toy>) -> Runner<Toy> {
    Runner { policy: ladder(), ..engines.runner(toy) }
}

/// A runner at work.
struct Running(CancellationToken, tokio::task::JoinHandle<Result<(), crisislens_log::LogError>>);

impl Running {
    fn start(runner: Runner<Toy>) -> Self {
        let cancel = CancellationToken::new();
        Self(cancel.clone(), tokio::spawn(runner.run(cancel)))
    }

    async fn stop(self) {
        self.0.cancel();
        self.1.await.unwrap().unwrap();
    }
}

async fn nothing_is_put_off(engines: &Engines) {
    until("nothing is put off", async || put_off(engines, "toys/count").await.is_empty()).await;
}

async fn a_record_that_fails_waits_beside_its_partition_and_only_its_key_waits_with_it(engines: Engines) {
    let toy = Toy::cursed([0]);
    engines.append(fine(0..48)).await;
    let running = Running::start(runner(&engines, &toy));
    // Sixteen keys in six partitions: others share the partition of number 0, and come to its end.
    until("it is at the end", async || engines.is_finished(&*toy).await).await;
    assert_eq!(applied(&engines).await, (1..48).filter(|number| number % 16 != 0).collect::<Vec<_>>());
    let waiting = put_off(&engines, "toys/count").await;
    let noon = "2026-03-01T12:00:00Z".parse().unwrap();
    let seen: Vec<_> = waiting.iter().map(|one| (one.failures, one.first_failed_at)).collect();
    assert_eq!(seen, [(2, noon), (0, noon), (0, noon)]);
    assert_eq!((waiting[0].due_at, &*waiting[0].last_error), (after_noon(10), "it is cursed"));
    assert!(engines.health.troubles().is_empty(), "a record that waits is no trouble of its partition");

    // Before its time it is not tried, and what comes for its key goes behind it.
    let tries = toy.tries(0);
    engines.clock.advance(9);
    engines.append(fine(48..64)).await;
    until("it is at the end", async || engines.is_finished(&*toy).await).await;
    assert_eq!((toy.tries(0), put_off(&engines, "toys/count").await.len()), (tries, 4));

    // At its time it is, and fails again.
    engines.clock.advance(1);
    until("it is put off again", async || put_off(&engines, "toys/count").await[0].failures == 3).await;
    assert_eq!(put_off(&engines, "toys/count").await[0].due_at, after_noon(70));
    assert_eq!(toy.tries(16), 0, "those of its key wait");

    toy.lift();
    engines.clock.advance(60);
    nothing_is_put_off(&engines).await;
    running.stop().await;
    assert_once_in_order(&engines, 64).await;
    assert!(letters(&engines).await.is_empty());
}

/// So many seconds after the clock's beginning.
fn after_noon(seconds: i64) -> crisislens_model::Timestamp {
    let noon: crisislens_model::Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    crisislens_model::Timestamp::from_second(noon.as_second() + seconds).unwrap()
}

async fn after_the_whole_ladder_it_is_dead_and_its_letter_says_how_often_and_when(engines: Engines) {
    let toy = Toy::cursed([0]);
    engines.append(fine(0..20)).await;
    let running = Running::start(runner(&engines, &toy));
    until("it is put off", async || put_off(&engines, "toys/count").await.len() == 2).await;
    engines.clock.advance(10);
    until("it is put off again", async || put_off(&engines, "toys/count").await[0].failures == 3).await;
    engines.clock.advance(60);
    nothing_is_put_off(&engines).await;
    until("it is at the end", async || engines.is_finished(&*toy).await).await;
    running.stop().await;
    let letters = letters(&engines).await;
    assert_eq!(letters.len(), 1);
    let fields = ["cl_error_class", "cl_attempts", "cl_first_failed_at", "cl_last_failed_at", "cl_error_msg"];
    let expected =
        ["failed", "4", "2026-03-01T12:00:00Z", "2026-03-01T12:01:10Z", "failed 4 times: it is cursed"];
    assert_eq!(fields.map(|name| header(&letters[0], name)), expected);
    assert_eq!(letters[0].value, fine(0..1)[0].value);
    assert_eq!(applied(&engines).await, (1..20).collect::<Vec<_>>(), "its key goes on without it");
}

async fn what_waited_behind_it_has_its_own_tries_and_its_own_times(engines: Engines) {
    let toy = Toy::cursed([0, 1]);
    engines.append((0..3).map(|number| record_of("one key", number, "fine")).collect()).await;
    let running = Running::start(runner(&engines, &toy));
    until("all are put off", async || put_off(&engines, "toys/count").await.len() == 3).await;
    for (seconds, failures) in [(10, [3, 0]), (60, [1, 0]), (10, [2, 0]), (10, [3, 0])] {
        engines.clock.advance(seconds);
        until("the first is tried", async || {
            let waiting = put_off(&engines, "toys/count").await;
            waiting.iter().zip(failures).all(|(one, failures)| one.failures == failures)
        })
        .await;
    }
    engines.clock.advance(60);
    nothing_is_put_off(&engines).await;
    running.stop().await;
    let letters = letters(&engines).await;
    let fields = ["cl_attempts", "cl_first_failed_at", "cl_last_failed_at"];
    let found: Vec<_> = letters.iter().map(|letter| fields.map(|name| header(letter, name))).collect();
    let first = ["4", "2026-03-01T12:00:00Z", "2026-03-01T12:01:10Z"];
    // It was first tried when the one before it had died.
    let second = ["4", "2026-03-01T12:01:10Z", "2026-03-01T12:02:30Z"];
    assert_eq!(found, [first, second]);
    assert_eq!(applied(&engines).await, [2]);
}

async fn what_can_never_be_applied_dies_at_once_even_behind_one_that_waits(engines: Engines) {
    let toy = Toy::cursed([0]);
    let fates = ["fine", "never", "panic", "skip", "fine"];
    let fated = (0..).zip(fates).map(|(number, fate)| record_of("one key", number, fate));
    let broken = NewRecord { value: Some(vec![0xFF]), ..record_of("one key", 9, "") };
    engines.append(fated.chain([broken]).chain([record_of("other key", 5, "never")]).collect()).await;
    let running = Running::start(runner(&engines, &toy));
    until("it is at the end", async || engines.is_finished(&*toy).await).await;
    let classes = async || {
        let mut classes: Vec<_> = letters(&engines)
            .await
            .iter()
            .map(|letter| {
                (header(letter, "cl_error_class").to_owned(), header(letter, "cl_attempts").to_owned())
            })
            .collect();
        classes.sort();
        classes
    };
    let once = |class: &str| (class.to_owned(), "1".to_owned());
    // The handler must look at number 1 to say never, and that waits its turn; what it need not be asked about does not.
    assert_eq!(classes().await, [once("panic"), once("undecodable"), once("unwanted")]);
    assert_eq!(toy.tries(1), 0);
    toy.lift();
    engines.clock.advance(10);
    nothing_is_put_off(&engines).await;
    running.stop().await;
    assert_eq!(classes().await, [once("panic"), once("undecodable"), once("unwanted"), once("unwanted")]);
    assert_eq!(toy.tries(1), 1, "never is never tried again");
    assert_eq!(applied(&engines).await, [0, 4]);
}

async fn what_was_put_off_survives_a_restart_with_its_tries(engines: Engines) {
    let toy = Toy::cursed([0, 1]);
    engines.append(fine(0..34)).await;
    let running = Running::start(runner(&engines, &toy));
    until("both are put off", async || put_off(&engines, "toys/count").await.len() == 6).await;
    running.stop().await;
    engines.clock.advance(10);
    let engines = engines.reopen().await;
    let toy = Toy::cursed([1]);
    let running = Running::start(runner(&engines, &toy));
    until("number 1 has failed again and 0 is done", async || {
        let waiting = put_off(&engines, "toys/count").await;
        waiting.len() == 3 && waiting[0].failures == 3
    })
    .await;
    engines.clock.advance(60);
    nothing_is_put_off(&engines).await;
    running.stop().await;
    assert_eq!(toy.tries(1), 2, "only what its ladder still had");
    let letters = letters(&engines).await;
    assert_eq!((letters.len(), header(&letters[0], "cl_attempts")), (1, "4"));
    assert_eq!(applied(&engines).await, (0..34).filter(|number| *number != 1).collect::<Vec<_>>());
    assert!(effects(&engines).await.values().all(|numbers| numbers.is_sorted()));
}

async fn another_runner_takes_over_what_was_put_off(engines: Engines) {
    let toy = Toy::cursed([0, 5]);
    engines.append(fine(0..48)).await;
    let first = Running::start(runner(&engines, &toy));
    until("both are put off", async || put_off(&engines, "toys/count").await.len() == 6).await;
    let (log, store) = engines.second_node().await;
    let heir = Arc::new(Toy::default());
    let second = Running::start(Runner { log, store, ..runner(&engines, &heir) });
    first.stop().await;
    engines.clock.advance(10);
    nothing_is_put_off(&engines).await;
    until("it is at the end", async || engines.is_finished(&*heir).await).await;
    second.stop().await;
    assert!(heir.tries(0) == 1 && heir.tries(5) == 1, "the heir did it");
    assert_once_in_order(&engines, 48).await;
    assert!(letters(&engines).await.is_empty());
}

async fn two_runners_that_both_hold_what_was_put_off_apply_it_once(engines: Engines) {
    let (log, store) = engines.second_node().await;
    let logs: [Arc<dyn EventLog>; 2] =
        [FaultyLog::without_groups(Arc::clone(&engines.log)), FaultyLog::without_groups(log)];
    let mut random = sample::Random(17);
    let one = Toy::cursed([]);
    let other = Arc::new(Toy { cursed: Arc::clone(&one.cursed), ..Toy::default() });
    // A try is never the last, so that nothing dies of bad luck.
    let patient = FailurePolicy { delays: vec![Duration::from_secs(1); 1000], ..ladder() };
    let options = RunnerOptions { batch_records: 5, ..QUICK };
    let stores = [Arc::clone(&engines.store), store];
    let toys = [&one, &other];
    let running: Vec<Running> = (0..2)
        .map(|place| {
            let (log, store) = (Arc::clone(&logs[place]), Arc::clone(&stores[place]));
            let policy = patient.clone();
            Running::start(Runner { log, store, options, policy, ..engines.runner(toys[place]) })
        })
        .collect();
    for round in 0..15 {
        let cursed = (0..3).map(|_| round * 20 + random.below(20)).collect();
        *one.cursed.lock().unwrap() = cursed;
        engines.append(fine(round * 20..(round + 1) * 20)).await;
        engines.clock.advance(1);
        tokio::time::sleep(Duration::from_micros(random.below(30_000))).await;
    }
    one.lift();
    until("everything is done", async || {
        engines.clock.advance(1);
        engines.is_finished(&*one).await && put_off(&engines, &one.consumer()).await.is_empty()
    })
    .await;
    for one in running {
        one.stop().await;
    }
    assert_once_in_order(&engines, 300).await;
    assert!(letters(&engines).await.is_empty());
}

async fn with_too_much_put_off_the_partition_waits_and_goes_on_by_itself(engines: Engines) {
    let toy = Toy::cursed([0]);
    let policy = FailurePolicy { max_delayed: 3, ..ladder() };
    let options = RunnerOptions { batch_records: 1, ..QUICK };
    engines.append((0..10).map(|number| record_of("one key", number, "fine")).collect()).await;
    let running = Running::start(Runner { policy, options, ..engines.runner(&toy) });
    until("health says why it waits", async || {
        engines.health.troubles().values().any(|trouble| trouble.reason.starts_with("3 records are delayed"))
    })
    .await;
    assert_eq!(put_off(&engines, "toys/count").await.len(), 3);
    toy.lift();
    engines.clock.advance(10);
    until("it is at the end", async || engines.is_finished(&*toy).await).await;
    until("health is well", async || engines.health.troubles().is_empty()).await;
    running.stop().await;
    assert_once_in_order(&engines, 10).await;
    assert_eq!(engines.records(Topic::RawItems).await.len(), 10);
}

async fn what_was_put_off_is_not_given_up_when_the_log_looks_shorter_than_it_was(engines: Engines) {
    // The first is at the beginning of its partition, the last are not.
    let toy = Toy::cursed([0, 45, 46, 47]);
    let log = FaultyLog::new(Arc::clone(&engines.log));
    let through: Arc<dyn EventLog> = log.clone();
    engines.append(fine(0..48)).await;
    let running = Running::start(Runner { log: through, ..runner(&engines, &toy) });
    until("all are put off", async || put_off(&engines, "toys/count").await.len() == 6).await;
    until("it is at the end", async || engines.is_finished(&*toy).await).await;
    log.fail(LogFault::LooksEmpty);
    toy.lift();
    engines.clock.advance(10);
    let waits = async |text: &str| engines.health.troubles().values().any(|one| one.reason.contains(text));
    until("it waits for them", async || {
        waits("the log ends before the delayed record").await && waits("is not on the log").await
    })
    .await;
    assert_eq!(put_off(&engines, "toys/count").await.len(), 6, "none is given up");
    log.fail(LogFault::None);
    nothing_is_put_off(&engines).await;
    until("health is well", async || engines.health.troubles().is_empty()).await;
    running.stop().await;
    assert_once_in_order(&engines, 48).await;
}

async fn of_an_endless_error_only_the_beginning_is_kept(engines: Engines) {
    let toy = Arc::new(Toy::default());
    engines.append(vec![record_of("one key", 0, "fails at length")]).await;
    let running = Running::start(runner(&engines, &toy));
    let kept = async |failures: u32| {
        until("it is put off", async || {
            put_off(&engines, "toys/count").await.first().is_some_and(|one| one.failures == failures)
        })
        .await;
        put_off(&engines, "toys/count").await[0].last_error.clone()
    };
    let in_place = kept(2).await;
    engines.clock.advance(10);
    let beside = kept(3).await;
    running.stop().await;
    for error in [in_place, beside] {
        assert!(error.starts_with("cursed ééé") && error.len() <= 1024, "{} bytes", error.len());
    }
}
