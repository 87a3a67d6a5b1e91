//! What hostile testers found once: each stays found.

use std::fs;

use reqwest::StatusCode;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::socket::Events;
use crate::support::{PATIENCE, Server, eventually, flood, note};

#[tokio::test]
async fn nobody_overwrites_what_an_authority_said_and_an_exercise_takes_nobodys_place() {
    let server = Server::start().await;
    let admin = server.person("ada@example.org", "admin").await;
    let analyst = server.person("ben@example.org", "analyst").await;
    let id = server.ingest(&admin.token, &flood("one")).await.remove(0);
    server.item(&admin.token, &id).await;
    let mut all_clear = flood("one");
    all_clear["title"] = json!("False alarm");
    let answer = server.post(&analyst.token, "/api/ingest", &all_clear).await.problem(403);
    assert!(answer["detail"].as_str().is_some_and(|detail| detail.contains("official")), "{answer}");
    let drill = |name: &str| {
        let mut drill = flood(name);
        drill["exercise"] = json!(true);
        drill
    };
    let drills = server.ingest(&analyst.token, &json!([drill("one"), drill("two")])).await;
    server.item(&admin.token, &drills[1]).await;
    assert_eq!(server.item(&admin.token, &drills[0]).await["exercise"], true);
    let item = server.item(&admin.token, &id).await;
    assert_eq!((&item["source_kind"], &item["revision"]), (&json!("official"), &json!(1)));
    assert!(item["exercise"].is_null());
    // Whoever was first: the authority is heard.
    let two = server.ingest(&admin.token, &flood("two")).await.remove(0);
    assert_eq!(server.item(&admin.token, &two).await["source_kind"], "official");
}

#[tokio::test]
async fn every_revision_that_will_not_be_made_is_told_and_of_lines_only_that_one() {
    let server = Server::start().await;
    let admin = server.person("ada@example.org", "admin").await;
    let mut post = flood("one");
    post["source_kind"] = json!("social");
    let both = json!([flood("one"), post]);
    let answer = server.post(&admin.token, "/api/ingest", &both).await.problem(403);
    assert!(answer["detail"].as_str().is_some_and(|detail| detail.starts_with("[1]: ")), "{answer}");
    let lines = format!("{}\n{post}\n{}\n", flood("one"), flood("two"));
    let answer = server.ingest_bytes(&admin.token, "application/x-ndjson", lines).await;
    let taken = answer.expect(reqwest::StatusCode::ACCEPTED);
    assert_eq!((&taken["accepted"], &taken["rejected"][0]["field"]), (&json!(2), &json!("[1].source_kind")));
    server.until_total(&admin.token, "/api/items", 2).await;
}

#[tokio::test]
async fn who_sends_half_a_request_or_none_is_let_go_and_a_live_connection_is_not() {
    let server = Server::start_with(&["--set", "http.idle_timeout_s=1"]).await;
    let ada = server.person("ada@example.org", "analyst").await;
    let mut live = Events::open(&server, "/api/sse/items", &ada.token, None).await;
    let address = server.url.trim_start_matches("http://").to_owned();
    for start in ["", "GET /healthz HTTP/1.1\r\nHost: ", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"] {
        let mut socket = tokio::net::TcpStream::connect(&address).await.unwrap();
        socket.write_all(start.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let end = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut answer)).await;
        end.expect("it is closed").unwrap();
        assert_eq!(answer.starts_with(b"HTTP/1.1 200"), start.ends_with("\r\n\r\n"), "{start:?}");
    }
    let id = server.ingest(&ada.token, &note(1)).await.remove(0);
    assert_eq!(live.until("new_item").await.data["data"]["id"], json!(id));
}

#[tokio::test]
async fn who_is_not_signed_in_sends_only_what_is_short() {
    let server = Server::start().await;
    let long = json!({"email": "ada@example.org", "password": "x".repeat(20_000)});
    server.post("", "/api/auth/login", &long).await.problem(413);
}

#[tokio::test]
async fn an_entry_that_returns_to_an_earlier_text_within_one_request_ends_with_that_text() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let entry = |text: &str| json!({"source": "gauge", "source_id": "1", "text": text, "timestamp": "2026-01-01T00:00:00Z"});
    let id = server
        .ingest(&ada.token, &json!([entry("rising"), entry("falling"), entry("rising")]))
        .await
        .remove(0);
    eventually("the third revision", async || {
        let item = server.item(&ada.token, &id).await;
        (item["revision"] == 3 && item["text"] == "rising").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_stream_with_an_unreadable_position_says_so_and_goes_on_live() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    for (number, last) in ["rubbish", "r\u{fc}bbish"].into_iter().enumerate() {
        let mut events = Events::open(&server, "/api/sse/items", &ada.token, Some(last)).await;
        assert_eq!(events.until("joined_room").await.data["recovered"], false);
        assert_eq!(events.until("resync").await.data["reason"], "invalid_position");
        let id = server.ingest(&ada.token, &note(number as u32)).await.remove(0);
        assert_eq!(events.until("new_item").await.data["data"]["id"], json!(id));
    }
}

#[tokio::test]
async fn large_answers_that_nobody_reads_do_not_pile_up() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let large = |number: usize| {
        json!({"source": "test", "source_id": number.to_string(), "text": format!("{number} {}", "x".repeat(1_000_000)),
            "timestamp": "2026-01-01T00:00:00Z"})
    };
    for number in 0..6 {
        server.ingest(&ada.token, &large(number)).await;
    }
    server.until_total(&ada.token, "/api/items", 6).await;
    let page = server.get(&ada.token, "/api/items?limit=200").await.expect(StatusCode::OK);
    let count = page["items"].as_array().unwrap().len();
    assert!((3..6).contains(&count) && page["next"].is_string(), "{count} of them fit on a page");
    let all = server.all(&ada.token, "/api/items").await;
    assert_eq!(all.len(), 6);

    let address = server.url.trim_start_matches("http://").to_owned();
    let mut sockets = Vec::new();
    for _ in 0..20 {
        let mut socket = tokio::net::TcpStream::connect(&address).await.unwrap();
        let request = format!(
            "GET /api/items?limit=200 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
            ada.token
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        sockets.push(socket);
    }
    let refused = eventually("too much waits", async || {
        let answer = server.get(&ada.token, "/api/items?limit=200").await;
        (answer.status == StatusCode::TOO_MANY_REQUESTS).then_some(answer)
    });
    let refused = refused.await;
    assert_eq!(refused.headers["retry-after"], "1");
    refused.problem(429);
    let ben = server.person("ben@example.org", "viewer").await;
    server.get(&ben.token, "/api/items?limit=200").await.expect(StatusCode::OK);
    drop(sockets);
    eventually("they are gone", async || {
        (server.get(&ada.token, "/api/items?limit=200").await.status == StatusCode::OK).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_log_that_the_store_has_not_consumed_is_refused_at_the_start() {
    let mut server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let id = server.ingest(&ada.token, &note(1)).await.remove(0);
    server.item(&ada.token, &id).await;
    server.kill9();
    fs::remove_dir_all(server.data_dir().join("log")).unwrap();
    let refused = server.run(&["topics", "list"]);
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("does not belong to the store"), "{said}");
}
