//! What an operator sees of the log and the index: lag, groups, what waits; and making the index again.

use std::fs;

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
    let caught_up = json!({"records": 0, "seconds": 0.0, "delayed": 0, "paused": null});
    eventually("the monitor has looked", async || {
        let views = topics(&server, &admin).await;
        let of = |topic: &str| views.iter().find(|view| view["name"] == topic).unwrap();
        let all = [
            behind(of("raw-items"), "crisis-lens-main/normalise"),
            behind(of("normalized-items"), "crisis-lens-main/search"),
            behind(of("normalized-items"), "crisis-lens-main/incidents"),
            behind(of("dlq"), "crisis-lens-dlq/index"),
        ];
        all.iter().flatten().all(|one| *one == caught_up).then_some(())
    })
    .await;
    let log = server.get(&admin, "/api/topics").await.expect(StatusCode::OK);
    let empty = json!({"records": 0, "bytes": 0, "spooled": 0, "stranded": 0, "seconds": 0.0});
    assert_eq!((&log["outbox"], &log["troubles"]), (&empty, &json!([])));
    assert!(log["seen_at"].is_string(), "{log}");

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
