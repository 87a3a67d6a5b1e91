//! What proves who somebody is, or acts in their name, stands in no log, on whatever level, and in no answer but the one that gave it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::socket::{Events, Socket};
use crate::support::{PASSWORD, Server, eventually, flood, text};

#[tokio::test]
async fn no_token_ticket_or_password_is_logged_or_repeated() {
    let environment = vec![("RUST_LOG".to_owned(), "trace".to_owned())];
    let mut server = Server::prepare_in(environment, &["serve", "--set", "realtime.query_token=always"]);
    server.restart().await;
    let ada = server.person("ada@example.org", "admin").await;
    let wrong = "wrong-eyJhbGciOiJIUzI1NiJ9";
    let ticket = async || {
        let ticket = server.post(&ada.token, "/api/ws/ticket", &Value::Null).await.body;
        text(&ticket["ticket"])
    };
    let (one, other) = (ticket().await, ticket().await);
    let secrets = [&*ada.token, &*ada.refresh, wrong, &*one, &*other, PASSWORD];

    let good = [format!("token={}", ada.token), format!("ticket={one}")];
    for query in &good {
        let mut socket = Socket::connect(&server, &format!("/ws?{query}"), &[]).await.unwrap();
        socket.until("joined_room").await;
        socket.send(&json!({"type": "auth", "token": ada.token})).await;
        socket.send(&json!({"type": "join_room", "room": ada.token})).await;
        let _ = socket.drain().await;
    }
    for query in [format!("token={}", ada.token), format!("ticket={other}")] {
        Events::open(&server, &format!("/api/sse/stream?{query}"), "", None).await;
    }
    let protocol = format!("bearer.{}", ada.token);
    let mut socket = Socket::connect(&server, "/ws", &[("sec-websocket-protocol", &protocol)]).await.unwrap();
    socket.until("joined_room").await;
    for path in [format!("/ws?token={wrong}"), format!("/ws?ticket={wrong}"), format!("/ws?ticket={one}")] {
        let mut socket = Socket::connect(&server, &path, &[]).await.unwrap();
        assert_eq!(socket.close_code().await, 1008);
    }
    let mut socket = Socket::connect(&server, "/ws", &[]).await.unwrap();
    socket.send(&json!({"type": "auth", "token": wrong})).await;
    assert_eq!(socket.close_code().await, 1008);

    for (method, path) in [
        (Method::GET, "/ws?token=SECRET"),
        (Method::POST, "/ws?token=SECRET"),
        (Method::GET, "/ws/items/none?token=SECRET"),
        (Method::GET, "/api/sse/items?token=SECRET&min_risk=high"),
        (Method::GET, "/api/sse/items?token=SECRET&q=flood"),
        (Method::GET, "/api/sse/items?ticket=SECRET"),
        (Method::GET, "/api/items?token=SECRET&bbox=1"),
        (Method::GET, "/api/none?token=SECRET"),
        (Method::DELETE, "/api/items?token=SECRET"),
        (Method::GET, "/none?token=SECRET"),
    ] {
        for secret in [&ada.token, wrong] {
            let path = path.replace("SECRET", secret);
            let referer = format!("{}/page?token={secret}", server.url);
            let request = server.request(method.clone(), secret, &path).header("referer", referer);
            let answer = request.send().await.unwrap();
            assert_eq!(answer.headers()["referrer-policy"], "same-origin", "{path:.40}");
            let headers = format!("{:?}", answer.headers());
            let kind = answer.headers().get("content-type");
            let is_stream = kind.is_some_and(|kind| kind == "text/event-stream");
            let body = if is_stream { String::new() } else { answer.text().await.unwrap() };
            assert!(!body.contains(secret) && !headers.contains(secret), "{path:.40}: {headers} {body}");
        }
    }
    for (email, password) in [("ada@example.org", "wrong horse battery"), ("nobody@example.org", PASSWORD)] {
        let credentials = json!({"email": email, "password": password});
        server.post("", "/api/auth/login", &credentials).await.problem(401);
    }
    server.post("", "/api/auth/refresh", &json!({"refresh_token": ada.refresh})).await;
    server.post("", "/api/auth/logout", &json!({"refresh_token": ada.refresh})).await;

    server.terminate();
    assert!(server.ended().await.success());
    let log = server.log();
    for told in ["TRACE", "\"SELECT"] {
        assert!(log.contains(told), "{told}: it was logged on every level, the statements too");
    }
    for secret in secrets.into_iter().chain(["wrong horse battery"]) {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "a secret was logged");
    }
}

#[tokio::test]
async fn no_link_that_acts_for_its_reader_and_no_address_of_a_program_is_logged() {
    let environment = vec![("RUST_LOG".to_owned(), "trace".to_owned())];
    let arguments = [
        "serve",
        "--set",
        "notify.public_url=https://desk.example.org",
        "--set",
        "notify.webhook=[\"webhook\"]",
    ];
    let mut server = Server::prepare_in(environment, &arguments);
    server.restart().await;
    let ada = server.person("ada@example.org", "admin").await;
    let secret = "T0KEN-hush-hush";
    let hook = json!({"label": "bot", "target": {"kind": "webhook", "url": format!("https://bot.invalid/{secret}?key={secret}")}});
    server.post(&ada.token, "/api/notifications/devices", &hook).await;
    let wants = json!({"channels": {"alerts": ["inbox", "email", "webhook"]}, "min_severity": "low"});
    let put = server.request(Method::PUT, &ada.token, "/api/notifications/preferences").json(&wants);
    assert!(put.send().await.unwrap().status().is_success());
    server.ingest(&ada.token, &flood("one")).await;
    let mail = eventually("a mail", async || {
        let all = server.get(&ada.token, "/api/outbox?channel=email").await.body;
        all["items"].as_array()?.first().map(|mail| text(&mail["text"]))
    })
    .await;
    let token = |kind: &str| {
        let (_, rest) = mail.split_once(&format!("/api/notifications/{kind}/")).unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    };
    let tokens = [("acknowledge", token("acknowledge")), ("unsubscribe", token("unsubscribe"))];
    for (kind, token) in &tokens {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            for path in [
                format!("/api/notifications/{kind}/{token}"),
                format!("/api/notifications/{kind}/{token}x?y={token}"),
            ] {
                let answer = server.request(method.clone(), "", &path).send().await.unwrap();
                assert!(answer.status().as_u16() < 500, "{method} {path}");
            }
        }
    }
    eventually("the program was tried", async || {
        let all = server.get(&ada.token, "/api/notifications/deliveries?channel=webhook").await.body;
        let id = text(&all["items"].as_array()?.first()?["id"]);
        let one = server.get(&ada.token, &format!("/api/notifications/deliveries/{id}")).await.body;
        one["attempts"][0]["outcome"].as_str().map(str::to_owned)
    })
    .await;
    server.terminate();
    assert!(server.ended().await.success());
    let log = server.log();
    assert!(log.contains("TRACE"));
    for secret in tokens.iter().map(|(_, token)| &**token).chain([secret]) {
        assert_eq!(log.lines().find(|line| line.contains(secret)), None, "a secret was logged");
    }
}
