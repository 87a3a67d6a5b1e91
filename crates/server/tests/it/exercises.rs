//! Exercises that people start: one at a time, from the library alone, each item once whatever is killed.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::log_view::{ends, records, settled};
use crate::socket::Events;
use crate::support::{Answer, Person, Server, eventually, flood, text};

/// A folder of recordings.
pub struct Library(pub TempDir);

impl Library {
    pub fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// One with a recording called `river`.
    pub fn of(items: &[Value], length_s: u64) -> Self {
        let library = Self::empty();
        library.write("river", items, length_s);
        library
    }

    /// Writes a recording of `items`, each a minute behind the one before, played within `length_s`.
    pub fn write(&self, name: &str, items: &[Value], length_s: u64) {
        let folder = self.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let line = |(n, item): (usize, &Value)| {
            let mut item = item.clone();
            item["timestamp"] = json!(format!("2020-03-01T{:02}:{:02}:00Z", n / 60, n % 60));
            item.to_string()
        };
        let lines: Vec<String> = items.iter().enumerate().map(line).collect();
        std::fs::write(folder.join("items.ndjson"), lines.join("\n")).unwrap();
        std::fs::write(folder.join("exercise.json"), manifest("items.ndjson", length_s).to_string()).unwrap();
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// How a server is told of it.
    pub fn setting(&self) -> String {
        format!("exercise.library={}", self.path().display())
    }

    /// A server with it, and its administrator.
    pub async fn serve(&self) -> (Server, Person) {
        let server = Server::start_with(&["--set", &self.setting()]).await;
        let admin = server.person("admin@example.org", "admin").await;
        (server, admin)
    }
}

pub fn manifest(file: &str, length_s: u64) -> Value {
    json!({ "title": "The Reno bursts its banks", "recordings": [{
        "file": file, "format": "ndjson", "source": "posts", "kind": "official", "title": "", "licence": "", "attribution": "",
        "provenance": { "repo": "", "commit": "", "path": "", "done": "" }, "start_s": 0, "length_s": length_s,
    }] })
}

/// Posts about nothing in particular, each with words of its own.
pub fn notes(count: u32) -> Vec<Value> {
    let note = |n: u32| json!({ "source": "notes", "source_id": n.to_string(), "text": format!("quiet note number {n}") });
    (0..count).map(note).collect()
}

/// What four sources say of a flood in Bologna, to be told of and to be claimed.
pub fn floods() -> Vec<Value> {
    let mut items: Vec<Value> = (0..3).map(|n| flood(&format!("warning-{n}"))).collect();
    items[1]["text"] =
        json!("Bologna: the level of the Reno has reached 5.2 m. Residents must leave the ground floors.");
    items[2]["text"] = json!(
        "12 people have died in the flood in Bologna, the prefecture says. The bridge at Casalecchio is closed."
    );
    for (source, words) in [
        ("Herald", "Flood in Bologna: 12 people died, officials say. The bridge at Casalecchio is closed."),
        ("Courier", "At least 12 dead in Bologna after the Reno flooded whole quarters of the city."),
        (
            "Gazette",
            "Flooding in Bologna: the bridge at Casalecchio was closed tonight, 300 people evacuated.",
        ),
    ] {
        items.push(json!({ "source": source, "source_id": "1", "source_kind": "media", "text": words }));
    }
    items
}

pub async fn start(server: &Server, who: &Person, recording: &str, speed: f64) -> Answer {
    server.post(&who.token, "/api/exercise", &json!({ "recording": recording, "speed": speed })).await
}

async fn tell(server: &Server, who: &Person, word: &str) -> Answer {
    server.post(&who.token, &format!("/api/exercise/{word}"), &Value::Null).await
}

async fn status(server: &Server, who: &Person) -> Value {
    server.get(&who.token, "/api/exercise").await.expect(StatusCode::OK)
}

/// The exercise once it is `state`.
pub async fn until(server: &Server, who: &Person, state: &str) -> Value {
    eventually(&format!("the exercise is {state}"), async || {
        let exercise = status(server, who).await;
        let is_over = exercise["state"] == "failed" && state != "failed";
        assert!(!is_over, "{exercise}");
        (exercise["state"] == state).then_some(exercise)
    })
    .await
}

async fn sent(server: &Server, who: &Person) -> u64 {
    status(server, who).await["sent"].as_u64().unwrap()
}

async fn until_sent(server: &Server, who: &Person, least: u64) -> u64 {
    eventually(&format!("{least} items were said"), async || {
        Some(sent(server, who).await).filter(|sent| *sent >= least)
    })
    .await
}

/// Waits by the clock: that nothing happens is the experiment.
async fn a_while() {
    tokio::time::sleep(Duration::from_millis(1_200)).await;
}

#[tokio::test]
async fn an_exercise_is_started_halted_let_go_on_and_stopped_and_everybody_is_told() {
    let library = Library::of(&notes(200), 400);
    let (server, admin) = library.serve().await;
    let viewer = server.person("ada@example.org", "viewer").await;
    server.get(&viewer.token, "/api/exercise").await.problem(404);
    for word in ["pause", "resume", "stop"] {
        tell(&server, &admin, word).await.problem(404);
    }
    let about = async || server.get("", "/api/about").await.expect(StatusCode::OK)["exercise"].clone();
    assert_eq!(about().await, false);
    let mut stream = Events::open(&server, "/api/sse/stream?hazard=earthquake", &viewer.token, None).await;
    let mut told = async || stream.until("exercise_update").await.data["data"].clone();

    let begun = start(&server, &admin, "river", 20.0).await;
    assert_eq!(begun.headers["etag"], "\"1\"");
    let begun = begun.expect(StatusCode::CREATED);
    assert_eq!(
        (&begun["state"], &begun["total"], &begun["sent"]),
        (&json!("running"), &json!(200), &json!(0))
    );
    assert_eq!(
        (&begun["title"], &begun["started_by"]),
        (&json!("The Reno bursts its banks"), &json!(admin.id))
    );
    assert_eq!(told().await, begun);
    assert_eq!(about().await, true);
    let refused = start(&server, &admin, "river", 1.0).await.problem(409);
    assert!(text(&refused["detail"]).contains("river is running"), "{refused}");

    until_sent(&server, &viewer, 3).await;
    let paused = tell(&server, &admin, "pause").await.expect(StatusCode::OK);
    assert_eq!((&paused["state"], &paused["version"]), (&json!("paused"), &json!(2)));
    let so_far = paused["sent"].as_u64().unwrap();
    assert_eq!(told().await, paused);
    settled(&server, &admin.token).await;
    a_while().await;
    assert_eq!(sent(&server, &viewer).await, so_far, "nothing is said while it is halted");
    assert_eq!(server.total(&viewer.token, "/api/items").await, so_far, "what was said is whole");
    assert_eq!(tell(&server, &admin, "pause").await.expect(StatusCode::OK), paused, "it is");
    start(&server, &admin, "river", 1.0).await.problem(409);
    assert_eq!(about().await, true);

    let old = server.request(Method::POST, &admin.token, "/api/exercise/resume").header("if-match", "\"1\"");
    Answer::of(old).await.problem(412);
    let new = server.request(Method::POST, &admin.token, "/api/exercise/resume").header("if-match", "\"2\"");
    assert_eq!(Answer::of(new).await.expect(StatusCode::OK)["state"], "running");
    assert_eq!(told().await["version"], 3);
    until_sent(&server, &viewer, so_far + 3).await;
    let stopped = tell(&server, &admin, "stop").await.expect(StatusCode::OK);
    assert_eq!(told().await, stopped);
    let so_far = stopped["sent"].as_u64().unwrap();
    assert!(so_far < 200 && stopped["position_s"].as_f64().unwrap() < 400.0, "{stopped}");
    for word in ["pause", "resume"] {
        tell(&server, &admin, word).await.problem(409);
    }
    a_while().await;
    settled(&server, &admin.token).await;
    assert_eq!(status(&server, &viewer).await, stopped);
    assert_eq!(about().await, false);
    let items = server.all(&viewer.token, "/api/items").await;
    assert_eq!(items.len() as u64, so_far);
    assert!(
        items.iter().all(|item| item["exercise"] == true && item["exercise_id"] == begun["id"]),
        "{items:?}"
    );

    let audit = server.all(&admin.token, "/api/audit").await;
    let subject = format!("exercise/{}", text(&begun["id"]));
    let done: Vec<String> = audit
        .iter()
        .filter(|entry| entry["subject"] == subject.as_str() && entry["actor"] == admin.id.as_str())
        .map(|entry| text(&entry["action"]))
        .collect();
    assert_eq!(done, ["exercise.stop", "exercise.resume", "exercise.pause", "exercise.start"]);
}

#[tokio::test]
async fn only_recordings_of_the_library_are_played_and_only_by_who_may_and_at_a_speed_that_makes_sense() {
    let (library, outside) = (Library::of(&notes(3), 1), Library::of(&notes(3), 1));
    let link = |to: &Path, at: &Path| std::os::unix::fs::symlink(to, at).unwrap();
    link(&outside.path().join("river"), &library.path().join("outside"));
    link(library.path(), &library.path().join("itself"));
    link(&library.path().join("river"), &library.path().join("again"));
    library.write("leaking", &notes(2), 1);
    std::fs::remove_file(library.path().join("leaking/items.ndjson")).unwrap();
    link(Path::new("/etc/passwd"), &library.path().join("leaking/items.ndjson"));
    library.write("climbing", &notes(2), 1);
    let up = manifest("../river/items.ndjson", 1).to_string();
    std::fs::write(library.path().join("climbing/exercise.json"), up).unwrap();
    library.write("empty", &[], 1);
    library.write(".hidden", &notes(2), 1);
    std::fs::write(library.path().join("file"), "no folder").unwrap();
    std::fs::create_dir(library.path().join("bare")).unwrap();
    let (server, admin) = library.serve().await;

    let listed = server.get(&admin.token, "/api/exercises").await.expect(StatusCode::OK);
    let problems: BTreeMap<String, bool> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(&one["name"]), one["problem"].is_string()))
        .collect();
    let names = ["again", "bare", "climbing", "empty", "leaking", "river"];
    let plays = |name: &str| ["again", "river"].contains(&name);
    assert_eq!(problems, names.map(|name| (name.to_owned(), !plays(name))).into());
    let river = listed["items"].as_array().unwrap().iter().find(|one| one["name"] == "river").unwrap();
    assert_eq!((&river["items"], &river["title"]), (&json!(3), &json!("The Reno bursts its banks")));
    assert_eq!(
        (&river["from"], &river["to"]),
        (&json!("2020-03-01T00:00:00Z"), &json!("2020-03-01T00:02:00Z"))
    );
    let place = library.path().display().to_string();
    assert!(!listed.to_string().contains(&place) && !listed.to_string().contains("root:"), "{listed}");

    for name in [
        "",
        ".",
        "..",
        "../river",
        "river/../river",
        "./river",
        "river/",
        "/river",
        "/etc",
        "outside",
        "itself",
        ".hidden",
        "file",
        "RIVER",
        "river\0",
        "%2e%2e",
        "..\\river",
        &format!("{place}/river"),
        &"x".repeat(10_000),
    ] {
        let refused = start(&server, &admin, name, 1.0).await.problem(404);
        assert!(text(&refused["detail"]).contains("no such recording"), "{name}: {refused}");
    }
    for name in ["bare", "climbing", "empty", "leaking"] {
        let refused = start(&server, &admin, name, 1.0).await.problem(422);
        assert!(!refused.to_string().contains(&place), "{refused}");
    }
    for speed in [0.0, -1.0, -0.0, 0.009, 1_000.5, 1e308] {
        let refused = start(&server, &admin, "river", speed).await.problem(422);
        assert_eq!(refused["errors"][0]["field"], "speed", "{refused}");
    }
    for speed in ["null", "\"fast\"", "1e999", "NaN", "Infinity", "[1]", "\"1\""] {
        let body = format!(r#"{{"recording":"river","speed":{speed}}}"#);
        let request = server.request(Method::POST, &admin.token, "/api/exercise").body(body);
        let answer = Answer::of(request.header("content-type", "application/json")).await;
        assert!(answer.status.is_client_error(), "{speed}: {answer:?}");
        let status = answer.status.as_u16();
        answer.problem(status);
    }
    for body in [json!({}), json!({"recording": 1}), json!({"recording": "river", "speed": 1, "as": "real"})]
    {
        assert!(server.post(&admin.token, "/api/exercise", &body).await.status.is_client_error(), "{body}");
    }

    start(&server, &admin, "again", 1_000.0).await.expect(StatusCode::CREATED);
    until(&server, &admin, "finished").await;
    for role in ["viewer", "analyst", "approver"] {
        let person = server.person(&format!("{role}@example.org"), role).await;
        start(&server, &person, "river", 1.0).await.problem(403);
        server.get(&person.token, "/api/exercises").await.problem(403);
        for word in ["pause", "resume", "stop"] {
            tell(&server, &person, word).await.problem(403);
        }
        assert_eq!(status(&server, &person).await["state"], "finished");
    }
    for path in ["/api/exercise", "/api/exercises"] {
        server.get("", path).await.problem(401);
    }
}

