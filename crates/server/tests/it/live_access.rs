//! Who gets a live connection, and for how long.

use crisislens_model::{Clock, SystemClock};
use jsonwebtoken::{EncodingKey, Header};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::site::Site;
use crate::socket::{Events, Socket};
use crate::support::{Answer, Server, eventually, text};

#[tokio::test]
async fn a_connection_without_a_good_token_is_closed_with_1008() {
    let server = Server::start_with(&["--set", "realtime.auth_within_s=1"]).await;
    for path in
        ["/ws", "/ws?token=rubbish", "/ws?ticket=rubbish", "/ws/items/00000000-0000-0000-0000-000000000000"]
    {
        let mut socket = Socket::connect(&server, path, &[]).await.unwrap();
        assert_eq!(socket.close_code().await, 1008, "{path}");
    }
    let mut socket = Socket::connect(&server, "/ws", &[("authorization", "Bearer rubbish")]).await.unwrap();
    assert_eq!(socket.close_code().await, 1008);
    server.get("", "/api/sse/items").await.problem(401);
}

#[tokio::test]
async fn a_ticket_opens_one_connection() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "viewer").await;
    let ticket = server.post(&ada.token, "/api/ws/ticket", &Value::Null).await.expect(StatusCode::OK);
    assert!(ticket["expires_in"].as_i64().is_some_and(|seconds| (1..=60).contains(&seconds)), "{ticket}");
    let path = format!("/ws?ticket={}", text(&ticket["ticket"]));
    let mut first = Socket::connect(&server, &path, &[]).await.unwrap();
    assert_eq!(first.frame().await["user_id"], json!(ada.id));
    let mut second = Socket::connect(&server, &path, &[]).await.unwrap();
    assert_eq!(second.close_code().await, 1008);
    first.drain().await;
    // A ticket is no access token, and an access token no ticket.
    server.get(&text(&ticket["ticket"]), "/api/auth/me").await.problem(401);
    let mut third = Socket::connect(&server, &format!("/ws?ticket={}", ada.token), &[]).await.unwrap();
    assert_eq!(third.close_code().await, 1008);
}

async fn ticket(server: &Server, token: &str) -> String {
    let ticket = server.post(token, "/api/ws/ticket", &Value::Null).await.expect(StatusCode::OK);
    format!("/ws?ticket={}", text(&ticket["ticket"]))
}

