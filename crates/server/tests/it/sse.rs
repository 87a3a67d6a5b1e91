//! Server-sent events.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::socket::{Events, Socket};
use crate::support::{Server, flood, note, text};

#[tokio::test]
async fn a_stream_brings_new_items_and_resumes_through_last_event_id_without_loss() {
    let mut server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let mut events = Events::open(&server, "/api/sse/items", &ada.token, None).await;
    let batch = |from: u32| -> Value { (from..from + 20).map(note).collect() };
    let mut known = server.ingest(&ada.token, &batch(0)).await;
    let (mut got, mut last) = (Vec::new(), String::new());
    let mut read = async |events: &mut Events, count: usize, got: &mut Vec<String>| {
        for _ in 0..count {
            let event = events.until("new_item").await;
            assert_eq!(event.data["type"], "new_item");
            last = event.id.unwrap();
            assert_eq!(event.data["position"], json!(last));
            got.push(text(&event.data["data"]["id"]));
        }
        last.clone()
    };
    let position = read(&mut events, 6, &mut got).await;
    drop(events);
    known.extend(server.ingest(&ada.token, &batch(20)).await);
    let mut events = Events::open(&server, "/api/sse/items", &ada.token, Some(&position)).await;
    let position = read(&mut events, 24, &mut got).await;
    server.kill9();
    server.restart().await;
    known.extend(server.ingest(&ada.token, &batch(40)).await);
    // Clients that cannot send the header put the position into the address.
    let path = format!("/api/sse/items?position={position}");
    let mut events = Events::open(&server, &path, &ada.token, None).await;
    read(&mut events, 30, &mut got).await;
    let marker = server.ingest(&ada.token, &note(60)).await;
    known.extend(marker);
    read(&mut events, 1, &mut got).await;
    got.sort();
    known.sort();
    assert_eq!(got, known, "each item once");
}

#[tokio::test]
async fn a_stream_takes_conditions_and_kinds_of_event() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "admin").await;
    let mut floods =
        Events::open(&server, "/api/sse/items?hazard=flood&min_risk=0.1", &ada.token, None).await;
    let mut incidents =
        Events::open(&server, "/api/sse/stream?type=incident_update,alert", &ada.token, None).await;
    assert_eq!(floods.next().await.kind, "joined_room");
    assert_eq!(incidents.next().await.kind, "joined_room");
    let ids = server.ingest(&ada.token, &json!([note(1), flood("one")])).await;
    let event = floods.next().await;
    assert_eq!((&*event.kind, &event.data["data"]["id"]), ("new_item", &json!(ids[1])));
    let mut kinds = vec![incidents.next().await.kind, incidents.next().await.kind];
    kinds.sort();
    assert_eq!(kinds, ["alert", "incident_update"]);
}

#[tokio::test]
async fn a_stream_of_an_items_room_brings_its_people_and_what_they_do() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let bob = server.person("bob@example.org", "viewer").await;
    let id = server.ingest(&ada.token, &flood("one")).await.remove(0);
    server.item(&ada.token, &id).await;
    let path = format!("/api/sse/stream?room=item:{id}");
    let mut events = Events::open(&server, &path, &ada.token, None).await;
    assert_eq!(events.until("joined_room").await.data["room"], format!("item:{id}"));
    assert_eq!(events.until("presence_state").await.data["users"][0]["name"], "ada");
    let mut bobs = Socket::open(&server, &format!("/ws/items/{id}"), &bob.token).await;
    assert_eq!(bobs.until("presence_state").await["users"].as_array().map(Vec::len), Some(2));
    assert_eq!(events.until("presence_update").await.data["user_id"], json!(bob.id));
    let lock = format!("/api/collaboration/lock/item:{id}");
    server.post(&ada.token, &lock, &json!({})).await.expect(StatusCode::OK);
    assert_eq!(events.until("lock_update").await.data["lock_status"]["holder"]["name"], "ada");

    let refused = async |path: String, status| server.get(&ada.token, &path).await.problem(status);
    refused(format!("/api/sse/stream?room=user:{}", bob.id), 403).await;
    refused("/api/sse/stream?room=kitchen".to_owned(), 400).await;
    for wrong in [
        "items?room=alerts",
        "alerts?type=alert",
        "stream?type=nonsense",
        "stream?hazzard=flood",
        "alerts?q=flood",
        "items?q=(flood",
    ] {
        refused(format!("/api/sse/{wrong}"), 400).await;
    }
}

#[tokio::test]
async fn a_stream_takes_words_and_operators_of_a_search() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "admin").await;
    let path = "/api/sse/stream?type=new_item&q=alpha%20-drill%20hazard:flood";
    let mut events = Events::open(&server, path, &ada.token, None).await;
    let start = events.until("joined_room").await.id;
    let post = |number: u32, words: &str| {
        json!({"source": "test", "source_id": format!("q-{number}"), "text": format!("Flood {number} in Rome, Italy: {words}"),
            "timestamp": "2026-01-01T00:00:00Z"})
    };
    let sent = json!([
        post(1, "beta"),
        post(2, "the Alpha bridge"),
        post(3, "an alpha drill"),
        post(4, "alphabet"),
        post(5, "ALPHA")
    ]);
    let ids = server.ingest(&ada.token, &sent).await;
    let mut got = vec![text(&events.until("new_item").await.data["data"]["id"])];
    got.push(text(&events.until("new_item").await.data["data"]["id"]));
    got.sort();
    // The last word of a query may be the beginning of one; here the last is a condition.
    let mut wanted = vec![ids[1].clone(), ids[4].clone()];
    wanted.sort();
    assert_eq!(got, wanted);
    // What was missed is held against it, too.
    let mut again = Events::open(&server, path, &ada.token, start.as_deref()).await;
    let mut replayed = vec![
        text(&again.until("new_item").await.data["data"]["id"]),
        text(&again.until("new_item").await.data["data"]["id"]),
    ];
    replayed.sort();
    assert_eq!(replayed, wanted);
}

#[tokio::test]
async fn a_quiet_stream_has_heartbeats() {
    let server = Server::start_with(&["--set", "realtime.sse_heartbeat_s=1"]).await;
    let ada = server.person("ada@example.org", "viewer").await;
    let request = server.request(reqwest::Method::GET, &ada.token, "/api/sse/items");
    let mut response = request.send().await.unwrap();
    let mut text = String::new();
    while !text.contains(": heartbeat") && !text.contains(":heartbeat") {
        let chunk =
            tokio::time::timeout(crate::support::PATIENCE, response.chunk()).await.unwrap().unwrap().unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
}
