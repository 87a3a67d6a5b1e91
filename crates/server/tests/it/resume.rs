//! Resume: who comes back with a position gets what was missed, once and in order.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::log_view::records;
use crate::socket::{Events, Socket};
use crate::support::{Person, Server, note, text};

fn notes(numbers: std::ops::Range<u32>) -> Value {
    numbers.map(note).collect()
}

fn ids(frames: &[Value]) -> Vec<String> {
    frames.iter().map(|frame| text(&frame["data"]["id"])).collect()
}

/// Exactly the wanted items, each once, and within each partition of the log in its order.
async fn assert_exact(server: &Server, admin: &Person, got: &[String], wanted: &[String]) {
    let sorted = |ids: &[String]| {
        let mut ids = ids.to_vec();
        ids.sort();
        ids
    };
    assert_eq!(sorted(got), sorted(wanted), "each event once");
    let places: BTreeMap<String, (u64, u64)> = records(server, &admin.token, "normalized-items")
        .await
        .iter()
        .map(|record| {
            let place = (record["partition"].as_u64().unwrap(), record["offset"].as_u64().unwrap());
            (text(&record["key"]), place)
        })
        .collect();
    let mut last: BTreeMap<u64, u64> = BTreeMap::new();
    for id in got {
        let (partition, offset) = places[id];
        let before = last.insert(partition, offset);
        assert!(before < Some(offset), "partition {partition}: {offset} came after {before:?}");
    }
}

/// Comes back as clients do: out of the room that a connection begins in, and into it again at the position. What came
/// in between comes again.
async fn rejoin(server: &Server, person: &Person, position: &Value) -> Socket {
    let mut socket = Socket::open(server, "/ws", &person.token).await;
    socket.send(&json!({"type": "leave_room", "room": "global"})).await;
    socket.send(&json!({"type": "join_room", "room": "global", "position": position})).await;
    socket.until("left_room").await;
    let joined = socket.frame().await;
    assert_eq!((&joined["type"], &joined["recovered"]), (&json!("joined_room"), &json!(true)), "{joined}");
    socket
}

#[tokio::test]
async fn a_client_that_comes_back_gets_exactly_what_it_missed() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "admin").await;
    let mut socket = Socket::open(&server, "/ws", &ada.token).await;
    let first = server.ingest(&ada.token, &notes(0..30)).await;
    let seen = socket.take("new_item", 10).await;
    drop(socket);
    let second = server.ingest(&ada.token, &notes(30..60)).await;
    server.until_total(&ada.token, "/api/items", 60).await;

    // It had read ten of the first thirty, in whatever order they came.
    let seen_ids = ids(&seen);
    let missed: Vec<String> = first.into_iter().chain(second).filter(|id| !seen_ids.contains(id)).collect();
    let mut again = rejoin(&server, &ada, &seen[9]["position"]).await;
    let replayed = again.take("new_item", missed.len()).await;
    assert_exact(&server, &ada, &ids(&replayed), &missed).await;
    assert!(again.drain().await.is_empty(), "nothing comes twice");

    // A replay that broke off goes on from where it was read.
    let mut third = rejoin(&server, &ada, &replayed[19]["position"]).await;
    assert_exact(&server, &ada, &ids(&third.take("new_item", 30).await), &ids(&replayed[20..])).await;
    let live = server.ingest(&ada.token, &notes(60..61)).await;
    assert_eq!(ids(&third.take("new_item", 1).await), live);
    assert!(third.drain().await.is_empty());
}

#[tokio::test]
async fn positions_hold_across_kills_of_the_server() {
    let mut server = Server::start().await;
    let ada = server.person("ada@example.org", "admin").await;
    let mut socket = Socket::open(&server, "/ws", &ada.token).await;
    let mut known = server.ingest(&ada.token, &notes(0..20)).await;
    let mut got = socket.take("new_item", 7).await;
    for round in 1..=4 {
        known.extend(server.ingest(&ada.token, &notes(round * 20..(round + 1) * 20)).await);
        server.kill9();
        server.restart().await;
        socket = rejoin(&server, &ada, &got.last().unwrap()["position"]).await;
        // Read some of it only, so that each cut falls into the middle.
        got.extend(socket.take("new_item", 13).await);
    }
    let rest = known.len() - got.len();
    got.extend(socket.take("new_item", rest).await);
    assert!(socket.drain().await.is_empty());
    assert_exact(&server, &ada, &ids(&got), &known).await;
}

#[tokio::test]
async fn a_position_of_another_log_is_answered_with_resync() {
    let server = Server::start().await;
    let other = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let eve = other.person("eve@example.org", "analyst").await;
    let mut there = Socket::open(&other, "/ws", &eve.token).await;
    other.ingest(&eve.token, &note(1)).await;
    let position = there.until("new_item").await["position"].clone();

    let mut here = Socket::open(&server, "/ws", &ada.token).await;
    here.send(&json!({"type": "join_room", "room": "global", "position": position})).await;
    let joined = here.frame().await;
    assert_eq!((&joined["type"], &joined["recovered"]), (&json!("joined_room"), &json!(false)));
    let resync = here.frame().await;
    assert_eq!((&resync["type"], &resync["room"]), (&json!("resync"), &json!("global")));
    server.ingest(&ada.token, &note(2)).await;
    assert_eq!(here.until("new_item").await["data"]["source_id"], "2");
}

#[tokio::test]
async fn what_fell_out_of_the_history_is_answered_with_resync_and_never_with_a_gap() {
    let server = Server::start_with(&["--set", "realtime.history_records=10"]).await;
    let ada = server.person("ada@example.org", "analyst").await;
    let mut socket = Socket::open(&server, "/ws", &ada.token).await;
    server.ingest(&ada.token, &note(0)).await;
    let position = socket.until("new_item").await["position"].clone();
    drop(socket);
    server.ingest(&ada.token, &notes(1..100)).await;
    let mut witness = Events::open(&server, "/api/sse/items", &ada.token, None).await;
    server.until_total(&ada.token, "/api/items", 100).await;
    server.ingest(&ada.token, &note(100)).await;
    while witness.until("new_item").await.data["data"]["source_id"] != "100" {}

    let mut socket = Socket::open(&server, "/ws", &ada.token).await;
    socket.send(&json!({"type": "join_room", "room": "global", "position": position})).await;
    assert_eq!(socket.frame().await["recovered"], false);
    assert_eq!(socket.frame().await["type"], "resync");
}
