//! Two nodes are one place: who is on one is seen on the other, pointers and locks too, and a node that dies takes its people along.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::locks::Desk;
use crate::site::Site;
use crate::socket::Socket;
use crate::support::{Server, eventually, text};

fn people(frame: &Value) -> Vec<String> {
    let listed = frame["active_users"].as_array().or(frame["users"].as_array());
    listed.into_iter().flatten().map(|person| text(&person["name"])).collect()
}

async fn room(node: &Server, desk: &Desk, token: &str) -> Socket {
    Socket::open(node, &format!("/ws/items/{}", desk.item), token).await
}

#[tokio::test]
async fn people_pointers_and_locks_of_one_node_are_seen_on_the_other() {
    let Some(site) = Site::with_topics().await else { return };
    let mut nodes = ["one", "two"].map(|name| site.node(name, &["serve"]));
    let [one, two] = &mut nodes;
    tokio::join!(one.restart(), two.restart());
    let desk = Desk::open(one).await;
    two.item(&desk.ben.token, &desk.item).await;

    let mut ada = room(one, &desk, &desk.ada.token).await;
    let there = format!("/api/collaboration/presence/item:{}", desk.item);
    eventually("the other node knows", async || {
        let answer = two.get(&desk.ben.token, &there).await.expect(StatusCode::OK);
        (people(&answer) == ["ada"]).then_some(())
    })
    .await;
    let mut ben = Socket::open(two, &format!("/ws/items/{}", desk.item), &desk.ben.token).await;
    let mut seen = people(&ben.until("presence_state").await);
    seen.sort_unstable();
    assert_eq!(seen, ["ada", "ben"]);
    let came = ada.until("presence_update").await;
    assert_eq!((&came["action"], &came["user_id"]), (&json!("joined"), &json!(desk.ben.id)));

    let resource = format!("item:{}", desk.item);
    ben.send(&json!({"type": "cursor_move", "resource_id": resource, "position": {"x": 7}})).await;
    let pointer = ada.until("cursor_update").await;
    assert_eq!((&pointer["user_id"], &pointer["position"]["x"]), (&json!(desk.ben.id), &json!(7)));

    let lock = desk.take(one, &desk.ada, &json!({})).await.expect(StatusCode::OK);
    assert_eq!(ben.until("lock_update").await["lock_status"], lock);
    desk.edit(two, &desk.ben, None).await.problem(409);
    desk.edit(two, &desk.ada, Some(&lock["token"])).await.expect(StatusCode::OK);
    desk.on_lock(two, &desk.ada, Method::DELETE, &lock["token"]).await.expect(StatusCode::NO_CONTENT);
    assert_eq!(ben.until("lock_update").await["action"], "released");

    // Without a word: nobody there says goodbye for them.
    two.kill9();
    let gone = ada.until("presence_update").await;
    assert_eq!((&gone["action"], &gone["user_id"]), (&json!("left"), &json!(desk.ben.id)));
    two.restart().await;
    let _ben = room(two, &desk, &desk.ben.token).await;
    let back = ada.until("presence_update").await;
    assert_eq!((&back["action"], people(&back).len()), (&json!("joined"), 2));
    two.terminate();
    let left = ada.until("presence_update").await;
    assert_eq!(left["action"], "left", "{left}");
}
