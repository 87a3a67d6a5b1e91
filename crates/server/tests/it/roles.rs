//! Processes that do a part of the work each.

use std::time::{Duration, Instant};

use crate::follower::{Addresses, Reporter};
use crate::log_view::settled;
use crate::site::Site;
use crate::socket::Socket;
use crate::support::{Server, eventually, flood};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_node_a_consumer_service_and_a_notifier_do_everything_together_and_stop_in_time() {
    let Some(site) = Site::with_topics().await else { return };
    let mut api = site.node("api", &["serve", "--roles", "api"]);
    let mut workers = site
        .node("workers", &["consumers", "--groups", "crisis-lens-main,crisis-lens-claims,crisis-lens-dlq"]);
    let mut notify = site.node("notify", &["serve", "--roles", "notify"]);
    api.cli(&[
        "users",
        "add",
        "ada@example.org",
        "--role",
        "admin",
        "--email-alerts",
        "--min-severity",
        "low",
    ]);
    api.restart().await;
    let ada = api.login("ada@example.org").await;
    let id = api.ingest(&ada.token, &flood("first")).await.remove(0);

    // Who serves clients works nothing itself.
    let mut socket = Socket::open(&api, "/ws", &ada.token).await;
    assert_eq!(api.total(&ada.token, "/api/items").await, 0);
    workers.restart().await;
    assert_eq!(socket.until("new_item").await["data"]["id"], id.as_str());
    eventually("an alert is raised", async || {
        (api.total(&ada.token, "/api/alerts").await == 1).then_some(())
    })
    .await;
    api.until_total(&ada.token, "/api/items?q=Reno", 1).await;
    assert_eq!(api.total(&ada.token, "/api/outbox").await, 0, "nobody notifies yet");
    notify.restart().await;
    api.until_total(&ada.token, "/api/outbox", 1).await;
    api.until_total(&ada.token, "/api/notifications", 1).await;

    let addresses = Addresses::default();
    addresses.set(0, &api.url);
    let reporter = Reporter::start(&addresses, &ada.token);
    eventually("work is under way", async || {
        (api.total(&ada.token, "/api/items?limit=1").await > 30).then_some(())
    })
    .await;
    stops_in_time(&mut workers).await;
    stops_in_time(&mut notify).await;
    workers.restart().await;
    notify.restart().await;
    let acknowledged = reporter.stop().await;
    api.until_total(&ada.token, "/api/items?limit=1", acknowledged.len() as u64 + 1).await;
    settled(&api, &ada.token).await;
    assert_eq!(api.total(&ada.token, "/api/outbox").await, 1);

    let reporter = Reporter::start(&addresses, &ada.token);
    for server in [&mut workers, &mut notify] {
        stops_in_time(server).await;
    }
    drop(reporter);
    stops_in_time(&mut api).await;
}

/// SIGTERM ends it well within the 15 s that are promised.
async fn stops_in_time(server: &mut Server) {
    let asked = Instant::now();
    server.terminate();
    assert_eq!(server.ended().await.code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
}

#[test]
fn a_part_of_the_work_needs_a_log_that_can_be_shared() {
    let alone = Server::prepare(&[]);
    for command in [&["serve", "--roles", "api"][..], &["consumers"]] {
        let refused = alone.run(command);
        let reason = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success());
        assert!(
            reason.contains("embedded log belongs to one process") && reason.contains("kafka://"),
            "{reason}"
        );
    }
}
