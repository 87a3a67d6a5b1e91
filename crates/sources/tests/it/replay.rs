//! The exercise, played from the recordings of this repository.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crisislens_model::RawItem;
use crisislens_sources::replay::{JOURNAL_NAME, load};
use crisislens_sources::{DEFAULT_SPEED, Replay};
use tokio_util::sync::CancellationToken;

use crate::support::{MemoryJournal, MemorySink, TokioClock, now, recordings};

#[test]
fn the_first_45_seconds_bring_a_thousand_items_from_four_sources_and_three_hazards() {
    let schedule = load(&recordings(), now()).unwrap();
    let early: Vec<_> =
        schedule.planned.iter().filter(|planned| planned.due_s / DEFAULT_SPEED < 45.0).collect();
    let sources: HashSet<&str> = early.iter().map(|planned| planned.item.source.as_str()).collect();
    let hazards: HashSet<_> = early
        .iter()
        .filter_map(|planned| planned.item.stated.as_ref()?.hazard)
        .filter(|kind| kind.is_some())
        .collect();
    let skips: Vec<_> = schedule.read.iter().flat_map(|read| &read.skips).collect();
    println!("{} early of {}, {sources:?}, {hazards:?}, {skips:?}", early.len(), schedule.planned.len());
    assert!(early.len() >= 1_000 && sources.len() >= 4 && hazards.len() >= 3);
    assert!(schedule.planned.iter().all(|planned| planned.due_s <= 1_200.0 && planned.item.exercise));
    assert!(skips.is_empty());
}

#[test]
fn the_italian_earthquake_stands_in_two_sources_at_once() {
    let schedule = load(&recordings(), now()).unwrap();
    let due = |wanted: &dyn Fn(&RawItem) -> bool| {
        schedule.planned.iter().find(|planned| wanted(&planned.item)).map(|planned| planned.due_s).unwrap()
    };
    let official = due(&|item| item.title.as_deref().is_some_and(|title| title.contains("Pieve Torina")));
    let posts = due(&|item| item.source == "posts" && item.text.contains("Amatrice"));
    assert!(official < 45.0 && posts < 45.0);
}

#[test]
fn every_recording_names_its_licence_and_origin() {
    let schedule = load(&recordings(), now()).unwrap();
    for recording in &schedule.manifest.recordings {
        for text in [
            &recording.licence,
            &recording.attribution,
            &recording.provenance.repo,
            &recording.provenance.commit,
        ] {
            assert!(!text.is_empty(), "{}", recording.file);
        }
    }
    let listed: HashSet<String> = schedule.manifest.recordings.iter().map(|spec| spec.file.clone()).collect();
    for file in std::fs::read_dir(recordings()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(
            listed.contains(&name) || name == "exercise.json" || name == "README.md",
            "{name} is not in the manifest"
        );
    }
    let size: u64 =
        std::fs::read_dir(recordings()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    assert!(size < 6_000_000);
}

fn wire(items: &[RawItem]) -> Vec<String> {
    items.iter().map(|item| serde_json::to_string(item).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_exercise_says_everything_in_order_and_on_time() {
    let (sink, journal) = (Arc::new(MemorySink::default()), Arc::new(MemoryJournal::default()));
    let steps = Arc::new(Mutex::new(0));
    let seen = steps.clone();
    let began = tokio::time::Instant::now();
    let replay = Replay::new(
        recordings(),
        20.0,
        journal.clone(),
        TokioClock::start(),
        sink.clone(),
        CancellationToken::new(),
    )
    .on_progress(move |_| *seen.lock().unwrap() += 1);
    let summary = replay.run().await.unwrap();
    let items = sink.items();
    assert!(summary.finished);
    assert_eq!(items.len() as u64, summary.progress.total);
    assert!(items.windows(2).all(|pair| pair[0].timestamp <= pair[1].timestamp));
    assert!(
        items.iter().all(
            |item| item.exercise && item.problems(now() + jiff::SignedDuration::from_secs(60)).is_empty()
        )
    );
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(59) && took < Duration::from_secs(75), "{took:?}");
    assert!(*steps.lock().unwrap() > 100);
    assert_eq!(journal.status("exercise/posts").published, 4_490);
    assert_eq!(journal.status("exercise/posts").mode, "recording");
}

#[tokio::test(start_paused = true)]
async fn an_exercise_that_was_killed_goes_on_with_the_same_bytes() {
    let whole = Arc::new(MemorySink::default());
    let clock = TokioClock::start();
    let journal = Arc::new(MemoryJournal::default());
    let all =
        Replay::new(recordings(), 100.0, journal, clock.clone(), whole.clone(), CancellationToken::new());
    all.run().await.unwrap();

    let (sink, journal) = (Arc::new(MemorySink::default()), Arc::new(MemoryJournal::default()));
    let clock = TokioClock::start();
    let first = Replay::new(
        recordings(),
        100.0,
        journal.clone(),
        clock.clone(),
        sink.clone(),
        CancellationToken::new(),
    );
    let killed = tokio::spawn(first.run());
    tokio::time::sleep(Duration::from_secs(4)).await;
    killed.abort();
    let _ = killed.await;
    let before = sink.items().len();
    assert!(before > 0 && before < whole.items().len());

    // The crash came after the log had the last batch and before the journal had the cursor.
    let mut memory = journal.memory(JOURNAL_NAME);
    let cursor = memory.replay.as_mut().unwrap();
    cursor.published -= sink.batches.lock().unwrap().last().unwrap().len() as u64;
    let status = journal.status(JOURNAL_NAME);
    journal
        .saved
        .lock()
        .unwrap()
        .insert(JOURNAL_NAME.into(), (serde_json::to_string(&memory).unwrap(), status));

    tokio::time::sleep(Duration::from_secs(120)).await;
    let again =
        Replay::new(recordings(), 1.0, journal.clone(), clock, sink.clone(), CancellationToken::new());
    let summary = again.run().await.unwrap();
    assert!((summary.progress.speed - 100.0).abs() < f64::EPSILON, "the speed it began with");
    let mut unique = HashSet::new();
    let said: Vec<String> =
        wire(&sink.items()).into_iter().filter(|line| unique.insert(line.clone())).collect();
    assert_eq!(said, wire(&whole.items()));
}

#[tokio::test(start_paused = true)]
async fn an_exercise_waits_for_a_log_that_does_not_answer() {
    let (sink, journal) = (Arc::new(MemorySink::default()), Arc::new(MemoryJournal::default()));
    sink.fail(3);
    let replay = Replay::new(
        recordings(),
        1_000.0,
        journal,
        TokioClock::start(),
        sink.clone(),
        CancellationToken::new(),
    );
    let summary = replay.run().await.unwrap();
    assert_eq!(sink.items().len() as u64, summary.progress.total);
}

#[tokio::test]
async fn a_folder_without_a_manifest_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (sink, journal) = (Arc::new(MemorySink::default()), Arc::new(MemoryJournal::default()));
    let replay = Replay::new(dir.path(), 1.0, journal, TokioClock::start(), sink, CancellationToken::new());
    let error = replay.run().await.unwrap_err();
    assert!(error.to_string().contains("exercise.json"), "{error}");
}
