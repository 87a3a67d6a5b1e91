//! Rooms over a WebSocket: what comes, and what may be asked.

use serde_json::{Value, json};

use crate::socket::Socket;
use crate::support::{Server, flood, note};

#[tokio::test]
async fn a_connection_begins_with_who_and_where_and_then_brings_each_new_item() {
    let server = Server::start_with(&["--set", "node.name=node-a"]).await;
    let ada = server.person("ada@example.org", "analyst").await;
    let bearer = format!("Bearer {}", ada.token);
    let mut socket = Socket::connect(&server, "/ws", &[("authorization", &bearer)]).await.unwrap();
    let hello = socket.frame().await;
    assert_eq!((&hello["type"], &hello["status"]), (&json!("connection"), &json!("connected")));
    assert_eq!((&hello["user_id"], &hello["node"]), (&json!(ada.id), &json!("node-a")));
    assert!(hello["session"].is_string() && hello["heartbeat_s"].as_u64() > Some(0), "{hello}");
    let joined = socket.frame().await;
    assert_eq!((&joined["type"], &joined["room"]), (&json!("joined_room"), &json!("global")));
    assert!(joined["position"].is_string() && joined["recovered"] == true, "{joined}");

    let mut entry = note(1);
    entry["secret"] = json!("stays out of frames");
    let id = server.ingest(&ada.token, &entry).await.remove(0);
    let event = socket.frame().await;
    assert_eq!((&event["type"], &event["room"]), (&json!("new_item"), &json!("global")));
    assert_eq!((&event["data"]["id"], &event["data"]["text"]), (&json!(id), &entry["text"]));
    assert!(event["position"].is_string() && event["at"].is_string(), "{event}");
    assert_eq!(event["data"]["raw_data"], Value::Null);
}

#[tokio::test]
async fn the_room_of_an_item_tells_of_its_revisions_its_people_and_their_cursors() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let bob = server.person("bob@example.org", "viewer").await;
    let ids = server.ingest(&ada.token, &json!([note(1), note(2)])).await;
    server.item(&ada.token, &ids[0]).await;
    let room = format!("item:{}", ids[0]);
    let mut adas = Socket::open(&server, &format!("/ws/items/{}", ids[0]), &ada.token).await;
    let present = adas.until("presence_state").await;
    assert_eq!((&present["type"], &present["resource_id"]), (&json!("presence_state"), &json!(room)));
    assert_eq!(present["users"][0]["user_id"], json!(ada.id));
    let mut bobs = Socket::open(&server, &format!("/ws/items/{}", ids[0]), &bob.token).await;
    assert_eq!(bobs.until("presence_state").await["users"].as_array().map(Vec::len), Some(2));
    let came = adas.until("presence_update").await;
    assert_eq!((&came["action"], &came["user_id"]), (&json!("joined"), &json!(bob.id)));

    let cursor = json!({"type": "cursor_move", "resource_id": room, "position": {"x": 3, "y": 4}});
    bobs.send(&cursor).await;
    let moved = adas.until("cursor_update").await;
    assert_eq!((&moved["user_id"], &moved["position"]), (&json!(bob.id), &json!({"x": 3, "y": 4})));

    let mut corrected = note(1);
    corrected["text"] = json!("quiet note, corrected");
    let mut other = note(2);
    other["text"] = json!("another note, corrected");
    server.ingest(&ada.token, &json!([other, corrected])).await;
    let update = bobs.until("item_update").await;
    assert_eq!((&update["item_id"], &update["room"]), (&json!(ids[0]), &json!(room)));
    assert_eq!((&update["updates"]["text"], &update["version"]), (&corrected["text"], &json!(2)));

    bobs.send(&json!({"type": "leave_room", "room": room})).await;
    assert_eq!(bobs.until("left_room").await["room"], json!(room));
    assert_eq!(adas.until("presence_update").await["action"], "left");
    bobs.send(&cursor).await;
    assert_eq!(bobs.until("error").await["code"], "not_joined");
}

