//! Requests that no route can serve: every refusal is a problem document (RFC 9457).

use reqwest::{Method, StatusCode};

use crate::support::{Answer, Server};

#[tokio::test]
async fn every_refusal_is_a_problem_document() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "admin").await;
    let nobody = "/api/items/00000000-0000-0000-0000-000000000000";
    for (method, path, status) in [
        (Method::GET, "/api/none", 404),
        (Method::GET, "/api", 404),
        (Method::POST, "/ws/none", 404),
        (Method::GET, nobody, 404),
        (Method::GET, "/api/items/seven", 400),
        (Method::GET, "/api/incidents/seven", 400),
        (Method::GET, "/api/alerts/00000000-0000-0000-0000-000000000000", 404),
        (Method::GET, "/api/incidents/00000000-0000-0000-0000-000000000000", 404),
        (Method::GET, "/api/incidents?status=sleepy", 400),
        (Method::GET, "/api/incidents?limit=0", 400),
        (Method::GET, "/api/alerts?cursor=rubbish", 400),
        (Method::GET, "/api/notifications?unread=perhaps", 400),
        (Method::POST, "/api/notifications/00000000-0000-0000-0000-000000000000/read", 404),
        (Method::GET, "/api/topics/none/records", 404),
        (Method::GET, "/api/topics/raw-items/records?partition=6", 404),
        (Method::GET, "/api/topics/raw-items/records?partition=0&offset=99", 404),
        (Method::GET, "/api/items/%FF", 400),
        (Method::GET, "/ws", 400),
        (Method::GET, "/api/sse/items?hazard=flod", 400),
        (Method::GET, "/api/sse/items?room=global", 400),
        (Method::GET, "/api/sse/alerts?q=words", 400),
        (Method::PATCH, nobody, 415),
        (Method::POST, "/api/auth/login", 415),
    ] {
        let answer = Answer::of(server.request(method.clone(), &ada.token, path)).await;
        println!("{method} {path}: {}", answer.status);
        answer.problem(status);
    }
    for (method, path, allowed) in [
        (Method::DELETE, nobody, "GET, PATCH, HEAD"),
        (Method::PUT, "/api/ingest", "POST"),
        (Method::POST, "/healthz", "GET, HEAD"),
        (Method::GET, "/api/auth/login", "POST"),
        (Method::POST, "/api/items", "GET, HEAD"),
        (Method::POST, "/metrics", "GET, HEAD"),
        (Method::PUT, "/ws", "GET, HEAD"),
        (Method::DELETE, "/", "GET, HEAD"),
    ] {
        for token in ["", &ada.token] {
            let answer = Answer::of(server.request(method.clone(), token, path)).await;
            let told = answer.headers.get("allow").and_then(|value| value.to_str().ok());
            assert_eq!(told, Some(allowed), "{method} {path}: {}", answer.status);
            answer.problem(405);
        }
    }
    // What is misspelled would let everything through.
    for (path, field, known) in [
        ("/api/items?hazrd=flood", "hazrd", "hazard"),
        ("/api/items/facets?limit=5", "limit", "exercise_id"),
        ("/api/incidents?status=open&exercises=true", "exercises", "exercise, exercise_id, limit, cursor"),
        ("/api/alerts?severity=high", "severity", "exercise, exercise_id, limit, cursor"),
        ("/api/claims?exercise=true&%00=1", "\0", "order"),
        ("/api/auth/me?x", "x", "no parameters"),
    ] {
        let answer = server.get(&ada.token, path).await.problem(400);
        assert_eq!(answer["errors"][0]["field"], field, "{path}: {answer}");
        let detail = answer["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("is not taken here; th") && detail.contains(known), "{path}: {answer}");
    }
    for path in [
        "/api/items?risk_min=0.1&max_risk=0.9&exercise=true",
        "/api/alerts?",
        "/api/items?exercise=false&q=x",
    ] {
        server.get(&ada.token, path).await.expect(StatusCode::OK);
    }
    server.get("", "/api/items?hazrd=flood").await.problem(401);
    let many = vec!["XX"; 101].join(",");
    let answer = server.get(&ada.token, &format!("/api/items?country={many}")).await.problem(400);
    assert!(answer["detail"].as_str().is_some_and(|detail| detail.contains("at most 100")), "{answer}");
    let upgrade = [("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13")];
    let socket = server.request(Method::GET, &ada.token, "/ws?hazard=flood");
    let socket = upgrade.iter().fold(socket, |request, (name, value)| request.header(*name, *value));
    let socket = socket.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let answer = Answer::of(socket).await.problem(400);
    assert_eq!(answer["errors"][0]["field"], "hazard", "{answer}");
    let broken =
        server.request(Method::POST, "", "/api/auth/login").header("content-type", "application/json");
    Answer::of(broken.body("{\"email\":")).await.problem(400);
}

#[tokio::test]
async fn security_headers_stand_on_every_answer() {
    let server = Server::start().await;
    for path in ["/healthz", "/api/none", "/api/items", "/api/docs"] {
        let answer = server.get("", path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
        ] {
            assert_eq!(answer.headers[name], value, "{path}");
        }
    }
}
