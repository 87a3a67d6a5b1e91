//! `crisislens dlq`: with and without a server, cut off and run again.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::time::Duration;

use crisislens_model::Timestamp;
use serde_json::{Value, json};

use crate::letters::{letter_of, offset, publish, rubbish};
use crate::support::{Server, eventually, note, text};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn letters_are_listed_shown_replayed_and_discarded_on_the_command_line() {
    let mut server = Server::start().await;
    let admin = server.person("ada@example.org", "admin").await.token;
    let events = rubbish(&server, &admin, "raw-items", 4).await;
    let list = lines(&server.cli(&["dlq", "list", "--json"]));
    assert_eq!(list.len(), 4);
    assert_eq!(lines(&server.cli(&["dlq", "list", "--json", "--event-id", &events[1]])).len(), 1);
    assert_eq!(server.cli(&["dlq", "list", "--topic", "alerts"]).trim(), "no dead letters");
    assert!(
        server.cli(&["dlq", "list", "--status", "waiting,parked"]).contains("crisis-lens-main/normalise")
    );
    let numbers: Vec<String> = list.iter().rev().map(|letter| offset(letter).to_string()).collect();
    let shown = server.cli(&["dlq", "show", &numbers[0]]);
    assert!(shown.contains("rubbish 0") && shown.contains("ce_type"), "{shown}");
    let shown: Value = serde_json::from_str(&server.cli(&["dlq", "show", &numbers[0], "--json"])).unwrap();
    assert_eq!(shown["letter"]["event_id"], events[0].as_str());

    for careless in
        [vec!["dlq", "replay"], vec!["dlq", "replay", "1", "--all"], vec!["dlq", "discard", "--all"]]
    {
        assert!(!server.run(&careless).status.success(), "{careless:?}");
    }
    let dry = lines(&server.cli(&["dlq", "replay", "--all", "--dry-run", "--json"]));
    assert_eq!((dry.len(), &dry[0]["outcome"]), (4, &json!("due")));
    assert_eq!(server.cli(&["dlq", "replay", &numbers[0]]).trim(), "1 replayed");
    assert!(server.cli(&["dlq", "replay", &numbers[0]]).contains("replayed before"), "repeating is no error");
    assert_eq!(server.cli(&["dlq", "discard", &numbers[1], "--reason", "trial"]).trim(), "1 discarded");
    assert!(!server.run(&["dlq", "replay", "999"]).status.success());
    letter_of(&server, &admin, &events[0], 2).await;

    let id = server.ingest(&admin, &note(1)).await.remove(0);
    server.item(&admin, &id).await;
    let raw = crate::log_view::records(&server, &admin, "raw-items").await;
    let raw = raw.iter().find(|record| record["value"]["id"] == id.as_str()).unwrap();
    let mut mended = raw["value"].clone();
    mended["text"] = json!("mended by hand");
    let file = server.data_dir().join("mended.json");
    fs::write(&file, mended.to_string()).unwrap();

    server.terminate();
    assert!(server.ended().await.success());
    let edit = server.run(&["dlq", "replay", &numbers[2], "--edit", file.to_str().unwrap()]);
    assert!(edit.status.success(), "{edit:?}");
    assert!(String::from_utf8_lossy(&edit.stderr).contains("no server is running"), "{edit:?}");
    assert!(!server.run(&["dlq", "replay", &numbers[2]]).stdout.is_empty());
    server.restart().await;
    eventually("what was replayed without a server is applied by the next one", async || {
        (server.item(&admin, &id).await["text"] == "mended by hand").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_redrive_that_is_killed_again_and_again_decides_about_each_letter_once() {
    const LETTERS: usize = 60;
    let mut server = Server::start().await;
    let admin = server.person("ada@example.org", "admin").await.token;
    let events = rubbish(&server, &admin, "raw-items", LETTERS).await;
    // Only the first deaths: a letter that dies of its replay is another letter.
    let run = server.cli(&["dlq", "list", "--limit", "1", "--json"]);
    let failed_at: Timestamp = text(&lines(&run)[0]["last_failed_at"]).parse().unwrap();
    let until = (failed_at + Duration::from_micros(1)).to_string();
    let arguments = ["dlq", "replay", "--all", "--until", &until, "--rate", "40"];
    let replayed = async |server: &Server| server.total(&admin, "/api/dlq?status=replayed").await;
    for stop_at in [10, 25] {
        let mut command = server.command(&arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        eventually("some are replayed", async || (replayed(&server).await >= stop_at).then_some(())).await;
        child.kill().unwrap();
        child.wait().unwrap();
        server.kill9();
        server.restart().await;
        let now = replayed(&server).await;
        assert!((stop_at..LETTERS as u64).contains(&now), "it was cut off midway: {now}");
    }
    server.cli(&arguments);
    assert_eq!(replayed(&server).await, LETTERS as u64);
    crate::log_view::settled(&server, &admin).await;
    let letters = server.all(&admin, "/api/dlq").await;
    for event in &events {
        let counts: BTreeSet<u64> = letters
            .iter()
            .filter(|letter| letter["event_id"] == event.as_str())
            .filter_map(|letter| letter["redrive_count"].as_u64())
            .collect();
        assert_eq!(counts, BTreeSet::from([0, 1]), "it was decided about once, and has died of that");
    }
    let noted = server.all(&admin, "/api/audit").await;
    let decisions = noted.iter().filter(|entry| entry["action"] == "dlq.replay").count();
    assert_eq!(decisions, LETTERS, "each decision is noted once");
}

#[tokio::test]
async fn bytes_are_published_as_they_are() {
    let server = Server::start().await;
    let admin = server.person("ada@example.org", "admin").await.token;
    let kind = "crisislens.raw-item.received";
    assert!(
        !server.run(&["publish", "raw-items", "--key", "k", "--type", kind, "not json"]).status.success()
    );
    server.cli(&["publish", "raw-items", "--key", "k", "--type", kind, "--raw", "not json"]);
    let event = publish(&server, &admin, "raw-items", "k", Some(b"\xff")).await;
    letter_of(&server, &admin, &event, 1).await;
    let shown: Vec<String> = lines(&server.cli(&["topics", "tail", "dlq", "-n", "5"]))
        .iter()
        .map(|record| record["value_base64"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(shown, ["bm90IGpzb24=", "/w=="]);
}
