//! The commands of the guide on notifications, as they stand there.

use std::collections::HashMap;

use reqwest::StatusCode;
use serde_json::Value;

use crate::support::{Server, flood, text};

const GUIDE: &str = include_str!("../../../../docs/guides/notifications.md");

#[tokio::test]
async fn what_the_guide_sets_up_is_taken_as_it_is_written() {
    let server = Server::start().await;
    let approver = server.person("ada@example.org", "approver").await;
    let bob = server.person("bob@example.org", "viewer").await;
    let admin = server.person("admin@example.org", "admin").await;
    server.ingest(&admin.token, &flood("one")).await;
    server.until_total(&approver.token, "/api/alerts", 1).await;
    let alerts = server.get(&approver.token, "/api/alerts").await.expect(StatusCode::OK);
    let mut words = HashMap::from([
        ("$ADA", approver.id.clone()),
        ("$BOB", bob.id),
        ("$ALERT", text(&alerts["items"][0]["id"])),
    ]);
    let mut done = Vec::new();
    for command in GUIDE.split("curl -s \"$URL").skip(1) {
        let filled = |text: &str| {
            let quoted = words.iter().fold(text.to_owned(), |text, (word, id)| {
                text.replace(&format!("'{word}'"), id).replace(word, id)
            });
            assert!(!quoted.contains('$'), "{quoted}");
            quoted
        };
        let path = filled(command.split('"').next().unwrap_or_default());
        // What is sent ends at the end of a line, unlike what stands in for an id.
        let body = command.split_once("-d '").and_then(|(_, rest)| rest.split_once("}'\n"));
        let answer = match body {
            Some((body, _)) => {
                let body: Value = serde_json::from_str(&filled(&format!("{body}}}"))).unwrap_or_default();
                server.post(&approver.token, &path, &body).await
            }
            None => server.get(&approver.token, &path).await,
        };
        assert!(answer.status.is_success(), "{path}: {}", answer.body);
        if path == "/api/on-call-schedules" {
            words.insert("$SCHEDULE", text(&answer.body["id"]));
        }
        if path.contains("/now?") {
            assert_eq!(
                (&answer.body["name"], &answer.body["until"]),
                (&"bob".into(), &"2026-01-10T06:00:00Z".into())
            );
        }
        done.push(path);
    }
    assert_eq!(done.len(), 8, "{done:?}");
}