#[tokio::test]
async fn what_cannot_be_done_is_answered_with_an_error_and_the_connection_goes_on() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "admin").await;
    let bob = server.person("bob@example.org", "viewer").await;
    let mut socket = Socket::open(&server, "/ws", &ada.token).await;
    let join = |room: &str| json!({"type": "join_room", "room": room});
    let own = format!("user:{}", ada.id);
    for (frame, code) in [
        (join("kitchen"), "unknown_room"),
        (join("item:seven"), "unknown_room"),
        (join(""), "unknown_room"),
        (join(&format!("user:{}", bob.id)), "forbidden"),
        (json!({"type": "join_room", "room": "global", "position": "rubbish"}), "invalid_position"),
        (json!({"type": "join_room", "room": "global", "position": ""}), "invalid_position"),
        (json!({"type": "join_room", "room": "global", "position": "A".repeat(5000)}), "invalid_position"),
        (json!({"type": "join_room"}), "bad_frame"),
        (json!({"type": "join_room", "room": "global", "filter": {"colour": ["red"]}}), "bad_frame"),
        (json!({"type": "join_room", "room": "global", "filter": [["new"], ["usgs"]]}), "bad_frame"),
        (json!({"type": "join_room", "room": "global", "filter": {"bbox": [1, 2, 3, 4]}}), "bad_frame"),
        (
            json!({"type": "join_room", "room": "global",
                "filter": {"bbox": {"west": 1e308, "south": 0, "east": 1, "north": 1}}}),
            "bad_frame",
        ),
        (json!({"type": "join_room", "room": "global", "filter": {"source": vec!["s"; 101]}}), "bad_frame"),
        (json!({"type": "join_room", "room": vec!["alerts"; 100]}), "bad_frame"),
        (json!({"type": "join_room", "rooms": vec!["alerts"; 100]}), "bad_frame"),
        (join("item:\u{0}"), "unknown_room"),
        (join("user:\u{1b}[2J"), "unknown_room"),
        (join("alerts\u{7f}"), "unknown_room"),
        (json!({"type": "shout"}), "bad_frame"),
        (json!({"type": "cursor_move", "resource_id": own, "position": {}}), "not_joined"),
        (json!([]), "bad_frame"),
        (json!("ping"), "bad_frame"),
    ] {
        socket.send(&frame).await;
        let answer = socket.frame().await;
        assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!(code)), "{frame}: {answer}");
        assert!(answer["message"].as_str().is_some_and(|message| !message.is_empty()));
        if frame["type"] == "join_room" && frame["room"].is_string() && !answer["room"].is_string() {
            panic!("{frame}: {answer} names no room");
        }
    }
    socket.send(&join(&own)).await;
    assert_eq!(socket.frame().await["type"], "joined_room");
    // It was in the room global all the time.
    server.ingest(&ada.token, &note(1)).await;
    assert_eq!(socket.until("new_item").await["room"], "global");
}

#[tokio::test]
async fn who_sends_too_much_is_told_to_slow_down() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "viewer").await;
    let mut socket = Socket::open(&server, "/ws", &ada.token).await;
    for _ in 0..400 {
        socket.send(&json!({"type": "ping"})).await;
    }
    let error = socket.until("error").await;
    assert_eq!((&error["code"], &error["retry_after"]), (&json!("rate_limited"), &json!(1)));
}

#[tokio::test]
async fn a_filter_lets_only_matching_events_into_the_room() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "admin").await;
    let mut socket = Socket::open(&server, "/ws", &ada.token).await;
    let join =
        json!({"type": "join_room", "room": "global", "filter": {"hazard": ["flood"], "country": ["IT"]}});
    socket.send(&join).await;
    assert_eq!(socket.frame().await["type"], "joined_room");
    server.ingest(&ada.token, &json!([note(1), note(2)])).await;
    server.until_total(&ada.token, "/api/items", 2).await;
    let id = server.ingest(&ada.token, &flood("one")).await.remove(0);
    assert_eq!(socket.frame().await["data"]["id"], json!(id), "the notes came before and are left out");
    // These two come from different topics, in either order.
    let mut more = [socket.frame().await, socket.frame().await];
    more.sort_by_key(|frame| frame["type"].as_str() == Some("incident_update"));
    assert_eq!((&more[0]["type"], &more[0]["severity"]), (&json!("alert"), &json!("critical")));
    assert_eq!(more[1]["data"]["incident"]["hazard"], "flood");
}
