//! `crisislens dlq replay` of many letters, some of which cannot be replayed.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::letters::{letter_of, offset, publish, rubbish};
use crate::support::Server;

#[tokio::test]
async fn a_letter_from_another_program_holds_up_no_other() {
    let server = Server::start().await;
    let admin = server.person("ada@example.org", "admin").await.token;
    rubbish(&server, &admin, "raw-items", 1).await;
    let event = publish(&server, &admin, "dlq", "k", Some(b"from elsewhere")).await;
    let foreign = offset(&letter_of(&server, &admin, &event, 1).await);
    rubbish(&server, &admin, "raw-items", 2).await;
    let output = server.run(&["dlq", "replay", "--all"]);
    let (said, noted) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{said}{noted}");
    assert!(said.contains(&format!("{foreign}  from another program")), "{said}");
    assert!(said.contains("3 replayed") && noted.contains("1 could not be done"), "{said}{noted}");
}

/// What the server of [`a_letter_that_the_server_cannot_handle_holds_up_no_other`] was asked.
type Asked = Arc<Mutex<Vec<Value>>>;

/// Knows letters 1 to 5, of which 1 and 4 cannot be read back.
async fn replay(State(asked): State<Asked>, Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    asked.lock().unwrap().push(body.clone());
    let after = body["after"].as_u64().unwrap_or(0);
    let limit = body["limit"].as_u64().unwrap_or(500);
    let is_trial = body["dry_run"] == true;
    let mut outcomes = Vec::new();
    for offset in (after + 1..=5).take(limit.try_into().unwrap()) {
        if !is_trial && [1, 4].contains(&offset) {
            if outcomes.is_empty() {
                let detail = json!({"detail": format!("the record at dlq/0/{offset} is damaged")});
                return (StatusCode::INTERNAL_SERVER_ERROR, Json(detail));
            }
            break;
        }
        outcomes.push(json!({"offset": offset, "outcome": if is_trial { "due" } else { "replayed" }}));
    }
    let next = outcomes.last().map_or(after, |last| last["offset"].as_u64().unwrap());
    let answer =
        json!({"outcomes": outcomes, "remaining": 5 - next, "next": next, "until": "2026-01-01T00:00:00Z"});
    (StatusCode::OK, Json(answer))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_the_server_cannot_handle_holds_up_no_other() {
    let server = Server::start().await;
    let asked = Asked::default();
    let router = Router::new().route("/api/dlq/replay", post(replay)).with_state(Arc::clone(&asked));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = json!({"url": format!("http://{}", listener.local_addr().unwrap()), "pid": 1});
    std::fs::write(server.data_dir().join("server.json"), endpoint.to_string()).unwrap();
    let served = tokio::spawn(async { axum::serve(listener, router).await });

    let output = server.run(&["dlq", "replay", "--all"]);
    let (said, noted) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    for offset in [1, 4] {
        let line =
            format!("{offset}  refused: 500 Internal Server Error: the record at dlq/0/{offset} is damaged");
        assert!(said.contains(&line), "{said}{noted}");
    }
    assert!(said.contains("2 refused, 3 replayed") && noted.contains("2 could not be done"), "{said}{noted}");
    assert_eq!(output.status.code(), Some(1));

    served.abort();
    let _ = served.await;
    let gone = server.run(&["dlq", "replay", "--all"]);
    assert!(String::from_utf8_lossy(&gone.stderr).contains("does not answer"), "{gone:?}");
}