#[tokio::test]
async fn where_no_library_is_set_none_can_be_started() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    assert_eq!(server.total(&admin.token, "/api/exercises").await, 0);
    let refused = start(&server, &admin, "river", 1.0).await.problem(404);
    assert!(text(&refused["detail"]).contains("exercise.library"), "{refused}");
}

#[tokio::test]
async fn of_many_starts_at_once_one_wins_and_the_same_key_starts_once() {
    let library = Library::of(&notes(40), 4);
    let (server, admin) = library.serve().await;
    let starts = (0..8).map(|_| start(&server, &admin, "river", 1.0));
    let answers = futures_util::future::join_all(starts).await;
    let won: Vec<&Answer> = answers.iter().filter(|answer| answer.status == StatusCode::CREATED).collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    assert!(
        answers
            .iter()
            .filter(|answer| answer.status != StatusCode::CREATED)
            .all(|answer| answer.status == 409)
    );
    until(&server, &admin, "finished").await;
    settled(&server, &admin.token).await;
    assert_eq!(server.total(&admin.token, "/api/items").await, 40);

    let keyed = |key: &'static str, speed: f64| {
        let request =
            server.request(Method::POST, &admin.token, "/api/exercise").header("idempotency-key", key);
        Answer::of(request.json(&json!({ "recording": "river", "speed": speed })))
    };
    let again = futures_util::future::join_all((0..4).map(|_| keyed("monday", 1_000.0))).await;
    let ids: BTreeSet<String> = again.iter().map(|answer| text(&answer.body["id"])).collect();
    assert_eq!(ids.len(), 1, "{again:?}");
    assert_eq!(again.iter().filter(|answer| answer.status == StatusCode::CREATED).count(), 1);
    assert!(again.iter().all(|answer| answer.status.is_success()));
    keyed("monday", 999.0).await.problem(422);
    until(&server, &admin, "finished").await;
    keyed("tuesday", 1_000.0).await.expect(StatusCode::CREATED);
    until(&server, &admin, "finished").await;
    let old = keyed("monday", 1_000.0).await.expect(StatusCode::OK);
    assert_eq!((&ids, &old["state"]), (&[text(&old["id"])].into(), &json!("finished")), "it is known still");
    settled(&server, &admin.token).await;
    assert_eq!(server.total(&admin.token, "/api/items").await, 3 * 40);
}

