//! What is wrong with what is brought, one test for each way; the server goes on after all of them.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::log_view::{ends, records};
use crate::support::{Person, Server, eventually, note, text};

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";

/// Nothing of what was refused is on the log, and the next good item goes through.
async fn goes_on(server: &Server, ada: &Person) {
    goes_on_behind(server, ada, 0).await;
}

/// As [`goes_on`], where so many items have been taken before.
async fn goes_on_behind(server: &Server, ada: &Person, taken: u64) {
    assert_eq!(
        ends(server, &ada.token).await["raw-items"],
        taken,
        "something that was refused is on the log"
    );
    let id = server.ingest(&ada.token, &note(999)).await.remove(0);
    server.item(&ada.token, &id).await;
    let ready = server.get("", "/readyz").await.expect(StatusCode::OK);
    assert_eq!(ready, json!({"ready": true, "reasons": [], "notes": []}));
    assert_eq!(ends(server, &ada.token).await["dlq"], 0);
}

async fn start() -> (Server, Person) {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "admin").await;
    (server, ada)
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused_and_the_next_item_goes_through() {
    let (server, ada) = start().await;
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("blanks", b" \r\n\t".to_vec()),
        ("an empty list", b"[]".to_vec()),
        ("half an object", br#"{"source":"notes","source_id":"1","#.to_vec()),
        ("two objects", format!("{} {}", note(1), note(2)).into_bytes()),
        ("a text", br#""note""#.to_vec()),
        ("null", b"null".to_vec()),
        ("a list in a list", format!("[[{}]]", note(1)).into_bytes()),
        ("Latin-1", b"{\"source\":\"notes\",\"source_id\":\"1\",\"text\":\"caf\xe9\"}".to_vec()),
        ("UTF-16", "{\"text\":\"a\"}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("a byte order mark alone", vec![0xEF, 0xBB, 0xBF]),
        ("single quotes", b"{'source':'notes'}".to_vec()),
        ("a comment", format!("// see\n{}", note(1)).into_bytes()),
        ("a lone surrogate", br#"{"source":"notes","source_id":"1","text":"\ud83d alone"}"#.to_vec()),
        (
            "a lone surrogate in raw data",
            br#"{"source":"n","source_id":"1","text":"a","x":"\udc00"}"#.to_vec(),
        ),
        ("NaN", br#"{"source":"n","source_id":"1","text":"a","stated":{"lat":NaN,"lon":0}}"#.to_vec()),
        ("lists 10,000 deep", nested(10_000).into_bytes()),
        ("raw data 10,000 deep", note_with_raw(&nested(10_000))),
        (
            "objects 10,000 deep",
            note_with_raw(&format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000))),
        ),
    ];
    for (what, body) in bodies {
        for kind in [JSON, LINES] {
            let answer = server.ingest_bytes(&ada.token, kind, body.clone()).await;
            let status = answer.status.as_u16();
            if kind == LINES && what == "a comment" {
                // Each line stands for itself: the comment is rejected and the item below it is taken.
                assert_eq!((status, &answer.body["accepted"]), (202, &json!(1)), "{}", answer.body);
                assert_eq!(answer.body["rejected"][0]["field"], "[0].body");
                continue;
            }
            // As lines, two objects on one line are a wrong entry rather than a wrong document.
            assert!(matches!(status, 400 | 422), "{what} as {kind}: {status} {}", answer.body);
            answer.problem(status);
        }
    }
    goes_on_behind(&server, &ada, 1).await;
}

fn note_with_raw(raw: &str) -> Vec<u8> {
    format!(r#"{{"source":"notes","source_id":"1","text":"a","raw_data":{raw}}}"#).into_bytes()
}

#[tokio::test]
async fn each_wrong_field_is_named() {
    let (server, ada) = start().await;
    let with = |changes: Value| {
        let mut entry = note(1);
        for (name, value) in changes.as_object().unwrap() {
            entry[name] = value.clone();
        }
        entry
    };
    let long = "x".repeat(9000);
    for (entry, field) in [
        (json!({"source_id": "1", "text": "a"}), "source"),
        (json!({"source": "notes", "text": "a"}), "source_id"),
        (json!({"source": "notes", "source_id": "1"}), "text"),
        (with(json!({"source": null})), "source"),
        (with(json!({"source": " "})), "source"),
        (with(json!({"source": long})), "source"),
        (with(json!({"source": "no\u{0}tes"})), "source"),
        (with(json!({"source_id": 7})), "source_id"),
        (with(json!({"source_id": ""})), "source_id"),
        (with(json!({"text": 7})), "text"),
        (with(json!({"text": ""})), "text"),
        (with(json!({"text": ["a"]})), "text"),
        (with(json!({"title": {"en": "a"}})), "title"),
        (with(json!({"title": "a\u{0}"})), "title"),
        (with(json!({"url": long})), "url"),
        (with(json!({"author": false})), "author"),
        (with(json!({"media": "a.png"})), "media"),
        (with(json!({"media": [1]})), "media"),
        (with(json!({"media": vec!["https://example.org/a.png"; 65]})), "media"),
        (with(json!({"exercise": "yes"})), "exercise"),
        (with(json!({"source_kind": "royal"})), "source_kind"),
        (with(json!({"timestamp": "yesterday"})), "timestamp"),
        (with(json!({"timestamp": "1970-01-01T00:00:00Z"})), "timestamp"),
        (with(json!({"timestamp": 0})), "timestamp"),
        (with(json!({"timestamp": "2999-01-01T00:00:00Z"})), "timestamp"),
        (with(json!({"timestamp": u64::MAX})), "timestamp"),
        (with(json!({"stated": "bad"})), "stated"),
        (with(json!({"stated": {"lat": 91, "lon": 0}})), "stated"),
        (with(json!({"stated": {"lat": 0, "lon": -180.5}})), "stated"),
        (with(json!({"stated": {"lat": 1}})), "stated"),
        (with(json!({"stated": {"lat": "1", "lon": 2}})), "stated.lat"),
        (with(json!({"stated": {"hazard": "flod"}})), "stated.hazard"),
        (with(json!({"stated": {"severity": "awful"}})), "stated.severity"),
        (with(json!({"stated": {"country": "Italy"}})), "stated.country"),
        (with(json!({"stated": {"magnitude": 13}})), "stated.magnitude"),
        (with(json!({"stated": {"place": "a\u{0}"}})), "stated.place"),
    ] {
        let problem = server.post(&ada.token, "/api/ingest", &entry).await.problem(422);
        let named: Vec<&Value> =
            problem["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
        assert!(named.contains(&&json!(field)), "{field}: {problem}");
    }
    goes_on(&server, &ada).await;
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_does_harm() {
    let (server, ada) = start().await;
    let huge = |bytes: usize| {
        let mut entry = note(1);
        entry["text"] = json!("x".repeat(bytes));
        entry.to_string()
    };
    let answer = server.ingest_bytes(&ada.token, JSON, huge(10_000_000)).await;
    assert_eq!(answer.problem(422)["errors"][0]["field"], "text");
    for kind in [JSON, LINES] {
        server.ingest_bytes(&ada.token, kind, huge(20_000_000)).await.problem(413);
    }
    let many: Vec<Value> = (0..2001).map(note).collect();
    let problem = server.post(&ada.token, "/api/ingest", &json!(many)).await.problem(413);
    assert!(problem["detail"].as_str().unwrap().contains("2000"), "{problem}");
    goes_on(&server, &ada).await;
}

#[tokio::test]
async fn two_thousand_items_at_once_are_taken() {
    let (server, ada) = start().await;
    let many: Vec<Value> = (0..2000).map(note).collect();
    assert_eq!(server.ingest(&ada.token, &json!(many)).await.len(), 2000);
    server.until_total(&ada.token, "/api/items", 2000).await;
}

#[tokio::test]
async fn of_a_list_with_one_wrong_entry_nothing_is_taken_and_of_lines_all_but_the_wrong_one() {
    let (server, ada) = start().await;
    let mut wrong = note(2);
    wrong["text"] = Value::Null;
    let batch = json!([note(0), note(1), wrong, note(3)]);
    let problem = server.post(&ada.token, "/api/ingest", &batch).await.problem(422);
    assert_eq!(problem["errors"][0]["field"], "[2].text");
    goes_on(&server, &ada).await;
    let lines = format!("{}\n{{\n{}", note(0), note(1));
    let answer = server.ingest_bytes(&ada.token, LINES, lines).await;
    assert_eq!((answer.status.as_u16(), &answer.body["accepted"]), (202, &json!(2)), "{}", answer.body);
    assert_eq!(answer.body["rejected"][0]["field"], "[1].body");
}

#[tokio::test]
async fn odd_but_sound_text_comes_back_as_it_was() {
    let (server, ada) = start().await;
    for (number, odd) in [
        "NUL \u{0} inside",
        "\u{202e}right to left",
        "👩‍👩‍👧‍👦 family",
        "a\u{301} combining",
        "line\r\nbreak\u{2028}",
        "'; DROP TABLE items; --",
    ]
    .into_iter()
    .enumerate()
    {
        let entry = json!({"source": "odd", "source_id": number.to_string(), "text": odd, "note": odd});
        let id = server.ingest(&ada.token, &entry).await.remove(0);
        let item = server.item(&ada.token, &id).await;
        assert_eq!((&item["text"], &item["raw_data"]["note"]), (&json!(odd), &json!(odd)));
    }
    server.until_total(&ada.token, "/api/items?source=odd", 6).await;
    assert_eq!(ends(&server, &ada.token).await["dlq"], 0);
}

#[tokio::test]
async fn a_record_that_nobody_can_read_becomes_a_dead_letter_and_the_next_one_goes_through() {
    let (server, ada) = start().await;
    let kind = "crisislens.raw-item.received";
    for wrong in [r#"{"shape":"wrong"}"#, "[1,2]", "null", r#"{"id":"7"}"#] {
        server.cli(&["publish", "raw-items", "--key", "notes:1", "--type", kind, wrong]);
    }
    // The same key is the same partition: what comes behind them is not held up.
    let mut raw = note(1);
    raw["id"] = json!("1f1a7b2e-3c4d-5e6f-8a9b-0c1d2e3f4a5b");
    raw["timestamp"] = json!("2024-05-01T12:00:00Z");
    raw["ingested_at"] = json!("2024-05-01T12:00:01Z");
    server.cli(&["publish", "raw-items", "--key", "notes:1", "--type", kind, &raw.to_string()]);
    let id = server.ingest(&ada.token, &note(1)).await.remove(0);
    server.item(&ada.token, &id).await;

    let letters = eventually("the dead letters are on the dlq", async || {
        let letters = records(&server, &ada.token, "dlq").await;
        (letters.len() == 5).then_some(letters)
    })
    .await;
    let placed: Vec<(String, String)> = letters
        .iter()
        .map(|one| (text(&one["headers"]["cl_orig_topic"]), text(&one["headers"]["cl_orig_offset"])))
        .collect();
    let wanted: Vec<_> = (0..5).map(|offset| ("raw-items".to_owned(), offset.to_string())).collect();
    assert_eq!(placed, wanted);
    let first = &letters[0];
    assert_eq!((&first["key"], &first["value"]), (&json!("notes:1"), &json!({"shape": "wrong"})));
    let headers = first["headers"].as_object().unwrap();
    for name in [
        "ce_id",
        "ce_type",
        "cl_orig_partition",
        "cl_orig_timestamp",
        "cl_group",
        "cl_stage",
        "cl_error_class",
        "cl_error_msg",
        "cl_attempts",
        "cl_first_failed_at",
        "cl_last_failed_at",
    ] {
        assert!(headers.contains_key(name), "{name}: {first}");
    }
    assert!(text(&letters[4]["headers"]["cl_error_msg"]).contains("UUIDv5"), "{}", letters[4]);
    server.get("", "/readyz").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn the_smallest_number_there_is_is_no_time() {
    let (server, ada) = start().await;
    let mut entry = note(1);
    entry["timestamp"] = json!(i64::MIN);
    let problem = server.post(&ada.token, "/api/ingest", &entry).await.problem(422);
    assert_eq!(problem["errors"][0]["field"], "timestamp");
    goes_on(&server, &ada).await;
}
