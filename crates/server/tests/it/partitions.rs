//! Partitions that an operator adds while nodes run.
#![expect(clippy::unwrap_used, reason = "test support")]

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::log_view::{settled, topics};
use crate::site::Site;
use crate::socket::Socket;
use crate::support::{eventually, note};

/// As shipped, with more partitions of two topics.
fn wider(folder: &std::path::Path) -> String {
    let shipped =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infrastructure/kafka/topics.yaml");
    let text = std::fs::read_to_string(shipped).unwrap();
    let wider = text.replace("partitions: 6", "partitions: 9");
    assert_ne!(text, wider);
    let file = folder.join("topics.yaml");
    std::fs::write(&file, wider).unwrap();
    format!("log.topics_file={}", file.display())
}

fn partitions<'a>(topics: &'a [Value], name: &str) -> &'a [Value] {
    topics.iter().find(|topic| topic["name"] == name).unwrap()["partitions"].as_array().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_on_partitions_that_were_added_are_worked_shown_and_found_by_nodes_that_run() {
    let Some(site) = Site::with_topics().await else { return };
    let soon = ["log.kafka.metadata_refresh_ms=500".to_owned()];
    let mut nodes = ["one", "two"].map(|name| site.node_with(name, &soon, &["serve"]));
    let [one, two] = &mut nodes;
    tokio::join!(one.restart(), two.restart());
    let [one, two] = &nodes;
    let admin = one.person("ada@example.org", "admin").await.token;
    one.ingest(&admin, &json!((0..20).map(note).collect::<Vec<_>>())).await;
    one.until_total(&admin, "/api/items?limit=1", 20).await;

    let folder = tempfile::tempdir().unwrap();
    let file = wider(folder.path());
    let plan = one.cli(&["--set", &file, "topics", "init", "--dry-run"]);
    assert!(plan.contains("raw-items: 6 → 9 (keys move") && plan.contains("no restart"), "{plan}");
    let made = one.cli(&["--set", &file, "topics", "init"]);
    assert!(made.contains("2 changes made"), "{made}");
    for node in [one, two] {
        eventually("the node knows of them", async || {
            let topics = topics(node, &admin).await;
            let known =
                ["raw-items", "normalized-items"].iter().all(|name| partitions(&topics, name).len() == 9);
            known.then_some(())
        })
        .await;
    }

    let mut sockets = [Socket::open(one, "/ws", &admin).await, Socket::open(two, "/ws", &admin).await];
    one.ingest(&admin, &json!((100..160).map(note).collect::<Vec<_>>())).await;
    for (node, socket) in [one, two].into_iter().zip(&mut sockets) {
        node.until_total(&admin, "/api/items?limit=1", 80).await;
        node.until_total(&admin, "/api/items?q=quiet&limit=1", 80).await;
        for _ in 0..60 {
            socket.until("new_item").await;
        }
        settled(node, &admin).await;
        let topics = topics(node, &admin).await;
        for name in ["raw-items", "normalized-items"] {
            let added = &partitions(&topics, name)[6..];
            assert!(added.iter().any(|partition| partition["end"].as_u64() > Some(0)), "{name}: {added:?}");
        }
    }
    let groups = one.get(&admin, "/api/topics/groups").await.expect(StatusCode::OK);
    let held = |group: &Value| -> usize {
        let members = group["members"].as_array().unwrap().iter();
        members.map(|member| member["partitions"].as_array().unwrap().len()).sum()
    };
    let raw = groups["items"].as_array().unwrap().iter().find(|group| group["topic"] == "raw-items").unwrap();
    assert_eq!(held(raw), 9, "{raw}");
}
