//! The audit log beside dead letters: records published by hand, and accounts.
#![expect(clippy::unwrap_used, reason = "test support")]

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Server};

/// What was done of this kind, oldest first, as who, to what and the details.
async fn entries(server: &Server, admin: &str, kind: &str) -> Vec<(Value, Value, Value, Value)> {
    let all = server.all(admin, "/api/audit").await;
    let text = json!(all).to_string();
    for secret in [PASSWORD, "argon2", "another one", "very hush"] {
        assert!(!text.contains(secret), "{secret} is on the audit log: {text}");
    }
    let mut found: Vec<_> = all
        .into_iter()
        .filter(|entry| entry["action"].as_str().unwrap().starts_with(kind))
        .map(|entry| {
            (
                entry["action"].clone(),
                entry["actor"].clone(),
                entry["subject"].clone(),
                entry["detail"].clone(),
            )
        })
        .collect();
    found.reverse();
    found
}

#[tokio::test]
async fn records_published_by_hand_are_noted_once_each_and_refused_ones_are_not() {
    let server = Server::start().await;
    let admin = server.person("ada@example.org", "admin").await;
    let id = uuid::Uuid::now_v7().to_string();
    let body = json!({"key": "very hush", "type": "crisislens.test", "id": id, "value": {"x": "very hush"}});
    server.post(&admin.token, "/api/topics/alerts/records", &body).await.expect(StatusCode::CREATED);
    server.cli(&["publish", "alerts", "--key", "k", "--type", "crisislens.test", "{}"]);
    let large = json!({"key": "k", "type": "crisislens.test", "value": "x".repeat(2 << 20)});
    server.post(&admin.token, "/api/topics/alerts/records", &large).await.problem(413);
    server
        .post(&admin.token, "/api/topics/alerts/records", &json!({"key": "k", "type": "t"}))
        .await
        .problem(422);

    let noted = entries(&server, &admin.token, "topics.").await;
    assert_eq!(noted.len(), 2, "{noted:?}");
    let (action, actor, subject, detail) = &noted[0];
    assert_eq!((action, actor), (&json!("topics.publish"), &json!(admin.id)));
    assert_eq!(subject, "alerts");
    assert_eq!((&detail["event_id"], &detail["type"]), (&json!(id), &json!("crisislens.test")));
    assert_eq!((&noted[1].1, &noted[1].2), (&json!("operator"), &json!("alerts")));
}

#[tokio::test]
async fn an_array_of_records_is_published_whole_in_order_and_each_is_noted() {
    let server = Server::start().await;
    let admin = server.person("ada@example.org", "admin").await;
    let record = |n: usize| json!({"key": "k", "type": format!("crisislens.test-{n}"), "value": {"n": n}});
    let many: Vec<Value> = (0..50).map(record).collect();
    let path = "/api/topics/alerts/records";
    let placed = server.post(&admin.token, path, &json!(many)).await.expect(StatusCode::CREATED);
    let offsets: Vec<u64> =
        placed["items"].as_array().unwrap().iter().map(|place| place["offset"].as_u64().unwrap()).collect();
    assert_eq!((placed["total"].as_u64(), offsets), (Some(50), (0..50).collect()));

    // One that is wrong refuses all, and says which.
    let refused = server.post(&admin.token, path, &json!([record(50), {"key": "k", "type": "t"}])).await;
    let problem = refused.problem(422);
    assert_eq!(problem["errors"][0]["field"], "[1].value", "{problem}");
    server.post(&admin.token, path, &json!([])).await.problem(400);
    server.post(&admin.token, path, &json!(vec![record(0); 1_001])).await.problem(413);
    server.post(&admin.token, path, &json!([[record(0)]])).await.problem(422);

    let noted = entries(&server, &admin.token, "topics.").await;
    let kinds: Vec<_> = noted.iter().map(|(.., detail)| detail["type"].clone()).collect();
    assert_eq!(kinds.len(), 50, "{kinds:?}");
    assert!((0..50).all(|n| kinds.contains(&json!(format!("crisislens.test-{n}")))));
}

#[tokio::test]
async fn accounts_that_are_made_and_changed_are_noted_once_each() {
    let server = Server::start().await;
    let admin = server.person("ada@example.org", "admin").await;
    let body = json!({"email": "bob@example.org", "name": "Bob", "password": PASSWORD});
    let made = server.post("", "/api/auth/register", &body).await.expect(StatusCode::CREATED);
    server.post("", "/api/auth/register", &body).await.problem(409);
    server.cli(&["users", "role", "bob@example.org", "analyst"]);
    let set = server
        .command(&["users", "password", "bob@example.org"])
        .env("CRISISLENS_PASSWORD", "another one")
        .output();
    assert!(set.unwrap().status.success());
    server.cli(&["users", "add", "bob@example.org", "--role", "viewer", "--or-update"]);
    assert!(!server.run(&["users", "add", "bob@example.org"]).status.success());

    let bob = made["id"].clone();
    let subject = json!(format!("users/{}", bob.as_str().unwrap()));
    let email = json!("bob@example.org");
    let password = || (json!("users.password"), json!("cli"), subject.clone(), json!({"email": email}));
    let role = |role: &str, before: &str| {
        let detail = json!({"email": email, "role": role, "before": before});
        (json!("users.role"), json!("cli"), subject.clone(), detail)
    };
    let noted = entries(&server, &admin.token, "users.").await;
    assert_eq!(
        noted,
        [
            (
                json!("users.add"),
                json!("cli"),
                json!(format!("users/{}", admin.id)),
                json!({"email": "ada@example.org", "role": "admin"})
            ),
            (
                json!("users.register"),
                bob.clone(),
                subject.clone(),
                json!({"email": email, "role": "viewer"})
            ),
            role("analyst", "viewer"),
            password(),
            password(),
            role("viewer", "analyst"),
        ]
    );
}
