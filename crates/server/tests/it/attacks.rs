//! What hostile testers found once: each stays found.

use std::fs;

use serde_json::json;

use crate::socket::Events;
use crate::support::{Server, eventually, flood, note};

#[tokio::test]
async fn nobody_overwrites_what_an_authority_said_and_nobody_turns_it_into_an_exercise() {
    let server = Server::start().await;
    let admin = server.person("ada@example.org", "admin").await;
    let analyst = server.person("ben@example.org", "analyst").await;
    let id = server.ingest(&admin.token, &flood("one")).await.remove(0);
    server.item(&admin.token, &id).await;
    let mut all_clear = flood("one");
    all_clear["title"] = json!("False alarm");
    let answer = server.post(&analyst.token, "/api/ingest", &all_clear).await.problem(403);
    assert!(answer["detail"].as_str().is_some_and(|detail| detail.contains("official")), "{answer}");
    let mut drill = flood("one");
    drill["exercise"] = json!(true);
    server.post(&admin.token, "/api/ingest", &drill).await.problem(403);
    let item = server.item(&admin.token, &id).await;
    assert_eq!((&item["source_kind"], &item["revision"]), (&json!("official"), &json!(1)));
}

#[tokio::test]
async fn an_entry_that_returns_to_an_earlier_text_within_one_request_ends_with_that_text() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let entry = |text: &str| json!({"source": "gauge", "source_id": "1", "text": text, "timestamp": "2026-01-01T00:00:00Z"});
    let id = server
        .ingest(&ada.token, &json!([entry("rising"), entry("falling"), entry("rising")]))
        .await
        .remove(0);
    eventually("the third revision", async || {
        let item = server.item(&ada.token, &id).await;
        (item["revision"] == 3 && item["text"] == "rising").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_stream_with_an_unreadable_position_says_so_and_goes_on_live() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let mut events = Events::open(&server, "/api/sse/items", &ada.token, Some("rubbish")).await;
    assert_eq!(events.until("resync").await.data["reason"], "invalid_position");
    let id = server.ingest(&ada.token, &note(1)).await.remove(0);
    assert_eq!(events.until("new_item").await.data["data"]["id"], json!(id));
}

#[tokio::test]
async fn a_log_that_the_store_has_not_consumed_is_refused_at_the_start() {
    let mut server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let id = server.ingest(&ada.token, &note(1)).await.remove(0);
    server.item(&ada.token, &id).await;
    server.kill9();
    fs::remove_dir_all(server.data_dir().join("log")).unwrap();
    let refused = server.run(&["topics", "list"]);
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("does not belong to the store"), "{said}");
}
