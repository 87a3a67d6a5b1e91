//! What a client may send over a WebSocket: how fast, how large, in how many pieces.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::socket::Socket;
use crate::support::{Server, eventually, note};

#[tokio::test]
async fn a_flood_is_told_when_to_go_on_and_then_ended_and_the_others_go_on() {
    let settings = ["realtime.messages_per_s=1", "realtime.message_burst=5"];
    let server = Server::start_with(&settings.map(|setting| ["--set", setting]).concat()).await;
    let ada = server.person("ada@example.org", "viewer").await;
    let mut witness = Socket::open(&server, "/ws", &ada.token).await;
    let mut socket = Socket::open(&server, "/ws", &ada.token).await;
    for _ in 0..6 {
        socket.send(&json!({"type": "ping"})).await;
    }
    for _ in 0..5 {
        assert_eq!(socket.frame().await["type"], "pong");
    }
    let refused = socket.frame().await;
    assert_eq!((&refused["code"], &refused["retry_after"]), (&json!("rate_limited"), &json!(1)));
    assert!(refused["message"].as_str().unwrap().contains("at most 1 messages"), "{refused}");
    for _ in 0..300 {
        if socket.try_send(Message::text(r#"{"type":"ping"}"#)).await.is_err() {
            break;
        }
    }
    assert_eq!(socket.close_code().await, 1008);
    assert!(witness.drain().await.is_empty());
}

/// Each join with a position holds 300 events against 200 entries: some 66,000 comparisons, 600 times, on two connections.
#[tokio::test]
async fn who_asks_for_what_was_missed_again_and_again_has_to_wait_on_whatever_connection() {
    let settings = ["realtime.messages_per_s=1000", "realtime.message_burst=1000"];
    let server = Server::start_with(&settings.map(|setting| ["--set", setting]).concat()).await;
    let ada = server.person("ada@example.org", "analyst").await;
    let put_off = async || {
        let metrics = server.request(reqwest::Method::GET, "", "/metrics").send().await.unwrap();
        metrics.text().await.unwrap().contains("crisislens_realtime_joins_put_off_total")
    };
    let mut sockets =
        [Socket::open(&server, "/ws", &ada.token).await, Socket::open(&server, "/ws", &ada.token).await];
    sockets[0].send(&json!({"type": "join_room", "room": "global"})).await;
    let start = sockets[0].until("joined_room").await["position"].clone();
    let notes: Vec<_> = (0..300).map(note).collect();
    server.ingest(&ada.token, &json!(notes)).await;
    for socket in &mut sockets {
        for _ in 0..300 {
            socket.until("new_item").await;
        }
    }
    let codes: Vec<String> = (0..100).map(|code| format!("X{code}")).collect();
    let filter = json!({"country": codes, "source": codes});
    let join = json!({"type": "join_room", "room": "global", "position": start, "filter": filter});
    assert!(!put_off().await);
    for socket in &mut sockets {
        for _ in 0..300 {
            socket.send(&join).await;
        }
        socket.send(&json!({"type": "ping"})).await;
    }
    for socket in &mut sockets {
        for _ in 0..300 {
            let answer = socket.until("joined_room").await;
            assert_eq!(answer["recovered"], true, "{answer}");
        }
        assert_eq!(socket.frame().await["type"], "pong", "what comes behind a join waits with it");
    }
    eventually("the metrics are written anew", async || put_off().await.then_some(())).await;
}

fn pieces(count: usize) -> Vec<Message> {
    let text = format!("{:<1$}", r#"{"type":"ping"}"#, count.max(16));
    let last = count - 1;
    (0..count)
        .map(|number| {
            let kind = if number == 0 { Data::Text } else { Data::Continue };
            let payload =
                if number == last { text[number..].to_owned() } else { text[number..=number].to_owned() };
            Message::Frame(Frame::message(payload, OpCode::Data(kind), number == last))
        })
        .collect()
}

#[tokio::test]
async fn a_message_has_so_many_pieces_and_bytes_as_is_configured() {
    let settings = ["realtime.message_fragments=3", "realtime.message_bytes=20000"];
    let server = Server::start_with(&settings.map(|setting| ["--set", setting]).concat()).await;
    let ada = server.person("ada@example.org", "viewer").await;
    let mut socket = Socket::open(&server, "/ws", &ada.token).await;
    for piece in pieces(3) {
        socket.send_message(piece).await;
    }
    assert_eq!(socket.frame().await["type"], "pong");
    for piece in pieces(4) {
        let _ = socket.try_send(piece).await;
    }
    assert_eq!(socket.close_code().await, 1009);

    let mut socket = Socket::open(&server, "/ws", &ada.token).await;
    socket.send_message(Message::text("x".repeat(20_000))).await;
    assert_eq!(socket.frame().await["code"], "bad_frame");
    socket.send_message(Message::text("x".repeat(20_001))).await;
    assert_eq!(socket.close_code().await, 1009);
}

#[tokio::test]
async fn as_shipped_a_message_has_at_most_64_pieces() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "viewer").await;
    let mut socket = Socket::open(&server, "/ws", &ada.token).await;
    for piece in pieces(64) {
        socket.send_message(piece).await;
    }
    assert_eq!(socket.frame().await["type"], "pong");
    for piece in pieces(65) {
        let _ = socket.try_send(piece).await;
    }
    assert_eq!(socket.close_code().await, 1009);
}
