//! Who is there, with a socket and without: at the screen or not, kept in the story, dropped when nobody is.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use crate::socket::{Socket, bare};
use crate::support::{Answer, PATIENCE, Person, Server, eventually, flood, note, text};

/// What a frame, or an answer, says of somebody.
fn state_of(told: &Value, who: &Person) -> Option<String> {
    let listed = told["active_users"].as_array().or(told["users"].as_array());
    let found = listed.into_iter().flatten().find(|user| user["user_id"] == who.id.as_str())?;
    Some(text(&found["state"]))
}

async fn until_state(socket: &mut Socket, who: &Person, state: &str) -> Value {
    loop {
        let frame = socket.frame().await;
        let is_told = frame["type"] == "presence_state" || frame["type"] == "presence_update";
        if is_told && state_of(&frame, who).as_deref() == Some(state) {
            return frame;
        }
    }
}

async fn item(server: &Server, who: &Person, number: u32) -> String {
    let id = server.ingest(&who.token, &note(number)).await.remove(0);
    server.item(&who.token, &id).await;
    id
}

#[tokio::test]
async fn a_client_says_that_its_person_looks_away_and_silence_says_it_later() {
    let sets = ["--set", "realtime.idle_after_s=2", "--set", "realtime.away_after_s=4"];
    let server = Server::start_with(&sets).await;
    let ada = server.person("ada@example.org", "analyst").await;
    let bob = server.person("bob@example.org", "viewer").await;
    let path = format!("/ws/items/{}", item(&server, &ada, 1).await);
    let mut adas = Socket::open(&server, &path, &ada.token).await;
    let mut bobs = Socket::open(&server, &path, &bob.token).await;
    until_state(&mut adas, &bob, "active").await;
    bobs.send(&json!({"type": "presence", "state": "away"})).await;
    until_state(&mut adas, &bob, "away").await;
    bobs.send(&json!({"type": "presence", "state": "active"})).await;
    until_state(&mut adas, &bob, "active").await;
    until_state(&mut adas, &bob, "idle").await;
    until_state(&mut adas, &bob, "away").await;
    bobs.send(&json!({"type": "presence", "state": "asleep"})).await;
    assert_eq!(bobs.until("error").await["code"], "bad_frame");
    bobs.send(&json!({"type": "get_presence", "resource_id": path.replace("/ws/items/", "item:")})).await;
    let all = bobs.until("presence_state").await;
    assert_eq!(state_of(&all, &bob).as_deref(), Some("away"), "{all}");
}

#[tokio::test]
async fn who_has_no_socket_is_seen_over_http() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let bob = server.person("bob@example.org", "viewer").await;
    let id = item(&server, &ada, 1).await;
    let mut adas = Socket::open(&server, &format!("/ws/items/{id}"), &ada.token).await;
    let path = |act: &str| format!("/api/collaboration/{act}/item:{id}");
    let position = json!({"position": {"x": 3}});

    let refused = server.post(&bob.token, &path("cursor"), &position).await.problem(409);
    assert!(text(&refused["detail"]).contains(&path("join")), "{refused}");
    let seen = server.post(&bob.token, &path("join"), &json!({})).await.expect(StatusCode::OK);
    assert_eq!((&seen["lease_s"], &seen["lock"]), (&json!(30), &Value::Null));
    assert_eq!(state_of(&seen, &bob).as_deref(), Some("active"), "{seen}");
    let came = adas.until("presence_update").await;
    assert_eq!((&came["action"], &came["user_id"]), (&json!("joined"), &json!(bob.id)));
    server.post(&bob.token, &path("cursor"), &position).await.expect(StatusCode::NO_CONTENT);
    let moved = adas.until("cursor_update").await;
    assert_eq!((&moved["user_id"], &moved["position"]), (&json!(bob.id), &position["position"]));
    server.post(&bob.token, &path("join"), &json!({"state": "away"})).await.expect(StatusCode::OK);
    until_state(&mut adas, &bob, "away").await;
    server.post(&bob.token, &path("leave"), &json!({})).await.expect(StatusCode::NO_CONTENT);
    assert_eq!(adas.until("presence_update").await["action"], "left");

    let large = json!({"position": {"selection": "x".repeat(1024)}});
    server.post(&bob.token, &path("join"), &json!({})).await.expect(StatusCode::OK);
    server.post(&bob.token, &path("cursor"), &large).await.problem(422);
    server.post(&bob.token, &path("cursor"), &json!({})).await.problem(422);
    server.post(&bob.token, &path("join"), &json!({"state": "asleep"})).await.problem(422);
    server.post("", &path("join"), &json!({})).await.problem(401);
    for wrong in ["global", "user:00000000-0000-4000-8000-000000000000", "item:1"] {
        let path = format!("/api/collaboration/join/{wrong}");
        server.post(&bob.token, &path, &json!({})).await.problem(400);
    }
    let none = "/api/collaboration/join/item:00000000-0000-4000-8000-000000000000";
    server.post(&bob.token, none, &json!({})).await.problem(404);
}

#[tokio::test]
async fn a_flood_of_moves_over_http_is_refused_with_a_time_to_wait() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let path = format!("/api/collaboration/leave/item:{}", item(&server, &ada, 1).await);
    let refused = eventually("the allowance is used up", async || {
        let calls = (0..50).map(|_| server.post(&ada.token, &path, &Value::Null));
        let answers = futures_util::future::join_all(calls).await;
        answers.into_iter().find(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS)
    })
    .await;
    assert_eq!(refused.headers["retry-after"], "1");
    refused.problem(429);
}

