//! Locks: one person at a time, over HTTP and in the rooms, checked where it counts.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::socket::Socket;
use crate::support::{Answer, Person, Server, eventually, eventually_within, flood, text};

/// An item, and two people who edit.
pub struct Desk {
    pub item: String,
    pub ada: Person,
    pub ben: Person,
}

impl Desk {
    pub async fn open(server: &Server) -> Self {
        let ada = server.person("ada@example.org", "admin").await;
        let ben = server.person("ben@example.org", "analyst").await;
        let item = server.ingest(&ada.token, &flood("one")).await.remove(0);
        server.item(&ada.token, &item).await;
        // Clustering changes the item once more.
        eventually("the item has its incident", async || {
            server.item(&ada.token, &item).await["incident_id"].as_str().map(|_| ())
        })
        .await;
        Self { item, ada, ben }
    }

    pub fn lock_path(&self) -> String {
        format!("/api/collaboration/lock/item:{}", self.item)
    }

    pub async fn take(&self, server: &Server, who: &Person, wanted: &Value) -> Answer {
        server.post(&who.token, &self.lock_path(), wanted).await
    }

    pub async fn on_lock(&self, server: &Server, who: &Person, method: Method, token: &Value) -> Answer {
        let request = server.request(method, &who.token, &self.lock_path());
        Answer::of(request.header("lock-token", token.to_string())).await
    }

    /// Tags the item, as somebody who has just read it.
    pub async fn edit(&self, server: &Server, who: &Person, lock_token: Option<&Value>) -> Answer {
        let path = format!("/api/items/{}", self.item);
        let version = server.get(&who.token, &path).await.body["version"].clone();
        let mut request = server
            .request(Method::PATCH, &who.token, &path)
            .header("if-match", format!("\"{version}\""))
            .json(&json!({"tags": [format!("by {}", who.id)]}));
        if let Some(token) = lock_token {
            request = request.header("lock-token", token.to_string());
        }
        Answer::of(request).await
    }
}

async fn until_lock(socket: &mut Socket, action: &str) -> Value {
    let frame = socket.until("lock_update").await;
    assert_eq!(frame["action"], action, "{frame}");
    frame
}

#[tokio::test]
async fn a_lock_moves_between_people_and_a_write_with_an_old_token_is_refused() {
    let server = Server::start().await;
    let desk = Desk::open(&server).await;
    let mut room = Socket::open(&server, &format!("/ws/items/{}", desk.item), &desk.ben.token).await;

    desk.edit(&server, &desk.ben, None).await.expect(StatusCode::OK);
    let lock = desk.take(&server, &desk.ada, &json!({"connection": "tab-1"})).await.expect(StatusCode::OK);
    let told = until_lock(&mut room, "taken").await;
    assert_eq!((&told["user_id"], &told["lock_status"]), (&json!(desk.ada.id), &lock));
    assert_eq!(told["resource_id"], format!("item:{}", desk.item));

    let held = desk.edit(&server, &desk.ben, None).await.problem(409);
    assert_eq!(held["lock"]["holder"]["name"], "ada", "{held}");
    desk.take(&server, &desk.ben, &json!({})).await.problem(409);
    desk.on_lock(&server, &desk.ben, Method::DELETE, &lock["token"]).await.problem(403);
    desk.edit(&server, &desk.ada, None).await.problem(409);
    desk.edit(&server, &desk.ada, Some(&lock["token"])).await.expect(StatusCode::OK);
    desk.on_lock(&server, &desk.ada, Method::PUT, &lock["token"]).await.expect(StatusCode::OK);

    desk.on_lock(&server, &desk.ada, Method::DELETE, &lock["token"]).await.expect(StatusCode::NO_CONTENT);
    assert!(until_lock(&mut room, "released").await["lock_status"].is_null());
    for person in [&desk.ada, &desk.ben] {
        let ended = desk.edit(&server, person, Some(&lock["token"])).await.problem(412);
        assert!(ended["lock"].is_null(), "{ended}");
    }
    let next = desk.take(&server, &desk.ben, &json!({})).await.expect(StatusCode::OK);
    assert!(next["token"].as_i64() > lock["token"].as_i64());
    let stale = desk.edit(&server, &desk.ada, Some(&lock["token"])).await.problem(412);
    assert_eq!(stale["lock"]["holder"]["name"], "ben", "{stale}");
    desk.on_lock(&server, &desk.ada, Method::PUT, &lock["token"]).await.problem(412);
    desk.edit(&server, &desk.ben, Some(&next["token"])).await.expect(StatusCode::OK);

    let path = format!("/api/collaboration/presence/item:{}", desk.item);
    let there = server.get(&desk.ada.token, &path).await.expect(StatusCode::OK);
    assert_eq!((&there["lock"], &there["users"][0]["name"]), (&next, &json!("ben")));

    let story = format!("/api/collaboration/activity/item:{}", desk.item);
    // One more for ben, who came to the room.
    server.until_total(&desk.ada.token, &story, 7).await;
    let mut kinds: Vec<String> =
        server.all(&desk.ada.token, &story).await.iter().rev().map(|one| text(&one["kind"])).collect();
    kinds.retain(|kind| kind != "joined");
    assert_eq!(kinds, ["edited", "locked", "edited", "unlocked", "locked", "edited"]);
    assert_eq!(server.total(&desk.ada.token, "/api/collaboration/activity").await, 3);
}

