//! A library of recordings: only what lies in it is played, and what was changed is read again.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crisislens_model::{ExerciseId, ItemId};
use crisislens_sources::replay::{Library, MAX_RECORDINGS, Script};
use serde_json::json;

use crate::support::{now, recordings};

fn write(folder: &Path, file: &str, posts: usize) {
    std::fs::create_dir_all(folder).unwrap();
    let post = |n: usize| json!({ "source": "net", "source_id": format!("p{n}"), "text": format!("The river rises ({n})") });
    let lines: Vec<String> = (0..posts).map(|n| post(n).to_string()).collect();
    std::fs::write(folder.join("posts.ndjson"), lines.join("\n")).unwrap();
    let provenance = json!({ "repo": "", "commit": "", "path": "", "done": "" });
    let manifest = json!({ "title": "A river", "recordings": [{
        "file": file, "format": "ndjson", "source": "net", "kind": "social", "title": "", "licence": "", "attribution": "",
        "provenance": provenance, "start_s": 0, "length_s": 10,
    }] });
    std::fs::write(folder.join("exercise.json"), manifest.to_string()).unwrap();
}

#[test]
fn the_recordings_of_this_repository_are_one_that_can_be_played() {
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("four-crises");
    std::fs::create_dir(&copy).unwrap();
    for file in std::fs::read_dir(recordings()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
    }
    let library = Library::new(dir.path());
    let listed = library.list(now()).unwrap();
    let [one] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!((one.name.as_str(), &one.problem, one.skipped), ("four-crises", &None, 0));
    assert_eq!(one.sources, ["drill", "gdacs", "nws", "posts", "usgs", "usgs-cap"]);
    assert!(one.items > 5_000 && one.length_s <= 1_200.0 && one.from < one.to, "{one:?}");
    let schedule = library.open("four-crises", now()).unwrap().unwrap();
    let script = Script::new(schedule, ExerciseId::random());
    assert_eq!(script.total(), one.items);
    let mut ids = std::collections::HashSet::new();
    for at in 0..script.total() {
        let item = script.item(at, now(), 1_000.0).unwrap();
        assert!(item.problems(item.timestamp).is_empty() && item.exercise, "{item:?}");
        assert_eq!(item.id, ItemId::in_exercise(&item.source, &item.source_id));
        ids.insert(item.id);
    }
    // The same entry in two files is one item there, too.
    assert!(ids.len() as u64 > one.items / 2);
}

#[test]
fn what_leads_out_of_the_library_or_is_no_file_is_not_played() {
    let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(&dir.path().join("good"), "posts.ndjson", 2);
    write(outside.path(), "posts.ndjson", 2);
    symlink(outside.path(), dir.path().join("out")).unwrap();
    symlink("..", dir.path().join("up")).unwrap();
    symlink(".", dir.path().join("itself")).unwrap();
    symlink("nowhere", dir.path().join("dangling")).unwrap();
    for (name, file) in
        [("climbs", "../good/posts.ndjson"), ("absolute", "/etc/hostname"), ("link", "link.ndjson")]
    {
        write(&dir.path().join(name), file, 2);
    }
    symlink(outside.path().join("posts.ndjson"), dir.path().join("link/link.ndjson")).unwrap();
    write(&dir.path().join("pipe"), "pipe.ndjson", 2);
    let made = Command::new("mkfifo").arg(dir.path().join("pipe/pipe.ndjson")).status().unwrap();
    assert!(made.success());
    let library = Library::new(dir.path());
    let listed = library.list(now()).unwrap();
    let played: Vec<(&str, bool)> =
        listed.iter().map(|one| (one.name.as_str(), one.problem.is_none())).collect();
    assert_eq!(
        played,
        [("absolute", false), ("climbs", false), ("good", true), ("link", false), ("pipe", false)]
    );
    for name in
        ["out", "up", "itself", "dangling", "..", ".", "", "/", "good/", "./good", "good/../good", "../good"]
    {
        assert!(library.open(name, now()).unwrap().is_none(), "{name}");
    }
    for name in ["absolute", "climbs", "link", "pipe"] {
        let problem = library.open(name, now()).unwrap_err().without_paths();
        assert!(!problem.contains(&*dir.path().to_string_lossy()), "{problem}");
    }
    assert!(Library::new(dir.path().join("missing")).list(now()).is_err());
}

#[test]
fn what_was_changed_or_removed_is_seen_and_the_list_has_an_end() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("one"), "posts.ndjson", 2);
    let library = Library::new(dir.path());
    let items =
        |library: &Library| library.list(now()).unwrap().iter().map(|one| one.items).collect::<Vec<_>>();
    assert_eq!(items(&library), [2]);
    write(&dir.path().join("one"), "posts.ndjson", 3);
    assert_eq!(items(&library), [3]);
    std::fs::remove_dir_all(dir.path().join("one")).unwrap();
    assert_eq!(items(&library), [0_u64; 0]);
    for n in 0..MAX_RECORDINGS + 5 {
        std::fs::create_dir(dir.path().join(format!("{n:04}"))).unwrap();
    }
    assert_eq!(library.list(now()).unwrap().len(), MAX_RECORDINGS);
}

#[test]
fn an_id_that_is_as_long_as_may_be_is_still_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("long"), "posts.ndjson", 0);
    let line = json!({ "source": "net", "source_id": "x".repeat(8 * 1024), "text": "The river rises" });
    std::fs::write(dir.path().join("long/posts.ndjson"), line.to_string()).unwrap();
    let library = Library::new(dir.path());
    let item =
        |id| Script::new(library.open("long", now()).unwrap().unwrap(), id).item(0, now(), 1.0).unwrap();
    let (one, two) = (ExerciseId::random(), ExerciseId::random());
    assert_eq!(item(one).id, item(one).id);
    assert_ne!(item(one).id, item(two).id);
    assert!(item(one).problems(now()).is_empty());
}
