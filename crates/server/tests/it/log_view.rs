//! What stands on the log, as `/api/topics` shows it to an operator.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use crate::support::{Server, eventually_within, text};

/// Who reads what; each must be at the end before nothing more can change.
const CONSUMERS: [(&str, &str); 5] = [
    ("raw-items", "crisis-lens-main/normalise"),
    ("normalized-items", "crisis-lens-main/incidents"),
    ("normalized-items", "crisis-lens-main/search"),
    ("alerts", "crisis-lens-notifications/recipients"),
    ("notifications", "crisis-lens-notifications/dispatch"),
];

/// Consumers may have much to catch up on.
const LONG: Duration = Duration::from_secs(120);

/// Every topic.
pub async fn topics(server: &Server, admin: &str) -> Vec<Value> {
    let answer = server.get(admin, "/api/topics").await.expect(StatusCode::OK);
    answer["items"].as_array().unwrap().clone()
}

/// Every record of a topic, partition by partition in offset order.
pub async fn records(server: &Server, admin: &str, topic: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let view = topics(server, admin).await.into_iter().find(|view| view["name"] == topic).unwrap();
    for partition in view["partitions"].as_array().unwrap() {
        let (number, end) = (&partition["partition"], partition["end"].as_u64().unwrap());
        let mut from = partition["start"].as_u64().unwrap();
        while from < end {
            let path = format!("/api/topics/{topic}/records?partition={number}&offset={from}&limit=1000");
            let page = server.get(admin, &path).await.expect(StatusCode::OK);
            all.extend(page["items"].as_array().unwrap().iter().cloned());
            from = all.last().unwrap()["offset"].as_u64().unwrap() + 1;
        }
    }
    all
}

/// How many records each topic holds.
pub async fn ends(server: &Server, admin: &str) -> BTreeMap<String, u64> {
    let sum = |view: &Value| -> u64 {
        view["partitions"].as_array().unwrap().iter().map(|part| part["end"].as_u64().unwrap()).sum()
    };
    topics(server, admin).await.iter().map(|view| (text(&view["name"]), sum(view))).collect()
}

/// Waits until every consumer has read everything, and reading has brought nothing new.
pub async fn settled(server: &Server, admin: &str) {
    let mut before = BTreeMap::new();
    let mut quiet = 0;
    eventually_within(LONG, "every consumer is at the end of its topic", async || {
        let views = topics(server, admin).await;
        let now = ends(server, admin).await;
        let is_quiet =
            now == before && CONSUMERS.iter().all(|(topic, consumer)| is_at_end(&views, topic, consumer));
        // The relay brings what a handler decided to the log a moment later.
        quiet = if is_quiet { quiet + 1 } else { 0 };
        before = now;
        (quiet >= 10).then_some(())
    })
    .await;
}

fn is_at_end(views: &[Value], topic: &str, consumer: &str) -> bool {
    let view = views.iter().find(|view| view["name"] == topic).unwrap();
    view["partitions"].as_array().unwrap().iter().all(|part| {
        part["consumers"].get(consumer).map_or(part["end"] == part["start"], |next| *next == part["end"])
    })
}
