//! Records that cannot be applied: each is a dead letter with its bytes intact, and what follows it goes through.
#![expect(clippy::unwrap_used, reason = "test support")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::letters::{letter_of, offset, publish};
use crate::support::{Server, note};

#[tokio::test]
async fn poison_of_every_kind_is_a_dead_letter_byte_for_byte_and_what_follows_is_applied() {
    let server = Server::start().await;
    let admin = server.person("ada@example.org", "admin").await.token;
    let nested =
        |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000)).into_bytes();
    let corpus: Vec<(&str, Option<Vec<u8>>)> = vec![
        ("bad JSON", Some(b"{\"source\": \"notes\", ".to_vec())),
        ("nothing at all", Some(Vec::new())),
        ("invalid UTF-8", Some(b"{\"source\": \"\xC3\x28\"}".to_vec())),
        ("a null value", None),
        ("a wrong schema", Some(br#"{"colour":  "red", "n": 1e2}"#.to_vec())),
        ("lists 10,000 deep", Some(nested("[", "]"))),
        ("NaN", Some(br#"{"source":"n","source_id":"1","text":"a","stated":{"lat":NaN,"lon":0}}"#.to_vec())),
        ("duplicate keys", Some(br#"{"source":"n","source":"m","source_id":"1","text":"a"}"#.to_vec())),
        ("the JSON null", Some(b"null".to_vec())),
    ];
    for (number, (what, value)) in corpus.iter().enumerate() {
        let event = publish(&server, &admin, "raw-items", "one key", value.as_deref()).await;
        let good = server.ingest(&admin, &note(number as u32)).await.remove(0);
        let letter = letter_of(&server, &admin, &event, 1).await;
        assert_eq!((&letter["topic"], &letter["status"]), (&json!("raw-items"), &json!("waiting")), "{what}");
        assert_eq!(letter["consumer"], "crisis-lens-main/normalise", "{what}");
        assert!(letter["message"].as_str().is_some_and(|message| !message.is_empty()), "{what}");
        assert_eq!(letter["key"], "one key", "{what}");
        assert_same_bytes(&server, &admin, offset(&letter), value.as_deref(), what).await;
        server.item(&admin, &good).await;
    }
    let topics = crate::log_view::topics(&server, &admin).await;
    let raw = topics.iter().find(|topic| topic["name"] == "raw-items").unwrap();
    let letters = server.total(&admin, "/api/dlq?status=waiting,parked&limit=1").await;
    assert_eq!(raw["dead_letters"], letters, "the page of topics counts what waits for a decision");
    assert!(letters > 0);
    let ready = server.get("", "/readyz").await.expect(StatusCode::OK);
    assert_eq!(
        ready,
        json!({"ready": true, "reasons": [], "notes": []}),
        "the program is well after all of them"
    );
}

/// The letter has the value byte for byte, its own headers apart from ours, and where it was.
async fn assert_same_bytes(server: &Server, admin: &str, offset: u64, value: Option<&[u8]>, what: &str) {
    let answer = server.request(Method::GET, admin, &format!("/api/dlq/{offset}")).send().await.unwrap();
    let text = answer.text().await.unwrap();
    let detail: Value = serde_json::from_str(&text).unwrap();
    let record = &detail["record"];
    match (record["value_base64"].as_str(), value) {
        (Some(shown), Some(value)) => assert_eq!(STANDARD.decode(shown).unwrap(), value, "{what}"),
        (None, Some(value)) => {
            let json = std::str::from_utf8(value).unwrap();
            assert!(text.contains(&format!("\"value\":{json},")), "{what}: {text}");
        }
        (shown, None) => assert!(shown.is_none() && record.get("value").is_none(), "{what}: {record}"),
    }
    let readable = value.and_then(|value| std::str::from_utf8(value).ok());
    assert_eq!(record["value_text"].as_str(), readable, "{what}");
    let headers = record["headers"].as_array().unwrap();
    let header =
        |name: &str| headers.iter().find(|header| header["name"] == name).map(|header| &header["value"]);
    assert_eq!(header("ce_id"), Some(&detail["letter"]["event_id"]), "{what}");
    assert_eq!(header("ce_type"), Some(&json!("crisislens.raw-item.received")), "{what}");
    assert!(headers.iter().all(|header| !header["name"].as_str().unwrap().starts_with("cl_")), "{what}");
    for name in
        ["orig_topic", "orig_partition", "orig_offset", "group", "error_class", "error_msg", "attempts"]
    {
        assert!(record["death"][name].is_string(), "{what}: {name}");
    }
}