#[tokio::test]
async fn who_came_and_went_is_part_of_the_story_once_for_all_tabs() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let bob = server.person("bob@example.org", "viewer").await;
    let id = server.ingest(&ada.token, &flood("one")).await.remove(0);
    server.item(&ada.token, &id).await;
    let path = format!("/ws/items/{id}");
    let mut adas = Socket::open(&server, &path, &ada.token).await;
    let told = adas.until("user_activity").await;
    assert_eq!(
        (&told["action"], &told["user_id"], &told["name"]),
        (&json!("joined"), &json!(ada.id), &json!("ada"))
    );
    let tabs = [
        Socket::open(&server, &path, &bob.token).await,
        Socket::open(&server, &path, &bob.token).await,
        Socket::open(&server, "/ws", &bob.token).await,
    ];
    // A room of an id that is none has no story.
    let nowhere = "/ws/items/00000000-0000-4000-8000-000000000000";
    let _nowhere = Socket::open(&server, nowhere, &ada.token).await;
    assert_eq!(adas.until("user_activity").await["user_id"], json!(bob.id));
    drop(tabs);
    let left = adas.until("user_activity").await;
    assert_eq!((&left["action"], &left["user_id"]), (&json!("left"), &json!(bob.id)));
    let story = format!("/api/collaboration/activity/item:{id}");
    server.until_total(&ada.token, &story, 3).await;
    assert_eq!(server.total(&ada.token, "/api/collaboration/activity").await, 1);
}

#[tokio::test]
async fn what_somebody_says_of_a_resource_is_told_in_its_room_and_kept_once() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let bob = server.person("bob@example.org", "viewer").await;
    let id = item(&server, &ada, 1).await;
    let story = format!("/api/collaboration/activity/item:{id}");
    let mut room = Socket::open(&server, &format!("/ws/items/{id}"), &bob.token).await;
    let said = json!({"text": "The bridge is \"closed\".\nSeen at noon."});
    let say = || server.request(Method::POST, &ada.token, &story).header("idempotency-key", "1").json(&said);
    let kept = Answer::of(say()).await.expect(StatusCode::CREATED);
    assert_eq!((&kept["kind"], &kept["data"]), (&json!("commented"), &said));
    assert_eq!(Answer::of(say()).await.expect(StatusCode::OK), kept);
    let other = json!({"text": "another"});
    let reused = server.request(Method::POST, &ada.token, &story).header("idempotency-key", "1").json(&other);
    Answer::of(reused).await.problem(422);
    let next = json!({"text": "And another."});
    server.post(&ada.token, &story, &next).await.expect(StatusCode::CREATED);
    for expected in [&said, &next] {
        let told = loop {
            let told = room.until("user_activity").await;
            if told["action"] == "commented" {
                break told;
            }
        };
        assert_eq!((&told["name"], &told["data"]), (&json!("ada"), expected), "each once");
    }
    // With bob, who came.
    server.until_total(&ada.token, &story, 3).await;
    let theirs = server.all(&ada.token, "/api/collaboration/activity").await;
    assert_eq!((theirs.len(), &theirs[1]["id"]), (2, &kept["id"]));

    for wrong in [
        json!({"text": " \n"}),
        json!({"text": "x".repeat(4001)}),
        json!({"text": "\u{7}"}),
        json!({}),
        json!(["hi"]),
    ] {
        server.post(&ada.token, &story, &wrong).await.problem(422);
    }
    server.post(&bob.token, &story, &said).await.problem(403);
    let nowhere = "/api/collaboration/activity/item:00000000-0000-4000-8000-000000000000";
    server.post(&ada.token, nowhere, &said).await.problem(404);
}

#[tokio::test]
async fn a_connection_that_nobody_uses_is_closed_with_a_reason_and_one_that_is_used_stays() {
    let sets = ["--set", "realtime.inactive_after_s=3", "--set", "realtime.ping_s=1"];
    let server = Server::start_with(&sets).await;
    let ada = server.person("ada@example.org", "viewer").await;
    let mut unused = Socket::open(&server, "/ws", &ada.token).await;
    let mut used = Socket::open(&server, "/ws", &ada.token).await;
    let ended = async {
        // What a client sends by itself is no sign of a person.
        loop {
            unused.send(&json!({"type": "ping"})).await;
            unused.send(&json!({"type": "presence", "state": "away"})).await;
            let frame = unused.frame().await;
            if frame["type"] == "error" {
                return frame;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let using = async {
        loop {
            used.send(&json!({"type": "presence", "state": "active"})).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let error = tokio::select! { error = ended => error, never = using => never };
    assert_eq!(error["code"], "inactive", "{error}");
    assert_eq!(unused.close_code().await, 4410);
    used.drain().await;
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_gone_when_the_next_is_due() {
    let server = Server::start_with(&["--set", "realtime.ping_s=1"]).await;
    let ada = server.person("ada@example.org", "viewer").await;
    let mut socket = bare(&server, &ada.token).await;
    let mut all = Vec::new();
    let end = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut all)).await;
    assert!(end.is_ok(), "it is still open");
    let pings = all.windows(2).filter(|bytes| *bytes == [0x89, 0]).count();
    assert_eq!(pings, 1, "{}", String::from_utf8_lossy(&all));
}