#[tokio::test]
async fn a_ticket_is_for_the_origin_that_asked_for_it_and_used_up_by_any_other() {
    let desk = "https://desk.example.org";
    let allowed = format!(r#"http.allowed_origins=["{desk}","https://map.example.org"]"#);
    let server = Server::start_with(&["--set", &allowed]).await;
    let ada = server.person("ada@example.org", "viewer").await;
    let own = server.url.clone();
    let ticket = async |origin: Option<&str>| {
        let mut request = server.request(Method::POST, &ada.token, "/api/ws/ticket");
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let answer = Answer::of(request).await;
        (answer.status == StatusCode::OK).then(|| text(&answer.body["ticket"]))
    };
    let socket = async |ticket: &str, origin: Option<&str>| {
        let headers: Vec<_> = origin.map(|origin| ("origin", origin)).into_iter().collect();
        let path = format!("/ws?ticket={ticket}");
        let mut socket = Socket::connect(&server, &path, &headers).await.unwrap();
        socket.try_frame().await.is_some()
    };
    let stream = async |ticket: &str, headers: &[(&str, &str)]| {
        let mut request = server.request(Method::GET, "", &format!("/api/sse/items?ticket={ticket}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().status() == StatusCode::OK
    };
    for made in [Some(desk), Some(&*own), None] {
        for used in [Some(desk), Some(&*own), Some("https://map.example.org"), None] {
            let one = ticket(made).await.unwrap();
            // Some programs state the server's own origin.
            let is_taken = made == used || (made, used) == (None, Some(&*own));
            assert_eq!(socket(&one, used).await, is_taken, "{made:?} {used:?}");
            assert!(!socket(&one, made).await, "it is used up by {used:?}");
        }
    }
    // A page of ours that opens a stream says no origin.
    let here = ("sec-fetch-site", "same-origin");
    assert!(stream(&ticket(Some(&own)).await.unwrap(), &[here]).await);
    assert!(stream(&ticket(Some(desk)).await.unwrap(), &[("origin", desk)]).await);
    for headers in [&[][..], &[here], &[("origin", &*own)]] {
        let one = ticket(Some(desk)).await.unwrap();
        assert!(!stream(&one, headers).await, "{headers:?}");
        assert!(!stream(&one, &[("origin", desk)]).await, "used up");
    }
    for origin in ["https://evil.example.org", "null"] {
        assert_eq!(ticket(Some(origin)).await, None, "{origin}");
    }
}

#[tokio::test]
async fn a_ticket_that_was_used_stays_so_over_a_restart_and_another_is_still_good() {
    let mut server = Server::start().await;
    let ada = server.person("ada@example.org", "viewer").await;
    let (used, unused) = (ticket(&server, &ada.token).await, ticket(&server, &ada.token).await);
    Socket::connect(&server, &used, &[]).await.unwrap().until("joined_room").await;
    server.kill9();
    server.restart().await;
    assert_eq!(Socket::connect(&server, &used, &[]).await.unwrap().close_code().await, 1008);
    Socket::connect(&server, &unused, &[]).await.unwrap().until("joined_room").await;
}

#[tokio::test]
async fn of_two_nodes_one_takes_a_ticket() {
    let Some(site) = Site::with_topics().await else { return };
    let mut nodes = ["one", "two"].map(|name| site.node(name, &["serve"]));
    let [one, two] = &mut nodes;
    tokio::join!(one.restart(), two.restart());
    let ada = one.person("ada@example.org", "viewer").await;
    for _ in 0..10 {
        let path = ticket(one, &ada.token).await;
        let open = async |node: &Server| {
            let mut socket = Socket::connect(node, &path, &[]).await.unwrap();
            socket.try_frame().await.is_some()
        };
        let both = tokio::join!(open(one), open(two), open(two));
        assert_eq!([both.0, both.1, both.2].iter().filter(|let_in| **let_in).count(), 1, "{both:?}");
    }
}

#[tokio::test]
async fn a_token_may_come_as_a_subprotocol_or_on_this_machine_in_the_address() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "viewer").await;
    let protocol = format!("bearer.{}", ada.token);
    for offered in [protocol.clone(), format!("chat, {protocol}")] {
        let mut socket =
            Socket::connect(&server, "/ws", &[("sec-websocket-protocol", &offered)]).await.unwrap();
        assert_eq!(socket.protocol.as_deref(), Some(&*protocol), "the server confirms it");
        assert_eq!(socket.frame().await["user_id"], json!(ada.id));
    }
    let mut socket = Socket::connect(&server, &format!("/ws?token={}", ada.token), &[]).await.unwrap();
    assert_eq!(socket.frame().await["user_id"], json!(ada.id));
    Events::open(&server, &format!("/api/sse/items?token={}", ada.token), "", None).await;

    let strict = Server::start_with(&["--set", "realtime.query_token=never"]).await;
    let eve = strict.person("eve@example.org", "viewer").await;
    let mut refused = Socket::connect(&strict, &format!("/ws?token={}", eve.token), &[]).await.unwrap();
    assert_eq!(refused.close_code().await, 1008);
}

#[tokio::test]
async fn a_page_of_another_origin_gets_no_connection_unless_it_is_listed() {
    let server = Server::start_with(&["--set", r#"http.allowed_origins=["https://desk.example.org"]"#]).await;
    let ada = server.person("ada@example.org", "viewer").await;
    let bearer = format!("Bearer {}", ada.token);
    let own = server.url.clone();
    for (origin, is_let_in) in [
        ("https://desk.example.org", true),
        (&own, true),
        ("https://evil.example.org", false),
        ("https://desk.example.org.evil.org", false),
        ("http://desk.example.org", false),
        ("null", false),
    ] {
        let headers = [("authorization", &*bearer), ("origin", origin)];
        match Socket::connect(&server, "/ws", &headers).await {
            Ok(_) => assert!(is_let_in, "{origin}"),
            Err(Error::Http(response)) => {
                assert!(!is_let_in, "{origin}");
                assert_eq!(response.status(), 403, "{origin}");
            }
            Err(other) => panic!("{origin}: {other}"),
        }
        let stream =
            server.request(reqwest::Method::GET, &ada.token, "/api/sse/items").header("origin", origin);
        assert_eq!(stream.send().await.unwrap().status() == 200, is_let_in, "{origin}");
    }
}

#[tokio::test]
async fn a_fresh_token_keeps_the_connection_and_an_ended_one_closes_it_with_4401() {
    let secret = "a secret of more than thirty-two bytes";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, secret).unwrap();
    let server = Server::start_with(&["--set", &format!("auth.secret_file={}", file.display())]).await;
    let ada = server.person("ada@example.org", "viewer").await;
    let eve = server.person("eve@example.org", "viewer").await;
    let me = server.get(&ada.token, "/api/auth/me").await.expect(StatusCode::OK);
    let token = |seconds: i64| {
        let now = SystemClock.now().as_second();
        let claims = json!({
            "iss": "crisislens", "aud": "crisislens", "sub": me["id"], "name": "Ada", "role": "viewer",
            "typ": "access", "iat": now, "exp": now + seconds, "jti": "1",
        });
        jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret.as_bytes()))
            .unwrap()
    };
    let ended = format!("Bearer {}", token(-1));
    let mut late = Socket::connect(&server, "/ws", &[("authorization", &ended)]).await.unwrap();
    assert_eq!(late.close_code().await, 4401);

    let mut short = Socket::open(&server, "/ws", &token(3)).await;
    let mut renewed = Socket::open(&server, "/ws", &token(3)).await;
    renewed.send(&json!({"type": "auth", "token": token(600)})).await;
    assert!(renewed.drain().await.is_empty());
    assert_eq!(short.close_code().await, 4401);
    assert!(renewed.drain().await.is_empty(), "it goes on where the other has ended");

    renewed.send(&json!({"type": "auth", "token": eve.token})).await;
    assert_eq!(renewed.close_code().await, 1008, "a connection stays one person's");
    let mut other = Socket::open(&server, "/ws", &ada.token).await;
    other.send(&json!({"type": "auth", "token": "rubbish"})).await;
    assert_eq!(other.close_code().await, 1008);
}

