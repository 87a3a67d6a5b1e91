//! Stopping on request.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::socket::{Events, Socket, bare};
use crate::support::{Server, eventually, note};

#[tokio::test]
async fn sigterm_sends_everybody_away_with_a_time_to_come_back_and_ends_well() {
    let mut server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        sockets.push(Socket::open(&server, "/ws", &ada.token).await);
    }
    let mut stream = Events::open(&server, "/api/sse/items", &ada.token, None).await;
    let id = server.ingest(&ada.token, &note(1)).await.remove(0);
    server.item(&ada.token, &id).await;

    let asked = Instant::now();
    server.terminate();
    for socket in &mut sockets {
        let away = socket.until("going_away").await;
        assert!(
            away["reconnect_after_ms"].as_u64().is_some_and(|wait| (500..=3000).contains(&wait)),
            "{away}"
        );
        assert_eq!(socket.close_code().await, 1012);
    }
    assert!(stream.until("going_away").await.data["reconnect_after_ms"].is_u64());
    let status = server.ended().await;
    assert_eq!(status.code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
    assert!(!server.data_dir().join("server.json").exists());

    server.restart().await;
    let mut again = Socket::open(&server, "/ws", &ada.token).await;
    assert_eq!(server.item(&ada.token, &id).await["text"], note(1)["text"]);
    server.ingest(&ada.token, &note(2)).await;
    assert_eq!(again.until("new_item").await["data"]["source_id"], json!("2"));
}

#[tokio::test]
async fn a_balancer_sees_that_the_node_leaves_before_anybody_is_sent_away() {
    let mut server = Server::start_with(&["--set", "realtime.drain_delay_ms=3000"]).await;
    let ada = server.person("ada@example.org", "analyst").await;
    let mut socket = Socket::open(&server, "/ws", &ada.token).await;
    server.terminate();
    eventually("it says that it leaves", async || {
        (server.get("", "/readyz").await.status == StatusCode::SERVICE_UNAVAILABLE).then_some(())
    })
    .await;
    // Whoever has not seen it yet is served as ever.
    assert_eq!(server.get("", "/healthz").await.status, StatusCode::OK);
    Socket::open(&server, "/ws", &ada.token).await;
    let frames = socket.drain().await;
    assert!(frames.iter().all(|frame| frame["type"] != "going_away"), "{frames:?}");
    socket.until("going_away").await;
    assert_eq!(socket.close_code().await, 1012);
    assert_eq!(server.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_socket_that_reads_nothing_holds_up_neither_the_others_nor_the_end() {
    let mut server = Server::start_with(&["--set", "realtime.queue_bytes=67108864"]).await;
    let ada = server.person("ada@example.org", "analyst").await;
    let stuck = bare(&server, &ada.token).await;
    let mut reading = Socket::open(&server, "/ws", &ada.token).await;
    let words = "a quiet note of some length ".repeat(300);
    let notes = (0..300).map(|number| {
        let mut entry = note(number);
        entry["text"] = json!(format!("{words}{number}"));
        entry
    });
    let notes: Vec<Value> = notes.collect();
    server.ingest(&ada.token, &json!(notes)).await;
    reading.take("new_item", notes.len()).await;
    let asked = Instant::now();
    server.terminate();
    reading.until("going_away").await;
    assert_eq!(reading.close_code().await, 1012);
    assert_eq!(server.ended().await.code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
    drop(stuck);
}

#[tokio::test]
async fn an_exercise_under_way_is_stopped_as_quickly() {
    let recordings = crate::support::recordings();
    let mut server = Server::start_with(&["--exercise", recordings.to_str().unwrap(), "--speed", "60"]).await;
    let ada = server.person("ada@example.org", "analyst").await;
    eventually("it has begun", async || (server.total(&ada.token, "/api/items").await > 50).then_some(()))
        .await;
    let asked = Instant::now();
    server.terminate();
    assert_eq!(server.ended().await.code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
}
