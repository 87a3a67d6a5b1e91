//! A record that the log refuses: operators see it, send it again or drop it, and everything else goes on.
#![expect(clippy::unwrap_used, reason = "test support")]

use crisislens_model::{NewRecord, Timestamp, Topic};
use crisislens_state::sqlite::SqliteStore;
use crisislens_state::{Durability, Store as _};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Server, eventually, note};

/// Publishes a record of `size` bytes for a topic that takes 1 MiB, as a program of another version might.
async fn publish_large(server: &Server, size: usize) {
    let store = SqliteStore::open(&server.data_dir().join("state.db")).await.unwrap();
    let record =
        NewRecord { topic: Topic::Claims, key: b"k".to_vec(), value: Some(vec![7; size]), headers: vec![] };
    let mut tx = store.begin(Durability::Power).await.unwrap();
    tx.publish(vec![record], Timestamp::UNIX_EPOCH).await.unwrap();
    tx.commit().await.unwrap();
    store.close().await;
}

async fn stranded(server: &Server) -> Vec<Value> {
    let lines = server.cli(&["dlq", "stranded", "--json"]);
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_record_that_the_log_refuses_is_shown_sent_again_and_dropped_and_holds_up_nobody() {
    let mut server = Server::start().await;
    let token = server.person("ada@example.org", "admin").await.token;
    server.terminate();
    assert!(server.ended().await.success());
    publish_large(&server, 1_048_576 + 1).await;
    server.restart().await;
    server.ingest(&token, &note(1)).await;
    server.until_total(&token, "/api/items?q=quiet", 1).await;

    let first = stranded(&server).await.remove(0);
    assert_eq!((&first["topic"], &first["key"]), (&json!("claims"), &json!("k")));
    assert!(first["reason"].as_str().unwrap().contains("1048576 bytes that claims takes"), "{first}");
    let named = eventually("readiness names it and stays ready", async || {
        let ready = server.get("", "/readyz").await.expect(StatusCode::OK);
        ready["notes"][0].as_str().map(str::to_owned)
    })
    .await;
    assert!(named.contains("1 records") && named.contains("crisislens dlq stranded"), "{named}");
    let view = server.get(&token, "/api/topics").await.expect(StatusCode::OK);
    assert_eq!((&view["outbox"]["stranded"], &view["outbox"]["records"]), (&json!(1), &json!(0)));

    // Nothing has changed, so it strands again.
    let number = first["seq"].to_string();
    server.cli(&["dlq", "stranded", "--send", &number]);
    let second = eventually("it is stranded again", async || stranded(&server).await.pop()).await;
    assert_ne!(second["seq"], first["seq"]);
    assert!(!server.run(&["dlq", "stranded", "--send", &number]).status.success(), "it has left");
    let number = second["seq"].to_string();
    assert!(!server.run(&["dlq", "stranded", "--drop", &number]).status.success(), "nobody would know why");
    server.cli(&["dlq", "stranded", "--drop", &number, "--reason", "a trial"]);
    assert_eq!(server.cli(&["dlq", "stranded"]).trim(), "no record is stranded");
    eventually("readiness has nothing more to say", async || {
        let ready = server.get("", "/readyz").await.expect(StatusCode::OK);
        ready["notes"].as_array().unwrap().is_empty().then_some(())
    })
    .await;
    let audit = server.get(&token, "/api/audit").await.expect(StatusCode::OK);
    let entries: Vec<_> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (&entry["action"], &entry["subject"]))
        .collect();
    let (sent, dropped) = (format!("outbox/{}", first["seq"]), format!("outbox/{}", second["seq"]));
    assert_eq!(
        entries[..2],
        [(&json!("outbox.drop"), &json!(dropped)), (&json!("outbox.send"), &json!(sent))]
    );
}
