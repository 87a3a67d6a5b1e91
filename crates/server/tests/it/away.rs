//! A server whose log goes away: it takes raw items within its budget, shows what it has, and catches up by itself.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use crisislens_servers::{Kafka, KafkaOptions};
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::log_view::settled;
use crate::support::{Server, eventually, note};

/// Raw items that may be spooled; the revisions below are as many.
const BUDGET: u32 = 100;

/// A server on a broker of its own, which can be killed; says so where it may not start one.
async fn server_and_broker() -> Option<(Server, Arc<Kafka>)> {
    if std::env::var("CRISISLENS_TEST_SERVERS").as_deref() != Ok("1") {
        println!("skipped: a broker that is killed, because CRISISLENS_TEST_SERVERS is not 1");
        return None;
    }
    let kafka = tokio::task::spawn_blocking(|| Kafka::start(KafkaOptions::default())).await.unwrap().unwrap();
    let sets = [
        format!("log.url=kafka://{}", kafka.bootstrap()),
        format!("log.kafka.prefix=away-{}.", Uuid::now_v7().simple()),
        "log.kafka.delivery_timeout_ms=5000".to_owned(),
        "ingest.patience_ms=1000".to_owned(),
        format!("ingest.outbox_max_records={BUDGET}"),
    ];
    let settings: Vec<String> = sets.into_iter().flat_map(|set| ["--set".to_owned(), set]).collect();
    let mut server = Server::prepare_with(settings, &["serve"]);
    server.cli(&["topics", "init"]);
    server.restart().await;
    Some((server, Arc::new(kafka)))
}

async fn on_broker(kafka: &Arc<Kafka>, act: impl FnOnce(&Kafka) + Send + 'static) {
    let kafka = Arc::clone(kafka);
    tokio::task::spawn_blocking(move || act(&kafka)).await.unwrap();
}

fn corrected(number: u32) -> Value {
    let mut entry = note(number);
    entry["text"] = json!(format!("quiet note number {number}, corrected"));
    entry
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_ingested_while_the_broker_is_dead_takes_effect_once_in_order_when_it_is_back() {
    let Some((server, kafka)) = server_and_broker().await else { return };
    let token = server.person("ada@example.org", "admin").await.token;
    for number in 0..5 {
        server.ingest(&token, &note(number)).await;
    }
    server.until_total(&token, "/api/items", 5).await;
    settled(&server, &token).await;

    on_broker(&kafka, |kafka| kafka.kill(1).unwrap()).await;
    let begun = Instant::now();
    let mut ids = Vec::new();
    for number in 0..BUDGET / 2 {
        ids.extend(server.ingest(&token, &note(100 + number)).await);
        server.ingest(&token, &corrected(100 + number)).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(30), "only the first waits: {:?}", begun.elapsed());
    assert_full(&server, &token).await;
    assert_still_serving(&server, &token).await;

    on_broker(&kafka, |kafka| kafka.start_node(1).unwrap()).await;
    server.until_total(&token, "/api/items", 5 + u64::from(BUDGET / 2)).await;
    settled(&server, &token).await;
    for id in ids {
        let item = server.item(&token, &id).await;
        let (revision, text) = (item["revision"].as_u64().unwrap(), item["text"].as_str().unwrap());
        assert!(revision == 2 && text.ends_with("corrected"), "{item}");
    }
    let ready = eventually("it is well", async || {
        let answer = server.get("", "/readyz").await;
        (answer.status == StatusCode::OK).then_some(answer.body)
    })
    .await;
    assert_eq!(ready, json!({"ready": true, "reasons": [], "notes": []}));
    let outbox = server.get(&token, "/api/topics").await.expect(StatusCode::OK)["outbox"].clone();
    assert_eq!((&outbox["records"], &outbox["spooled"]), (&json!(0), &json!(0)));
    server.ingest(&token, &note(1000)).await;
    server.until_total(&token, "/api/items", 6 + u64::from(BUDGET / 2)).await;
}

/// With as much spooled as may be, the next is told why it is not taken, and when to come again.
async fn assert_full(server: &Server, token: &str) {
    let answer = server.post(token, "/api/ingest", &note(999)).await;
    assert_eq!(answer.headers["retry-after"], "30");
    let detail = answer.problem(503)["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("100 records") && detail.contains("wait for it already"), "{detail}");
    // Nor may an operator's raw item pass those that wait.
    let record = json!({"key": "k", "type": "crisislens.raw-item.received", "value": {}});
    let answer = server.post(token, "/api/topics/raw-items/records", &record).await;
    let detail = answer.problem(503)["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("wait for the log"), "{detail}");
}

/// What is there can be read, and proxies go on sending people here, although work waits.
async fn assert_still_serving(server: &Server, token: &str) {
    for path in ["/api/items", "/api/items?q=quiet", "/api/items/facets", "/api/incidents", "/api/alerts"] {
        server.get(token, path).await.expect(StatusCode::OK);
    }
    assert_eq!(server.total(token, "/api/items").await, 5);
    eventually("who asks is told what waits", async || {
        let open = server.get("", "/readyz").await.expect(StatusCode::OK);
        let notes = open["notes"].to_string();
        (notes.contains("100 ingested records") && notes.contains("spooled")).then_some(())
    })
    .await;
    eventually("readiness says that the relay waits", async || {
        let open = server.get("", "/readyz").await.expect(StatusCode::OK);
        open["reasons"].to_string().contains("outbox relay").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_starts_before_its_broker_is_back_waits_for_it_and_commands_say_at_once_that_it_is_away()
 {
    let Some((mut server, kafka)) = server_and_broker().await else { return };
    let token = server.person("ada@example.org", "admin").await.token;
    server.ingest(&token, &note(1)).await;
    server.until_total(&token, "/api/items", 1).await;
    server.kill9();
    on_broker(&kafka, |kafka| kafka.kill(1).unwrap()).await;

    let impatient = ["--set", "node.start_within_s=0", "--set", "log.kafka.request_timeout_ms=1000"];
    for arguments in [
        &[&impatient[..], &["serve", "--listen", "127.0.0.1:0"]].concat(),
        &[&impatient[2..], &["dlq", "list"]].concat(),
    ] {
        let refused = server.run(arguments);
        let words = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && words.contains("cannot open the log"), "{arguments:?}: {words}");
    }

    // Meanwhile it says that it lives, and what it waits for; and it hears that it is to stop.
    let port = crisislens_servers::free_port().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    server.launch(port);
    let waiting = eventually("it says what it waits for", async || {
        let answer = reqwest::get(format!("{url}/readyz")).await.ok()?;
        let status = answer.status();
        let body: Value = answer.json().await.ok()?;
        body["reasons"][0].as_str()?.contains("cannot open the log").then_some(status)
    })
    .await;
    assert_eq!(waiting, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reqwest::get(format!("{url}/healthz")).await.unwrap().status(), StatusCode::OK);
    assert_eq!(reqwest::get(format!("{url}/api/items")).await.unwrap().headers()["retry-after"], "5");
    server.terminate();
    assert!(server.ended().await.success());

    let returns = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        on_broker(&kafka, |kafka| kafka.start_node(1).unwrap()).await;
    };
    tokio::join!(server.restart(), returns);
    server.ingest(&token, &note(2)).await;
    server.until_total(&token, "/api/items", 2).await;
}