#[tokio::test]
async fn a_lock_is_asked_for_kept_or_taken_by_force() {
    let server = Server::start().await;
    let desk = Desk::open(&server).await;
    let mut room = Socket::open(&server, &format!("/ws/items/{}", desk.item), &desk.ada.token).await;
    let lock = desk.take(&server, &desk.ben, &json!({})).await.expect(StatusCode::OK);
    until_lock(&mut room, "taken").await;

    let ask = format!("{}/request", desk.lock_path());
    let asked = server.post(&desk.ada.token, &ask, &json!({})).await.expect(StatusCode::OK);
    assert_eq!(asked["lock"]["request"]["name"], "ada");
    server.post(&desk.ada.token, &ask, &json!({})).await.expect(StatusCode::OK);
    until_lock(&mut room, "requested").await;
    desk.take(&server, &desk.ada, &json!({})).await.problem(409);
    let refuse = server.request(Method::DELETE, &desk.ben.token, &ask);
    Answer::of(refuse.header("lock-token", lock["token"].to_string())).await.expect(StatusCode::NO_CONTENT);
    assert!(until_lock(&mut room, "refused").await["lock_status"]["request"].is_null());

    let forced = desk.take(&server, &desk.ada, &json!({"force": true})).await.expect(StatusCode::OK);
    assert!(forced["token"].as_i64() > lock["token"].as_i64());
    until_lock(&mut room, "forced").await;
    desk.take(&server, &desk.ben, &json!({"force": true})).await.problem(403);
    let entries = server.all(&desk.ada.token, "/api/audit").await;
    let forced: Vec<&Value> = entries.iter().filter(|entry| entry["action"] == "locks.force").collect();
    assert_eq!((forced.len(), &forced[0]["detail"]["from"]["name"]), (1, &json!("ben")));
}

#[tokio::test]
async fn a_tab_that_is_gone_and_a_lease_that_ends_free_the_lock_and_the_token_rises_over_a_crash() {
    let mut server = Server::start().await;
    let desk = Desk::open(&server).await;
    let mut room = Socket::open(&server, &format!("/ws/items/{}", desk.item), &desk.ada.token).await;
    let tab = Socket::open(&server, &format!("/ws/items/{}", desk.item), &desk.ben.token).await;
    let lock =
        desk.take(&server, &desk.ben, &json!({"connection": tab.session})).await.expect(StatusCode::OK);
    until_lock(&mut room, "taken").await;
    drop(tab);
    let gone = until_lock(&mut room, "released").await;
    assert_eq!(gone["user_id"], json!(desk.ben.id));
    let short = desk.take(&server, &desk.ben, &json!({"lease_s": 10})).await.expect(StatusCode::OK);
    until_lock(&mut room, "taken").await;
    until_lock(&mut room, "expired").await;
    desk.edit(&server, &desk.ben, Some(&short["token"])).await.problem(412);
    desk.edit(&server, &desk.ben, None).await.expect(StatusCode::OK);

    server.kill9();
    server.restart().await;
    let after = desk.take(&server, &desk.ada, &json!({})).await.expect(StatusCode::OK);
    let tokens: Vec<i64> =
        [&lock, &short, &after].iter().map(|lock| lock["token"].as_i64().unwrap_or_default()).collect();
    assert!(tokens.is_sorted_by(|a, b| a < b), "{tokens:?}");
}