/// Items that repeat others, and incidents, of one exercise.
async fn made_of(server: &Server, who: &Person, exercise: &Value) -> (Vec<Value>, Vec<Value>) {
    let items = server.all(&who.token, "/api/items").await;
    let incidents = server.all(&who.token, "/api/incidents").await;
    let of = |all: Vec<Value>| all.into_iter().filter(|one| one["exercise_id"] == exercise["id"]).collect();
    (of(items), of(incidents))
}

#[tokio::test]
async fn the_same_recording_again_is_new_from_its_items_to_its_alerts() {
    let library = Library::of(&floods(), 1);
    let (server, admin) = library.serve().await;
    // What is in earnest is no part of either.
    let real = server.ingest(&admin.token, &flood("warning-0")).await;
    let mut runs = Vec::new();
    for _ in 0..2 {
        let begun = start(&server, &admin, "river", 1_000.0).await.expect(StatusCode::CREATED);
        until(&server, &admin, "finished").await;
        settled(&server, &admin.token).await;
        runs.push(begun);
    }
    let (first, second) =
        (made_of(&server, &admin, &runs[0]).await, made_of(&server, &admin, &runs[1]).await);
    for (items, incidents) in [&first, &second] {
        let ids: BTreeSet<&str> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
        assert_eq!((items.len(), ids.len()), (6, 6));
        assert_eq!(incidents.len(), 1, "{incidents:?}");
        let repeated = items.iter().filter_map(|item| item["duplicate_of"].as_str());
        assert!(repeated.into_iter().all(|original| ids.contains(original)), "{items:?}");
        let counted = items.iter().filter(|item| item["incident_id"] == incidents[0]["id"]).count() as u64;
        assert_eq!(incidents[0]["item_count"].as_u64(), Some(counted), "{incidents:?}");
        assert!(counted >= 3, "{items:?}");
    }
    let shape = |(items, incidents): &(Vec<Value>, Vec<Value>)| {
        let copies = items.iter().filter(|item| item["duplicate_of"].is_string()).count();
        (copies, incidents[0]["item_count"].clone(), incidents[0]["source_count"].clone())
    };
    assert_eq!(shape(&first), shape(&second), "the second goes as the first went");
    let alerts = server.all(&admin.token, "/api/alerts").await;
    let told: BTreeSet<String> = alerts.iter().map(|alert| text(&alert["incident_id"])).collect();
    let incident = server.item(&admin.token, &real[0]).await["incident_id"].clone();
    let of_runs = [&first, &second].map(|(_, incidents)| text(&incidents[0]["id"]));
    assert_eq!(told, of_runs.into_iter().chain([text(&incident)]).collect());
    let real = server.get(&admin.token, &format!("/api/incidents/{}", text(&incident))).await.body;
    assert_eq!((&real["item_count"], real.get("exercise")), (&json!(1), None));
    // People cannot put the two together either.
    let [one, two] = [&first, &second].map(|(_, incidents)| incidents[0].clone());
    let path = format!("/api/incidents/{}/merge", text(&one["id"]));
    let request = server
        .request(Method::POST, &admin.token, &path)
        .header("if-match", format!("\"{}\"", one["version"]));
    Answer::of(request.json(&json!({ "from": [two["id"]] }))).await.problem(422);
}

