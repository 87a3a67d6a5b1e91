//! What commands print of data from outside: a terminal must find nothing in it that it obeys.
#![expect(clippy::unwrap_used, reason = "test support")]

use serde_json::{Value, json};

use crate::letters::{letter_of, offset};
use crate::support::Server;

/// Clears the screen, names the window, and the same in C1.
const ATTACK: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{7f}";

/// Nothing in `output` is a control character but line breaks and tabs.
fn harmless(what: &str, output: &[u8]) -> String {
    let text = String::from_utf8(output.to_vec()).unwrap();
    let acts = text.chars().find(|letter| letter.is_control() && !matches!(letter, '\n' | '\t'));
    assert_eq!(acts, None, "{what}: {text:?}");
    text
}

#[tokio::test]
async fn dead_letters_and_names_are_shown_without_what_a_terminal_obeys() {
    let server = Server::start().await;
    let admin = server.person("ada@example.org", "admin").await.token;
    let mut body = json!({"key": ATTACK, "type": "crisislens.raw-item.received"});
    for value in [json!({"text": ATTACK}), Value::Null] {
        body["id"] = uuid::Uuid::now_v7().to_string().into();
        match value {
            Value::Null => body["value_base64"] = "Gxs5G1swbQ==".into(),
            value => body["value"] = value,
        }
        server.post(&admin, "/api/topics/raw-items/records", &body).await.expect(201.try_into().unwrap());
        body.as_object_mut().unwrap().remove("value");
        let letter = letter_of(&server, &admin, body["id"].as_str().unwrap(), 1).await;
        let number = offset(&letter).to_string();
        let shown = harmless("show", &server.run(&["dlq", "show", &number]).stdout);
        assert!(shown.contains("\\u{1b}") || shown.contains("\\u001b"), "it is still to be seen: {shown}");
        let exact = harmless("show --json", &server.run(&["dlq", "show", &number, "--json"]).stdout);
        let exact: Value = serde_json::from_str(&exact).unwrap();
        assert_eq!(exact["letter"]["key"], ATTACK, "JSON stays exact");
    }
    for arguments in [
        vec!["dlq", "list"],
        vec!["dlq", "list", "--json"],
        vec!["topics", "tail", "raw-items"],
        vec!["topics", "tail", "dlq"],
        vec!["topics", "describe", ATTACK],
    ] {
        let output = server.run(&arguments);
        harmless(&format!("{arguments:?}"), &output.stdout);
        harmless(&format!("{arguments:?}"), &output.stderr);
    }
    let refused = server.run(&["users", "add", "eve@example.org", "--name", ATTACK]);
    assert!(!refused.status.success());
    assert!(harmless("users add", &refused.stderr).contains("U+001B"));
}

#[test]
fn reasons_for_what_was_skipped_are_shown_without_what_a_terminal_obeys() {
    let server = Server::prepare(&[]);
    let file = server.data_dir().parent().unwrap().join("feed.geojson");
    let feature = json!({"type": "Feature", "id": ATTACK, "properties": {"mag": null}, "geometry": null});
    let feed = json!({"type": "FeatureCollection", "metadata": {}, "features": [feature]});
    std::fs::write(&file, feed.to_string()).unwrap();
    let output = server.run(&["ingest", file.to_str().unwrap(), "--format", "usgs"]);
    assert!(harmless("ingest", &output.stderr).contains("skipped \\u{1b}[2J"), "{output:?}");
}
