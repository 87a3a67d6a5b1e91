//! Limits for each address, over WebSockets and event streams alike, also behind a proxy.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test support")]

use reqwest::{Method, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error;

use crate::socket::{Events, Socket};
use crate::support::{Person, Server, eventually};

const PROXY: [&str; 2] = ["--set", "http.trusted_proxies=127.0.0.1"];

async fn open(server: &Server, person: &Person, from: &str) -> Result<Socket, Error> {
    let bearer = format!("Bearer {}", person.token);
    let mut headers = vec![("authorization", &*bearer)];
    if !from.is_empty() {
        headers.push(("x-forwarded-for", from));
    }
    Socket::connect(server, "/ws", &headers).await
}

/// Refused as too much, with a problem document; the seconds to wait.
fn refusal(answer: Result<Socket, Error>) -> u64 {
    let Err(Error::Http(answer)) = answer else { panic!("it was let in") };
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    answer.headers()["retry-after"].to_str().unwrap().parse().unwrap()
}

async fn metric(server: &Server, name: &str) -> f64 {
    let text = server.request(Method::GET, "", "/metrics").send().await.unwrap().text().await.unwrap();
    let line = text.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default()
}

#[tokio::test]
async fn an_address_has_so_many_connections_of_both_kinds_and_another_has_its_own() {
    let arguments = [&PROXY[..], &["--set", "realtime.max_connections_per_address=3"]].concat();
    let server = Server::start_with(&arguments).await;
    let ada = server.person("ada@example.org", "viewer").await;
    let first = open(&server, &ada, "").await.unwrap();
    let _second = open(&server, &ada, "").await.unwrap();
    let third = Events::open(&server, "/api/sse/items", &ada.token, None).await;
    assert_eq!(refusal(open(&server, &ada, "").await), 5);
    let stream = server.get(&ada.token, "/api/sse/items").await;
    let problem = stream.problem(429);
    assert!(problem["detail"].as_str().unwrap().contains("limit of 3 live connections"), "{problem}");
    let reason = r#"crisislens_realtime_refused_total{reason="too_many_connections_of_address"}"#;
    assert_eq!(metric(&server, reason).await, 2.0);

    // What the client says itself stands left of what the proxy says.
    let other = open(&server, &ada, "127.0.0.1, 198.51.100.7").await.unwrap();
    let _v6 = open(&server, &ada, "2001:db8::1").await.unwrap();
    drop(third);
    eventually("a stream that was left gives its place back", async || open(&server, &ada, "").await.ok())
        .await;
    drop((first, other));
}

#[tokio::test]
async fn a_header_of_somebody_who_is_no_proxy_changes_nothing() {
    let arguments = ["--set", "realtime.max_connections_per_address=1"];
    let server = Server::start_with(&arguments).await;
    let ada = server.person("ada@example.org", "viewer").await;
    let first = open(&server, &ada, "198.51.100.1").await.unwrap();
    refusal(open(&server, &ada, "198.51.100.2").await);
    // Over a proxy that nobody has told us of, `?token=` is not a matter of this machine.
    let path = format!("/api/sse/items?token={}", ada.token);
    let over_proxy = server.request(Method::GET, "", &path).header("x-forwarded-for", "198.51.100.1");
    let answer = over_proxy.send().await.unwrap();
    assert_eq!(answer.status(), 429, "the place comes first");
    drop(first);
    eventually("it is free", async || {
        let over_proxy = server.request(Method::GET, "", &path).header("x-forwarded-for", "198.51.100.1");
        (over_proxy.send().await.unwrap().status() == StatusCode::UNAUTHORIZED).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_address_opens_so_many_connections_a_second() {
    let arguments = [&PROXY[..], &["--set", "realtime.connects_per_address_s=1"]].concat();
    let server = Server::start_with(&arguments).await;
    let ada = server.person("ada@example.org", "viewer").await;
    let mut open_now = Vec::new();
    let refused = loop {
        match open(&server, &ada, "198.51.100.7").await {
            Ok(socket) => open_now.push(socket),
            refused => break refusal(refused),
        }
        assert!(open_now.len() < 15, "never refused");
    };
    assert!(open_now.len() >= 4, "a burst of four: {}", open_now.len());
    assert_eq!(refused, 1);
    open(&server, &ada, "198.51.100.8").await.unwrap();
    eventually("after a second", async || open(&server, &ada, "198.51.100.7").await.ok()).await;
}

/// Sends `request` and hangs up, at once or after the first bytes of the answer.
async fn hang_up(server: &Server, request: &str, hears: bool) {
    let mut socket = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    if hears {
        let _ = socket.read(&mut [0; 16]).await.unwrap();
    }
    // With a reset where something was not read.
    drop(socket);
}

#[tokio::test]
async fn every_way_out_gives_the_place_back_and_only_once() {
    let settings = ["realtime.max_connections_per_address=4", "realtime.connects_per_address_s=0"];
    let arguments = settings.map(|setting| ["--set", setting]).concat();
    let server = Server::start_with(&arguments).await;
    let ada = server.person("ada@example.org", "viewer").await;
    let upgrade = "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let token = format!("Authorization: Bearer {}\r\n", ada.token);
    let requests = [
        format!("GET /ws HTTP/1.1\r\n{upgrade}{token}\r\n"),
        format!("GET /ws HTTP/1.1\r\n{upgrade}\r\n"),
        format!("GET /ws?token=rubbish HTTP/1.1\r\n{upgrade}\r\n"),
        format!("GET /ws HTTP/1.1\r\nOrigin: https://evil.example\r\n{upgrade}{token}\r\n"),
        format!("GET /ws HTTP/1.1\r\nHost: x\r\n{token}\r\n"),
        format!("GET /api/sse/items HTTP/1.1\r\nHost: x\r\n{token}\r\n"),
        format!("GET /api/sse/items?min_risk=rubbish HTTP/1.1\r\nHost: x\r\n{token}\r\n"),
        "GET /api/sse/items HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
    ];
    for request in &requests {
        for hears in [false, true] {
            for _ in 0..3 {
                hang_up(&server, request, hears).await;
            }
        }
    }
    eventually("nobody is there any more", async || {
        (metric(&server, "crisislens_realtime_addresses").await == 0.0).then_some(())
    })
    .await;
    assert_eq!(metric(&server, "crisislens_realtime_unauthenticated").await, 0.0);
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(open(&server, &ada, "").await.unwrap());
    }
    refusal(open(&server, &ada, "").await);
}
