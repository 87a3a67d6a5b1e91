//! What an operator sees of the log and the index: lag, groups, what waits; and making the index again.

use std::fs;

use crisislens_model::{Item, ItemId};
use crisislens_search::SearchIndex;
use crisislens_search::tantivy::{TantivyIndex, TantivyOptions};
use crisislens_state::items::{ItemRow, Items};
use crisislens_state::sqlite::SqliteStore;
use crisislens_state::{Durability, Store};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::log_view::{settled, topics};
use crate::support::{Server, eventually, note};

#[tokio::test]
async fn lag_groups_and_what_waits_are_shown_for_every_consumer() {
    let server = Server::start_with(&["--set", "workers.monitor_every_ms=100"]).await;
    let admin = server.person("ada@example.org", "admin").await.token;
    server.ingest(&admin, &json!([note(1), note(2)])).await;
    settled(&server, &admin).await;
    let behind = |view: &Value, consumer: &str| -> Vec<Value> {
        let partitions = view["partitions"].as_array().unwrap();
        partitions.iter().map(|part| part["behind"][consumer].clone()).collect()
    };
    let caught_up = json!({"records": 0, "seconds": 0.0, "delayed": 0, "retries": 0, "paused": null});
    eventually("the monitor has looked", async || {
        let views = topics(&server, &admin).await;
        let of = |topic: &str| views.iter().find(|view| view["name"] == topic).unwrap();
        let all = [
            behind(of("raw-items"), "crisis-lens-main/normalise"),
            behind(of("normalized-items"), "crisis-lens-main/search"),
            behind(of("normalized-items"), "crisis-lens-main/incidents"),
            behind(of("normalized-items"), "crisis-lens-claims/claims"),
            behind(of("claims"), "crisis-lens-main/verification"),
            behind(of("dlq"), "crisis-lens-dlq/index"),
        ];
        all.iter().flatten().all(|one| *one == caught_up).then_some(())
    })
    .await;
    let log = server.get(&admin, "/api/topics").await.expect(StatusCode::OK);
    let empty = json!({"records": 0, "bytes": 0, "spooled": 0, "stranded": 0, "seconds": 0.0});
    assert_eq!((&log["outbox"], &log["troubles"]), (&empty, &json!([])));
    assert!(log["seen_at"].is_string(), "{log}");
    let raw = log["items"].as_array().unwrap().iter().find(|topic| topic["name"] == "raw-items").unwrap();
    assert_eq!(
        (&raw["rebalances"], &raw["dead_letters"]),
        (&json!({"crisis-lens-main": 1}), &json!(0)),
        "{raw}"
    );

    let groups = server.get(&admin, "/api/topics/groups").await.expect(StatusCode::OK);
    let main = groups["items"].as_array().unwrap().iter().find(|group| {
        group["topic"] == "raw-items" && group["group"].as_str().unwrap().starts_with("crisis-lens-main")
    });
    let members = main.unwrap()["members"].as_array().unwrap();
    assert_eq!(members.len(), 1, "{groups}");
    assert_eq!(members[0]["partitions"], json!([0, 1, 2, 3, 4, 5]));
    let metrics = server.request(reqwest::Method::GET, "", "/metrics").send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let labels = "consumer=\"crisis-lens-main/search\",topic=\"normalized-items\",partition=\"0\"";
    assert!(metrics.contains(&format!("crisislens_stream_lag_records{{{labels}}} 0")), "{metrics}");
    for line in [
        "crisislens_log_rebalances_total{group=\"crisis-lens-main\",topic=\"raw-items\"} 1",
        "crisislens_stream_paused_partitions{consumer=\"crisis-lens-main/normalise\"} 0",
        "crisislens_stream_dead_letters_waiting 0",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
}

#[tokio::test]
async fn the_index_is_made_again_from_the_store_and_ends_equal_with_and_without_a_server() {
    let mut server = Server::start().await;
    let admin = server.person("ada@example.org", "admin").await.token;
    let notes: Vec<Value> = (0..40).map(note).collect();
    server.ingest(&admin, &json!(notes)).await;
    server.until_total(&admin, "/api/items", 40).await;
    settled(&server, &admin).await;
    let compared = server.get(&admin, "/api/search?compare=true").await.expect(StatusCode::OK);
    assert_eq!((&compared["engine"], &compared["equal"]), (&json!("tantivy"), &json!(true)), "{compared}");
    assert_eq!((&compared["index"]["items"], &compared["stored_items"]), (&json!(40), &json!(40)));
    assert_eq!(compared["index"], compared["stored"]);

    let rebuilt: Value = serde_json::from_str(&server.cli(&["search", "rebuild", "--json"])).unwrap();
    assert_eq!((&rebuilt["equal"], &rebuilt["items"]), (&json!(true), &json!(40)), "{rebuilt}");
    assert_eq!(rebuilt["index"], compared["index"]);
    let seen = server.get(&admin, "/api/search").await.expect(StatusCode::OK);
    assert_eq!((&seen["running"], &seen["last"]), (&Value::Null, &rebuilt));
    let audit = server.all(&admin, "/api/audit").await;
    assert_eq!((&audit[0]["action"], &audit[0]["actor"]), (&json!("search.rebuild"), &json!("operator")));

    server.terminate();
    assert!(server.ended().await.success());
    assert!(server.cli(&["search", "status"]).contains("40 items"));
    fs::remove_dir_all(server.data_dir().join("search")).unwrap();
    assert!(!server.run(&["search", "status"]).status.success(), "an empty index differs from the store");
    server.cli(&["search", "rebuild"]);
    assert!(server.cli(&["search", "status"]).contains("40 items"));
    server.restart().await;
    server.until_total(&admin, "/api/items?q=quiet", 40).await;
}

/// A server with 40 items that has stopped.
async fn stopped() -> (Server, String) {
    let mut server = Server::start().await;
    let admin = server.person("ada@example.org", "admin").await.token;
    server.ingest(&admin, &json!((0..40).map(note).collect::<Vec<Value>>())).await;
    server.until_total(&admin, "/api/items?q=quiet", 40).await;
    settled(&server, &admin).await;
    server.terminate();
    assert!(server.ended().await.success());
    (server, admin)
}

/// Waits until the index is whole by what the server says, and compares.
async fn until_whole(server: &Server, admin: &str) {
    eventually("index and store are equal and nothing is stale", async || {
        let seen = server.get(admin, "/api/search?compare=true").await.expect(StatusCode::OK);
        (seen["equal"] == true && seen["stale"].is_null()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_index_that_was_lost_gets_back_from_the_store_what_the_log_no_longer_has() {
    let (mut server, admin) = stopped().await;
    let store = SqliteStore::open(&server.data_dir().join("state.db")).await.unwrap();
    let one = store.items_after(None, 1).await.unwrap().remove(0);
    // As an item whose record retention has dropped.
    let old = Item { id: ItemId::random(), text: "Kept by the store alone.".to_owned(), ..one };
    let mut tx = store.begin(Durability::Process).await.unwrap();
    tx.put_items(vec![ItemRow { item: old, content_hash: [7; 32], fingerprint: None }]).await.unwrap();
    tx.commit().await.unwrap();
    drop(store);
    fs::remove_dir_all(server.data_dir().join("search")).unwrap();

    server.restart().await;
    server.until_total(&admin, "/api/items?q=alone", 1).await;
    until_whole(&server, &admin).await;
    server.until_total(&admin, "/api/items?q=quiet", 40).await;
}

#[tokio::test]
async fn an_index_that_is_ahead_of_the_log_is_made_again_and_misses_nothing_that_comes_after() {
    let (mut server, admin) = stopped().await;
    let index = TantivyIndex::open(server.data_dir().join("search"), TantivyOptions::default()).unwrap();
    index.commit((0..6).map(|partition| (partition, 1_000)).collect()).await.unwrap();
    drop(index);

    server.restart().await;
    server.ingest(&admin, &json!((40..60).map(note).collect::<Vec<Value>>())).await;
    server.until_total(&admin, "/api/items?q=quiet", 60).await;
    until_whole(&server, &admin).await;
}

/// With the log on Kafka, only the embedded index tells that a server runs. Here another folder stands for such a log.
#[tokio::test]
async fn where_only_the_index_is_in_use_commands_find_the_server_or_say_what_to_do() {
    let server = Server::start().await;
    let elsewhere = format!("log.url=embedded:{}", server.data_dir().join("elsewhere").display());
    let status = ["--set", elsewhere.as_str(), "search", "status"];
    assert!(server.cli(&status).contains("0 items"));

    fs::remove_file(server.data_dir().join("server.json")).unwrap();
    let output = server.run(&status);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(error.contains("search index in") && error.contains("--data-dir"), "{error}");
}
