//! The description against what the server sends.

use std::collections::BTreeSet;

use crisislens_model::event::EventKind;
use serde_json::{Value, json};

use super::{close_codes, document};

/// The guide that says the same in words.
const GUIDE: &str = include_str!("../../../../docs/guides/live-protocol.md");

/// The sources in which close codes are given out.
const CLOSING: [&str; 3] = [
    include_str!("../../../realtime/src/close.rs"),
    include_str!("../live/ws.rs"),
    include_str!("../../../websocket/src/decoder.rs"),
];

fn messages(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    document["components"]["messages"].as_object().unwrap().iter()
}

fn validator(document: &Value, kind: &str) -> jsonschema::Validator {
    let schema = json!({
        "$ref": format!("#/components/messages/{kind}/payload"),
        "components": document["components"],
    });
    jsonschema::draft7::options().should_validate_formats(true).build(&schema).unwrap()
}

#[test]
fn every_frame_has_examples_that_are_what_its_schema_says_and_without_a_member_it_asks_for_are_not() {
    let document = document().unwrap();
    for (kind, message) in messages(&document) {
        let examples = message["examples"].as_array().unwrap();
        assert!(!examples.is_empty(), "{kind} has no example");
        let validator = validator(&document, kind);
        let payload = message["payload"].to_string();
        for example in examples.iter().map(|example| &example["payload"]) {
            let problems: Vec<String> =
                validator.iter_errors(example).map(|problem| problem.to_string()).collect();
            assert!(problems.is_empty(), "{kind}: {problems:?} in {example}");
            for member in example.as_object().unwrap().keys() {
                let is_head =
                    payload.contains("EventHead") && ["room", "position", "at"].contains(&&**member);
                assert!(
                    is_head || payload.contains(&format!("\"{member}\":")),
                    "{kind}: nothing says what {member} is"
                );
            }
            let mut cut = example.clone();
            cut.as_object_mut().unwrap().remove("type");
            assert!(!validator.is_valid(&cut), "{kind} is taken without a type");
        }
    }
}

#[test]
fn every_event_that_can_be_told_is_described_and_no_other() {
    let document = document().unwrap();
    let described: BTreeSet<&str> = messages(&document)
        .filter(|(_, message)| message["payload"].get("allOf").is_some())
        .map(|(kind, _)| kind.as_str())
        .collect();
    assert_eq!(described, EventKind::ALL.map(EventKind::as_str).into());
    let told: BTreeSet<&str> = document["x-rooms"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|kinds| kinds.as_array().unwrap())
        .map(|kind| kind.as_str().unwrap())
        .collect();
    assert_eq!(told, described, "each is told in a room");
    assert_eq!(document["x-rooms"].as_object().unwrap().len(), 6, "each kind of room has events");
}

#[test]
fn both_sockets_tell_and_take_every_frame_and_the_streams_tell_events() {
    let document = document().unwrap();
    let all: BTreeSet<&String> = messages(&document).map(|(kind, _)| kind).collect();
    for socket in ["socket", "item_socket"] {
        let channel: BTreeSet<&String> =
            document["channels"][socket]["messages"].as_object().unwrap().keys().collect();
        assert_eq!(channel, all);
        let count = |operation: &str| {
            document["operations"][format!("{socket}_{operation}")]["messages"].as_array().unwrap().len()
        };
        assert_eq!(count("tells") + count("asks"), all.len());
    }
    for (stream, kind) in [
        ("stream", "incident_update"),
        ("stream", "presence_update"),
        ("stream", "lock_update"),
        ("item_stream", "item_update"),
        ("alert_stream", "alert"),
        ("alert_stream", "user_activity"),
    ] {
        assert!(document["channels"][stream]["messages"].get(kind).is_some(), "{stream} tells {kind}");
        let query = &document["operations"][format!("{stream}_tells")]["bindings"]["http"]["query"];
        assert!(query["properties"].get("hazard").is_some(), "{query}");
        let takes_words = query["properties"].get("q").is_some();
        assert_eq!(takes_words, stream != "alert_stream", "words are looked for in items");
    }
    assert!(document["channels"]["item_stream"]["messages"].get("alert").is_none());
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|member| walk(member, found));
            }
            Value::Array(entries) => entries.iter().for_each(|entry| walk(entry, found)),
            _ => {}
        }
    }
    let document = document().unwrap();
    let mut references = Vec::new();
    walk(&document, &mut references);
    assert!(references.len() > 100);
    for reference in references {
        let target = document.pointer(reference.strip_prefix('#').unwrap());
        assert!(target.is_some(), "{reference} leads nowhere");
    }
}

/// Numbers of a source's own lines that can only be close codes; what clients may send is not meant.
fn close_codes_of(source: &str) -> BTreeSet<u16> {
    let product = source.split("#[cfg(test)]").next().unwrap();
    let lines = product.lines().filter(|line| !line.contains("..=") && !line.trim_start().starts_with("//"));
    let words = lines.flat_map(|line| line.split(|letter: char| !letter.is_ascii_alphanumeric()));
    let numbers = words.filter_map(|word| word.parse().ok());
    numbers.filter(|code| matches!(code, 1000..=1015 | 4400..=4499)).collect()
}

#[test]
fn every_close_code_is_described() {
    let given: BTreeSet<u16> = CLOSING.into_iter().flat_map(close_codes_of).collect();
    let described = close_codes::CLOSE_CODES.map(|described| described.code).into();
    assert_eq!(given, described);
}

#[test]
fn the_guide_names_every_frame_and_every_close_code() {
    let document = document().unwrap();
    for (kind, _) in messages(&document) {
        assert!(GUIDE.contains(&format!("`{kind}`")), "the guide does not name {kind}");
    }
    for described in close_codes::CLOSE_CODES {
        assert!(
            GUIDE.contains(&format!("| {} |", described.code)),
            "the guide does not name {}",
            described.code
        );
    }
}

#[test]
fn the_committed_asyncapi_document_is_current() {
    let committed = include_str!("../../../../docs/api/asyncapi.json");
    let current = serde_json::to_string_pretty(&document().unwrap()).unwrap();
    assert!(committed.trim() == current.trim(), "docs/api/asyncapi.json is old: run `cargo xtask codegen`");
}