#[tokio::test]
async fn a_node_that_stops_gives_its_tabs_locks_notice() {
    let mut server = Server::start().await;
    let desk = Desk::open(&server).await;
    let tab = Socket::open(&server, &format!("/ws/items/{}", desk.item), &desk.ben.token).await;
    let lock =
        desk.take(&server, &desk.ben, &json!({"connection": tab.session})).await.expect(StatusCode::OK);
    server.terminate();
    assert_eq!(server.ended().await.code(), Some(0));

    server.restart().await;
    let mut room = Socket::open(&server, &format!("/ws/items/{}", desk.item), &desk.ada.token).await;
    let held = desk.take(&server, &desk.ada, &json!({})).await.problem(409);
    assert_eq!(held["lock"]["token"], lock["token"], "it is back in time: {held}");
    assert!(held["lock"]["expires_at"].as_str() < lock["expires_at"].as_str(), "{held} {lock}");
    until_lock(&mut room, "expired").await;
    desk.take(&server, &desk.ada, &json!({})).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn the_lock_of_a_tab_whose_node_died_ends_long_before_its_lease() {
    let mut server = Server::start().await;
    let desk = Desk::open(&server).await;
    let tab = Socket::open(&server, &format!("/ws/items/{}", desk.item), &desk.ben.token).await;
    let wanted = json!({"connection": tab.session, "lease_s": 1800});
    desk.take(&server, &desk.ben, &wanted).await.expect(StatusCode::OK);
    server.kill9();

    server.restart().await;
    desk.take(&server, &desk.ada, &json!({})).await.problem(409);
    eventually_within(std::time::Duration::from_secs(60), "the lock is free", async || {
        let taken = desk.take(&server, &desk.ada, &json!({})).await;
        (taken.status == StatusCode::OK).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_lock_is_renewed_by_what_its_holder_does_and_no_word_of_theirs_names_a_tab_that_is_gone() {
    let server = Server::start().await;
    let desk = Desk::open(&server).await;
    let room = format!("/ws/items/{}", desk.item);
    let mut tab = Socket::open(&server, &room, &desk.ben.token).await;
    let ends = async || {
        let path = format!("/api/collaboration/presence/item:{}", desk.item);
        text(&server.get(&desk.ada.token, &path).await.body["lock"]["expires_at"])
    };

    // By a pointer that moves …
    let wanted = json!({"connection": tab.session, "lease_s": 25});
    let lock = desk.take(&server, &desk.ben, &wanted).await.expect(StatusCode::OK);
    // That the tab joined is no sign of a person.
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    assert_eq!(ends().await, text(&lock["expires_at"]));
    tab.send(
        &json!({"type": "cursor_move", "resource_id": format!("item:{}", desk.item), "position": {"x": 1}}),
    )
    .await;
    eventually_within(std::time::Duration::from_secs(18), "the pointer renews", async || {
        (ends().await > text(&lock["expires_at"])).then_some(())
    })
    .await;

    // … and by a write, whatever tab it comes from.
    let lock = desk.take(&server, &desk.ben, &json!({"lease_s": 10})).await.expect(StatusCode::OK);
    desk.edit(&server, &desk.ben, Some(&lock["token"])).await.expect(StatusCode::OK);
    assert!(ends().await > text(&lock["expires_at"]));

    let session = tab.session.clone();
    desk.take(&server, &desk.ada, &json!({"connection": session, "force": true})).await.problem(422);
    drop(tab);
    eventually("the tab is gone", async || {
        let taken = desk.take(&server, &desk.ben, &json!({"connection": session})).await;
        (taken.status == StatusCode::UNPROCESSABLE_ENTITY).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_names_no_lock_is_refused_by_its_name() {
    let server = Server::start().await;
    let desk = Desk::open(&server).await;
    let viewer = server.person("vic@example.org", "viewer").await;
    desk.take(&server, &viewer, &json!({})).await.problem(403);
    let nobody = "00000000-0000-4000-8000-000000000000";
    for (resource, status) in [
        (format!("item:{nobody}"), 404),
        (format!("claim:{nobody}"), 404),
        (format!("user:{}", desk.ada.id), 400),
        ("global".to_owned(), 400),
        ("item:%00".to_owned(), 400),
        ("item:1".to_owned(), 400),
    ] {
        let path = format!("/api/collaboration/lock/{resource}");
        server.post(&desk.ada.token, &path, &json!({})).await.problem(status);
    }
    for wrong in [
        json!({"lease_s": 9}),
        json!({"lease_s": 1801}),
        json!({"lock_type": ""}),
        json!({"lock_type": "a b"}),
        json!({"connection": "\u{1b}[2J"}),
        json!({"connection": "x".repeat(65)}),
        json!({"leese_s": 10}),
    ] {
        desk.take(&server, &desk.ada, &wrong).await.problem(422);
    }
    desk.edit(&server, &desk.ada, Some(&json!("none"))).await.problem(400);
    let missing = server.request(Method::DELETE, &desk.ada.token, &desk.lock_path());
    Answer::of(missing).await.problem(428);
    // Without a body it is an ordinary lock.
    let plain = Answer::of(server.request(Method::POST, &desk.ada.token, &desk.lock_path())).await;
    assert_eq!(plain.expect(StatusCode::OK)["lock_type"], "edit");
    eventually_within(std::time::Duration::from_secs(5), "it is seen", async || {
        let path = format!("/api/collaboration/presence/item:{}", desk.item);
        server.get(&desk.ada.token, &path).await.body["lock"]["token"].as_i64()
    })
    .await;
}
