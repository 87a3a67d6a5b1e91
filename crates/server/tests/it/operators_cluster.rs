//! The operators' view on Kafka and OpenSearch: what works on one machine's engines works there.

use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::letters::{letter_of, offset, publish};
use crate::support::{Server, eventually, note};

/// Where the servers are; says so where they are not.
fn servers() -> Option<[String; 2]> {
    let found = ["CRISISLENS_TEST_KAFKA", "CRISISLENS_TEST_OPENSEARCH"].map(std::env::var);
    let [Ok(kafka), Ok(opensearch)] = found else {
        println!("skipped: CRISISLENS_TEST_KAFKA and CRISISLENS_TEST_OPENSEARCH do not name servers");
        return None;
    };
    let name = Uuid::now_v7().simple().to_string();
    let opensearch = opensearch.trim_start_matches("http://").to_owned();
    Some([
        format!("log.url=kafka://{kafka}"),
        format!("search.url=opensearch://{opensearch}/operators-{name}"),
    ])
}

#[tokio::test]
async fn letters_groups_records_and_rebuilds_work_on_kafka_and_opensearch() {
    let Some([log, search]) = servers() else { return };
    let prefix = format!("log.kafka.prefix=operators-{}.", Uuid::now_v7().simple());
    let sets = ["--set", &log, "--set", &search, "--set", &prefix];
    let mut server = Server::prepare(&sets);
    let cli = |server: &Server, command: &[&str]| server.cli(&[&sets[..], command].concat());
    assert!(cli(&server, &["topics", "init"]).contains("changes made"));
    server.restart().await;
    let admin = server.person("ada@example.org", "admin").await.token;
    let id = server.ingest(&admin, &note(1)).await.remove(0);
    server.item(&admin, &id).await;

    let first = publish(&server, &admin, "raw-items", "k", Some(b"\xff rubbish")).await;
    let second = publish(&server, &admin, "raw-items", "k", None).await;
    let letter = letter_of(&server, &admin, &first, 1).await;
    let detail = server.get(&admin, &format!("/api/dlq/{}", offset(&letter))).await.expect(StatusCode::OK);
    assert_eq!(detail["record"]["value_base64"], "/yBydWJiaXNo");
    let path = format!("/api/dlq/{}/replay", offset(&letter));
    server.post(&admin, &path, &json!({})).await.expect(StatusCode::OK);
    server.post(&admin, &path, &json!({})).await.problem(409);
    assert_eq!(letter_of(&server, &admin, &first, 2).await["redrive_count"], 1);
    letter_of(&server, &admin, &second, 1).await;
    let discarded = cli(&server, &["dlq", "discard", "--all", "--reason", "a trial"]);
    assert_eq!(discarded.trim(), "2 discarded");

    let records = server.get(&admin, "/api/topics/raw-items/records?limit=5").await.expect(StatusCode::OK);
    assert_eq!(records["items"].as_array().unwrap().len(), 4, "{records}");
    assert_eq!(server.get(&admin, "/api/topics/dlq/records").await.body["total"], 3);
    eventually("the group shows who holds the partitions", async || {
        let groups = server.get(&admin, "/api/topics/groups").await.expect(StatusCode::OK);
        let main = groups["items"].as_array().unwrap().iter().find(|group| group["topic"] == "raw-items")?;
        let held = main["members"][0]["partitions"].as_array()?.len();
        (held == 6 && main["members"][0]["host"].is_string()).then_some(())
    })
    .await;

    server.until_total(&admin, "/api/items?q=quiet", 1).await;
    let rebuilt: Value = serde_json::from_str(&cli(&server, &["search", "rebuild", "--json"])).unwrap();
    assert_eq!((&rebuilt["equal"], &rebuilt["items"]), (&json!(true), &json!(1)), "{rebuilt}");
    let compared = server.get(&admin, "/api/search?compare=true").await.expect(StatusCode::OK);
    assert_eq!((&compared["engine"], &compared["equal"]), (&json!("opensearch"), &json!(true)), "{compared}");
}