#[tokio::test]
async fn killed_in_the_middle_it_goes_on_where_it_was_and_says_everything_once() {
    let library = Library::of(&notes(300), 300);
    let mut server = Server::prepare(&["--set", &library.setting()]);
    server.restart().await;
    let admin = server.person("admin@example.org", "admin").await;
    start(&server, &admin, "river", 30.0).await.expect(StatusCode::CREATED);
    let mut killed_at = Vec::new();
    for kill in 0..6 {
        let before = killed_at.last().copied().unwrap_or(0);
        let now = until_sent(&server, &admin, before + 5 + kill).await;
        server.kill9();
        server.restart().await;
        let after = sent(&server, &admin).await;
        assert!(after >= now, "{now} items were said, and now {after}");
        killed_at.push(after);
    }
    assert!(killed_at.iter().all(|sent| *sent < 300), "{killed_at:?}");
    let paused = tell(&server, &admin, "pause").await.expect(StatusCode::OK);
    server.kill9();
    server.restart().await;
    a_while().await;
    assert_eq!(status(&server, &admin).await, paused, "it is halted still");
    tell(&server, &admin, "resume").await.expect(StatusCode::OK);
    until(&server, &admin, "finished").await;
    settled(&server, &admin.token).await;
    assert_eq!(ends(&server, &admin.token).await["dlq"], 0);
    // The relay may append a record again after a kill; who reads it knows it by its event.
    let raw: BTreeSet<(String, String, String)> = records(&server, &admin.token, "raw-items")
        .await
        .iter()
        .map(|record| {
            (
                text(&record["value"]["id"]),
                text(&record["headers"]["ce_id"]),
                text(&record["value"]["timestamp"]),
            )
        })
        .collect();
    assert_eq!(raw.len(), 300, "each item was said once, at one time");
    let items = server.all(&admin.token, "/api/items").await;
    assert_eq!(items.len(), 300);
    assert!(items.iter().all(|item| item["revision"] == 1 && item["version"] == 1), "none was said again");
    let told: Vec<Value> = records(&server, &admin.token, "normalized-items")
        .await
        .into_iter()
        .filter(|record| record["headers"]["ce_type"] == "crisislens.exercise.updated")
        .collect();
    let states: BTreeSet<String> = told
        .iter()
        .map(|record| format!("{} {}", record["value"]["version"], record["value"]["state"]))
        .collect();
    let expected = ["1 \"running\"", "2 \"paused\"", "3 \"running\"", "4 \"finished\""];
    assert_eq!(states, expected.map(str::to_owned).into());
}

#[tokio::test]
async fn a_recording_that_is_another_when_it_goes_on_is_played_no_further() {
    let library = Library::of(&notes(100), 100);
    let (server, admin) = library.serve().await;
    start(&server, &admin, "river", 20.0).await.expect(StatusCode::CREATED);
    until_sent(&server, &admin, 2).await;
    let paused = tell(&server, &admin, "pause").await.expect(StatusCode::OK);
    a_while().await;
    library.write("river", &notes(99), 100);
    tell(&server, &admin, "resume").await.expect(StatusCode::OK);
    let failed = until(&server, &admin, "failed").await;
    assert!(text(&failed["error"]).contains("not what it was"), "{failed}");
    assert_eq!(failed["sent"], paused["sent"]);
    start(&server, &admin, "river", 1_000.0).await.expect(StatusCode::CREATED);
    until(&server, &admin, "finished").await;
    std::fs::remove_dir_all(library.path().join("river")).unwrap();
    start(&server, &admin, "river", 1.0).await.problem(404);
}