#[tokio::test]
async fn one_person_has_a_limit_of_connections_and_gets_one_back_by_leaving() {
    let server = Server::start_with(&["--set", "realtime.max_connections_per_user=2"]).await;
    let ada = server.person("ada@example.org", "viewer").await;
    let first = Socket::open(&server, "/ws", &ada.token).await;
    let _second = Socket::open(&server, "/ws", &ada.token).await;
    let bearer = format!("Bearer {}", ada.token);
    let mut third = Socket::connect(&server, "/ws", &[("authorization", &bearer)]).await.unwrap();
    assert_eq!(third.close_code().await, 1008);
    drop(first);
    eventually("a place is free", async || {
        let mut again = Socket::connect(&server, "/ws", &[("authorization", &bearer)]).await.unwrap();
        again.try_frame().await
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_breaks_the_protocol_is_closed_and_the_others_go_on() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "viewer").await;
    let mut witness = Socket::open(&server, "/ws", &ada.token).await;
    let mut binary = Socket::open(&server, "/ws", &ada.token).await;
    binary.send_message(Message::binary(vec![0, 1, 2])).await;
    assert_eq!(binary.close_code().await, 1003);
    let mut large = Socket::open(&server, "/ws", &ada.token).await;
    large.send_message(Message::text("x".repeat(65 * 1024))).await;
    large.ended().await;
    assert!(witness.drain().await.is_empty());
}
