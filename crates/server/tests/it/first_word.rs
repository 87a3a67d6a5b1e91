//! A WebSocket without a token: it sends one as its first message, and hears nothing before.
#![expect(clippy::unwrap_used, reason = "test support")]

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::socket::Socket;
use crate::support::{Server, eventually, text};

async fn silent(server: &Server) -> Socket {
    Socket::connect(server, "/ws", &[]).await.unwrap()
}

fn auth(token: &str) -> Value {
    json!({"type": "auth", "token": token})
}

#[tokio::test]
async fn a_token_may_be_the_first_message_and_what_follows_is_obeyed_in_order() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "viewer").await;
    let mut socket = silent(&server).await;
    socket.send(&auth(&ada.token)).await;
    socket.send(&json!({"type": "join_room", "room": "alerts"})).await;
    socket.send(&json!({"type": "ping"})).await;
    let kinds = [socket.frame().await, socket.frame().await, socket.frame().await, socket.frame().await];
    assert_eq!(
        kinds.each_ref().map(|frame| text(&frame["type"])),
        ["connection", "joined_room", "joined_room", "pong"]
    );
    assert_eq!((&kinds[0]["user_id"], &kinds[2]["room"]), (&json!(ada.id), &json!("alerts")));
    // From now on the usual limits hold, not those of a first message.
    socket.send(&json!({"type": "ping", "padding": "x".repeat(20_000)})).await;
    let answer = socket.frame().await;
    assert!(["pong", "error"].contains(&answer["type"].as_str().unwrap_or_default()), "{answer}");
}

#[tokio::test]
async fn whoever_says_something_else_first_is_sent_a_reason_and_nothing_more() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "viewer").await;
    let ticket = server.post(&ada.token, "/api/ws/ticket", &Value::Null).await.body;
    for (message, code) in [
        (Message::text(json!({"type": "join_room", "room": "global"}).to_string()), 1008),
        (Message::text(json!({"type": "ping"}).to_string()), 1008),
        (Message::text("rubbish"), 1008),
        (Message::text(auth("rubbish").to_string()), 1008),
        (Message::text(auth("").to_string()), 1008),
        (Message::text(auth(&text(&ticket["ticket"])).to_string()), 1008),
        (Message::text("x".repeat(9_000)), 1009),
        (Message::binary(auth(&ada.token).to_string()), 1003),
    ] {
        let mut socket = silent(&server).await;
        socket.send_message(message.clone()).await;
        assert_eq!(socket.next_is_close().await, code, "{message:.80?}");
    }
    server.post("", "/api/auth/logout", &json!({"refresh_token": ada.refresh})).await;
    let mut socket = silent(&server).await;
    socket.send(&auth(&ada.token)).await;
    assert_eq!(socket.next_is_close().await, 4403, "a token that was withdrawn");
}

#[tokio::test]
async fn whoever_says_nothing_is_let_go_also_if_it_pings() {
    let server = Server::start_with(&["--set", "realtime.auth_within_s=1"]).await;
    let mut quiet = silent(&server).await;
    let mut pinging = silent(&server).await;
    pinging.send_message(Message::Ping("hello?".into())).await;
    assert_eq!(quiet.next_is_close().await, 1008);
    assert_eq!(pinging.next_is_close().await, 1008, "no pong before");
    // Nor is more read than a token can have.
    let mut flooding = silent(&server).await;
    for _ in 0..200 {
        if flooding.try_send(Message::Ping(vec![0; 125].into())).await.is_err() {
            break;
        }
    }
    assert_eq!(flooding.next_is_close().await, 1008);
}

#[tokio::test]
async fn few_may_wait_for_their_token() {
    let server = Server::start_with(&["--set", "realtime.max_unauthenticated_per_address=2"]).await;
    let ada = server.person("ada@example.org", "viewer").await;
    let mut first = silent(&server).await;
    let second = silent(&server).await;
    let Err(Error::Http(refused)) = Socket::connect(&server, "/ws", &[]).await else {
        panic!("a third waits")
    };
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"5".parse().unwrap()));
    Socket::open(&server, "/ws", &ada.token).await;
    first.send(&auth(&ada.token)).await;
    first.until("joined_room").await;
    let third = silent(&server).await;
    assert!(Socket::connect(&server, "/ws", &[]).await.is_err());
    drop((second, third));
    eventually("their places are free", async || Socket::connect(&server, "/ws", &[]).await.ok()).await;
}

#[tokio::test]
async fn a_server_that_stops_does_not_wait_for_a_first_message() {
    let mut server = Server::start_with(&["--set", "realtime.auth_within_s=60"]).await;
    let mut waiting = silent(&server).await;
    server.terminate();
    assert_eq!(waiting.next_is_close().await, 1012);
    assert!(server.ended().await.success());
}
