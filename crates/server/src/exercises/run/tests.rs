//! A run against a recording of five posts, one every ten seconds.

use std::path::Path;

use crisislens_model::{ExerciseId, UserId};
use crisislens_sources::replay::{Library, Script};

use super::*;

const POSTS: u64 = 5;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_772_366_400 + seconds).unwrap()
}

fn write(library: &Path, name: &str, posts: u64) {
    let folder = library.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let post = |n: u64| {
        let said = at(n.cast_signed() * 600);
        format!(
            r#"{{"source":"posts","source_id":"p{n}","text":"The river rises, post {n}","timestamp":"{said}"}}"#
        )
    };
    std::fs::write(folder.join("posts.ndjson"), (0..posts).map(post).collect::<Vec<_>>().join("\n")).unwrap();
    let provenance = serde_json::json!({"repo": "", "commit": "", "path": "", "done": ""});
    let manifest = serde_json::json!({"title": "A river", "recordings": [{
        "file": "posts.ndjson", "format": "ndjson", "source": "posts", "kind": "social", "title": "", "licence": "",
        "attribution": "", "provenance": provenance, "start_s": 0, "length_s": 40,
    }]});
    std::fs::write(folder.join("exercise.json"), manifest.to_string()).unwrap();
}

fn script_of(posts: u64, id: ExerciseId) -> Script {
    let library = tempfile::tempdir().unwrap();
    write(library.path(), "river", posts);
    Script::new(Library::new(library.path()).open("river", at(0)).unwrap().unwrap(), id)
}

fn begun(speed: f64) -> (Run, Script) {
    let id = ExerciseId::random();
    let script = script_of(POSTS, id);
    let wanted = Wanted { id, recording: "river".to_owned(), speed };
    (Run::begin(&wanted, (UserId::random(), "Ada"), &script, at(0)), script)
}

/// Says what is due, as who plays it does.
fn say(run: &mut Run, script: &Script, now: Timestamp) -> Vec<RawItem> {
    let items: Vec<RawItem> = run.due(script, now).collect();
    run.said(items.len() as u64, script, now);
    items
}

#[test]
fn everything_is_said_once_in_order_at_its_time() {
    let (mut run, script) = begun(1.0);
    let mut said = Vec::new();
    for second in 0..=40 {
        assert!(run.is_running(), "{second}");
        said.extend(say(&mut run, &script, at(second)));
        assert_eq!(said.len() as i64, second / 10 + 1);
    }
    assert_eq!((run.exercise.state, run.exercise.version), (ExerciseState::Finished, 2));
    assert_eq!(run.exercise.position_s, 40.0);
    for (item, n) in said.iter().zip(0..) {
        assert_eq!(item.timestamp, at(n * 10));
        assert_eq!(item.source_id, format!("p{n}~{}", run.exercise.id.0.simple()));
        assert_eq!((item.exercise, item.exercise_id), (true, Some(run.exercise.id)));
        assert_eq!(item.problems(at(40)), []);
    }
}

#[test]
fn time_in_which_it_is_halted_does_not_count() {
    let (mut run, script) = begun(2.0);
    assert_eq!(say(&mut run, &script, at(6)).len(), 2);
    assert_eq!(run.obey(Order::Pause, at(7)), Ok(true));
    assert_eq!(run.obey(Order::Pause, at(8)), Ok(false), "it is");
    assert_eq!(run.obey(Order::Resume, at(107)), Ok(true));
    assert_eq!(run.exercise.version, 3);
    assert_eq!(run.wait(&script, at(107)), Some(Duration::from_secs(3)));
    assert!(say(&mut run, &script, at(109)).is_empty());
    assert_eq!(say(&mut run, &script, at(110))[0].timestamp, at(110));
    assert_eq!(run.obey(Order::Stop, at(111)), Ok(true));
    assert_eq!(run.obey(Order::Stop, at(112)), Ok(false));
    assert_eq!(run.obey(Order::Resume, at(112)), Err(Over(ExerciseState::Stopped)));
    assert_eq!(run.obey(Order::Pause, at(112)), Err(Over(ExerciseState::Stopped)));
    assert_eq!((run.exercise.sent, run.exercise.position_s), (3, 20.0));
}

#[test]
fn time_in_which_nobody_plays_it_does_not_count() {
    let (mut run, script) = begun(1.0);
    say(&mut run, &script, at(0));
    run.take_up(&script, at(500));
    assert_eq!(say(&mut run, &script, at(500)).len(), 1);
    assert_eq!(run.wait(&script, at(500)), Some(Duration::from_secs(10)));
    // Who takes it up before the next is due is not late.
    run.take_up(&script, at(503));
    assert_eq!(run.wait(&script, at(503)), Some(Duration::from_secs(7)));
}

#[test]
fn a_clock_that_goes_back_says_nothing_early_and_nothing_twice() {
    let (mut run, script) = begun(1.0);
    say(&mut run, &script, at(20));
    let kept = run.clone();
    run.take_up(&script, at(-100));
    assert!(say(&mut run, &script, at(-100)).is_empty());
    assert_eq!(run, kept);
    run.obey(Order::Pause, at(20)).unwrap();
    run.obey(Order::Resume, at(10)).unwrap();
    assert_eq!(run.wait(&script, at(20)), Some(Duration::from_secs(10)));
}

#[test]
fn what_is_kept_says_the_same_after_it_was_read() {
    let (mut run, script) = begun(3.0);
    say(&mut run, &script, at(4));
    run.obey(Order::Pause, at(5)).unwrap();
    let mut read: Run = serde_json::from_str(&serde_json::to_string(&run).unwrap()).unwrap();
    assert_eq!(read, run);
    for run in [&mut run, &mut read] {
        run.obey(Order::Resume, at(77)).unwrap();
    }
    let [ours, theirs] = [run, read].map(|mut run| say(&mut run, &script, at(200)));
    assert_eq!(serde_json::to_string(&ours).unwrap(), serde_json::to_string(&theirs).unwrap());
}

#[test]
fn two_exercises_of_one_recording_say_nothing_under_the_same_id() {
    let (one, first) = begun(1.0);
    let (two, second) = begun(1.0);
    let ids = |run: &Run, script| run.due(script, at(40)).map(|item| item.id).collect::<Vec<_>>();
    let (one, two) = (ids(&one, &first), ids(&two, &second));
    assert_eq!((one.len(), two.len()), (5, 5));
    assert!(one.iter().all(|id| !two.contains(id)));
}

#[test]
fn a_recording_with_other_files_is_not_what_it_began_with() {
    let (run, script) = begun(1.0);
    assert!(run.is_of(&script) && run.is_of(&script_of(POSTS, ExerciseId::random())));
    assert!(!run.is_of(&script_of(POSTS - 1, run.exercise.id)));
}
