//! What the ingest API is told about a raw item.

use crisislens_model::{ItemId, SourceKind};
use crisislens_sources::{SourceContext, raw_item_from_json};

use crate::support::{ctx, now};

fn problems(json: &str) -> Vec<String> {
    raw_item_from_json(json.as_bytes(), &ctx()).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn the_least_that_is_needed_makes_an_item() {
    let item = raw_item_from_json(br#"{"source":"app","source_id":"1","text":"Fire"}"#, &ctx()).unwrap();
    assert_eq!(item.id, ItemId::of("app", "1"));
    assert_eq!(item.timestamp, now());
    assert!(item.raw_data.is_none());
}

#[test]
fn unknown_fields_do_no_harm_and_are_kept() {
    let json = br#"{"source":"app","source_id":"1","text":"Fire","id":"mine","reporter_phone_model":"x","title":null}"#;
    let item = raw_item_from_json(json, &ctx()).unwrap();
    assert_eq!(item.id, ItemId::of("app", "1"));
    assert!(item.raw_data.unwrap().get().contains("reporter_phone_model"));
}

#[test]
fn each_wrong_field_is_named_with_what_would_be_right() {
    assert_eq!(problems("{}"), ["source: is required", "source_id: is required", "text: is required"]);
    assert_eq!(
        problems(r#"{"source":1,"source_id":"1","text":"x"}"#),
        ["source: must be a string, not a number"]
    );
    let wrong = problems(
        r#"{"source":"a","source_id":"1","text":"x","timestamp":"soon","media":"m","stated":{"hazard":"fire","lat":95,"lon":10}}"#,
    );
    assert!(wrong.iter().any(|line| line.starts_with("timestamp: must be a date")), "{wrong:?}");
    assert!(wrong.iter().any(|line| line.starts_with("media: must be a list")), "{wrong:?}");
    assert!(
        wrong.iter().any(|line| line.starts_with("stated.hazard: must be one of earthquake")),
        "{wrong:?}"
    );
    assert!(wrong.iter().any(|line| line.contains("is not on the globe")), "{wrong:?}");
    assert!(problems("[]")[0].starts_with("body: is not a JSON object"));
    assert!(problems("{")[0].starts_with("body: is not a JSON object: EOF"));
}

#[test]
fn dates_are_read_as_text_or_epoch() {
    for date in
        ["\"2026-08-24T15:49:18Z\"", "\"Mon Aug 24 15:49:18 +0000 2026\"", "1787586558", "1787586558000"]
    {
        let json = format!(r#"{{"source":"a","source_id":"1","text":"x","timestamp":{date}}}"#);
        let item = raw_item_from_json(json.as_bytes(), &ctx()).unwrap();
        assert_eq!(item.timestamp.to_string(), "2026-08-24T15:49:18Z", "{date}");
    }
    assert!(
        problems(r#"{"source":"a","source_id":"1","text":"x","timestamp":"2030-01-01T00:00:00Z"}"#)[0]
            .contains("ahead")
    );
}

#[test]
fn a_sender_cannot_make_itself_official() {
    let json = br#"{"source":"a","source_id":"1","text":"x","source_kind":"official"}"#;
    let social = SourceContext { kind: SourceKind::Social, ..ctx() };
    assert_eq!(raw_item_from_json(json, &social).unwrap().source_kind, SourceKind::Social);
    let json = br#"{"source":"a","source_id":"1","text":"x","source_kind":"media"}"#;
    assert_eq!(raw_item_from_json(json, &ctx()).unwrap().source_kind, SourceKind::Media);
}

#[test]
fn further_ids_of_a_happening_are_carried_within_bounds() {
    let with = |ids: usize| {
        let ids: Vec<String> = (0..ids).map(|id| format!("\"glide:{id}\"")).collect();
        format!(
            r#"{{"source":"a","source_id":"1","text":"x","stated":{{"event_id":"gdacs:TC1","other_event_ids":[{}]}}}}"#,
            ids.join(",")
        )
    };
    let item = raw_item_from_json(with(2).as_bytes(), &ctx()).unwrap();
    assert_eq!(item.stated.unwrap().other_event_ids, ["glide:0", "glide:1"]);
    assert_eq!(problems(&with(17)), ["stated.other_event_ids: has more than 16 ids"]);
    assert_eq!(
        problems(r#"{"source":"a","source_id":"1","text":"x","stated":{"other_event_ids":[" "]}}"#),
        ["stated.other_event_ids: is empty"]
    );
}

#[test]
fn nobody_speaks_in_the_name_of_an_exercise() {
    let id = "01a2224b56e87c1e8f2a9b3c4d5e6f70";
    let of = |more: &str, source_id: &str| {
        problems(&format!(r#"{{"source":"a","source_id":"{source_id}","text":"x"{more}}}"#))
    };
    assert_eq!(of("", &format!("e8~{id}")), ["source_id: ends with ~ and an id, as those of exercises do"]);
    assert_eq!(of(r#","exercise":true"#, &format!("e8~{id}")).len(), 1);
    assert!(of(&format!(r#","exercise_id":"{id}""#), "e8")[0].starts_with("exercise_id: is for exercises"));
    let json = r#"{"source":"a","source_id":"~anna","text":"x","exercise":true}"#;
    assert!(raw_item_from_json(json.as_bytes(), &ctx()).unwrap().exercise);
}
