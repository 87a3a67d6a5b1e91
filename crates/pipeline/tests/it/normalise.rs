//! Raw items become items: revisions, copies, duplicates, and what cannot be right.

use crisislens_model::record::EventMeta;
use crisislens_model::topic::event_type;
use crisislens_model::{
    EventId, Item, ItemStatus, NewRecord, RawItem, SourceKind, Stated, Topic, id, record,
};
use crisislens_state::Durability;
use crisislens_state::items::ItemEdit;
use serde_json::value::RawValue;

use crate::flow::{Flow, felt, kind, minute, quake, raw_record, says};

/// The record of `raw` under another event id, as another node that reads the same feed would append it.
fn copy_of(raw: &RawItem) -> NewRecord {
    let meta = EventMeta {
        id: EventId(id::named("copy", &raw.text)),
        kind: event_type::RAW_ITEM,
        source: "/elsewhere",
        time: raw.ingested_at,
    };
    NewRecord { headers: NewRecord::event(Topic::RawItems, vec![], vec![], meta).headers, ..raw_record(raw) }
}

#[tokio::test]
async fn a_raw_item_becomes_an_item_in_the_store_and_on_the_log() {
    let flow = Flow::open().await;
    let data = r#"{"id": 7,  "as": "it came"}"#;
    let raw =
        RawItem { raw_data: Some(RawValue::from_string(data.to_owned()).unwrap()), ..felt("x", "1", 0) };
    flow.engines.append(vec![raw_record(&raw)]).await;
    flow.engines.apply(&flow.normalise).await;
    flow.engines.relay_all().await;

    let item = flow.item(&raw).await;
    assert_eq!((item.revision, item.version, item.status), (1, 1, ItemStatus::New));
    assert_eq!(item.hazard.kind.as_str(), "earthquake");
    assert_eq!(item.raw_data.as_ref().map(|data| data.get()), Some(data));
    let records = flow.engines.records(Topic::NormalizedItems).await;
    assert_eq!((records.len(), kind(&records[0])), (1, event_type::ITEM_CREATED));
    assert_eq!(records[0].key[..], *raw.id.to_string().as_bytes());
    let told: Item = serde_json::from_slice(records[0].value.as_deref().unwrap()).unwrap();
    assert!(told.raw_data.is_none(), "the raw data stays in the store");
    assert_eq!(
        serde_json::to_value(&told).unwrap(),
        serde_json::to_value(Item { raw_data: None, ..item }).unwrap()
    );
}

#[tokio::test]
async fn the_same_content_again_changes_nothing() {
    let flow = Flow::open().await;
    let raw = RawItem { ingested_at: minute(1), ..says("x", "1", 0, "The library opens at nine") };
    let later = RawItem { ingested_at: minute(50), ..raw.clone() };
    // In one batch, as the same event later, and as another event.
    flow.bring(&[raw.clone(), later.clone()]).await;
    flow.bring(std::slice::from_ref(&later)).await;
    flow.engines.append(vec![copy_of(&raw), copy_of(&later)]).await;
    flow.settle().await;
    let item = flow.item(&raw).await;
    assert_eq!((flow.count().await, item.revision, item.version), (1, 1, 1));
    assert_eq!(flow.kinds(Topic::NormalizedItems).await, ["item.created"]);
    assert!(flow.engines.records(Topic::Dlq).await.is_empty());
}

/// A source that says no time: it is given the time at which it came, which is another each time.
#[tokio::test]
async fn the_same_undated_content_again_changes_nothing_either() {
    let flow = Flow::open().await;
    let raw = says("x", "1", 0, "The library opens at nine");
    assert_eq!(raw.timestamp, raw.ingested_at);
    let later = RawItem { timestamp: minute(50), ingested_at: minute(50), ..raw.clone() };
    flow.bring(&[raw.clone(), later.clone()]).await;
    flow.bring(std::slice::from_ref(&later)).await;
    flow.settle().await;
    let item = flow.item(&raw).await;
    assert_eq!((flow.count().await, item.revision, item.timestamp), (1, 1, raw.timestamp));
}

#[tokio::test]
async fn changed_content_is_a_new_revision_of_the_same_item() {
    let flow = Flow::open().await;
    let raw = says("x", "1", 0, "The library opens at nine");
    let changed = RawItem { text: "The library stays closed".to_owned(), ..raw.clone() };
    flow.bring(std::slice::from_ref(&raw)).await;
    flow.bring(std::slice::from_ref(&changed)).await;
    let item = flow.item(&raw).await;
    assert_eq!((flow.count().await, item.revision, item.version), (1, 2, 2));
    assert_eq!(item.text, changed.text);
    assert_eq!(flow.kinds(Topic::NormalizedItems).await, ["item.created", "item.updated"]);
}

#[tokio::test]
async fn an_entry_that_returns_to_what_it_said_before_is_a_revision_again() {
    let flow = Flow::open().await;
    for (minutes, magnitude) in [(1, 6.2), (2, 6.4), (3, 6.2)] {
        flow.bring(&[RawItem { ingested_at: minute(minutes), ..quake("us7000", magnitude) }]).await;
    }
    let item = flow.item(&quake("us7000", 0.0)).await;
    assert_eq!((item.revision, item.stated.and_then(|stated| stated.magnitude)), (3, Some(6.2)));
}

#[tokio::test]
async fn revisions_within_one_batch_follow_each_other() {
    let flow = Flow::open().await;
    let revision = |n| RawItem { text: format!("The library opens at {n}"), ..says("x", "1", 0, "") };
    flow.bring(&[revision(1), revision(2), revision(3)]).await;
    let item = flow.item(&revision(1)).await;
    assert_eq!((flow.count().await, item.revision, item.version), (1, 3, 3));
    assert_eq!(item.text, "The library opens at 3");
    assert_eq!(flow.kinds(Topic::NormalizedItems).await, ["item.created", "item.updated", "item.updated"]);
    let records = flow.engines.records(Topic::NormalizedItems).await;
    let ids: std::collections::BTreeSet<_> =
        records.iter().map(|one| record::event_id(&one.headers)).collect();
    assert_eq!(ids.len(), 3, "each revision is an event of its own");
}

#[tokio::test]
async fn what_people_did_to_an_item_stays_over_its_revisions() {
    let flow = Flow::open().await;
    let raw = quake("us7000", 6.2);
    flow.bring(std::slice::from_ref(&raw)).await;
    let joined = flow.item(&raw).await;
    assert_eq!((joined.version, joined.incident_id.is_some()), (2, true));
    let edit =
        ItemEdit { status: Some(ItemStatus::Verified), tags: Some(vec!["aquila".to_owned()]), found: None };
    let mut tx = flow.engines.store.begin(Durability::Power).await.unwrap();
    tx.edit_item(raw.id, joined.version, &edit).await.unwrap().unwrap();
    tx.commit().await.unwrap();

    let stronger = quake("us7000", 6.4);
    assert_eq!(stronger.id, raw.id);
    flow.bring(&[stronger]).await;
    let item = flow.item(&raw).await;
    assert_eq!((item.revision, item.version), (2, 4));
    assert_eq!((item.status, &item.tags[..]), (ItemStatus::Verified, &["aquila".to_owned()][..]));
    assert_eq!(item.incident_id, joined.incident_id);
    assert_eq!(item.stated.and_then(|stated| stated.magnitude), Some(6.4));
}

#[tokio::test]
async fn the_same_words_from_a_stronger_voice_are_news_and_from_a_weaker_one_are_not() {
    let flow = Flow::open().await;
    let post = felt("x", "1", 0);
    let warning = RawItem { source_kind: SourceKind::Official, ..post.clone() };
    let said = [
        (&post, 1, SourceKind::Social, 1),
        (&warning, 2, SourceKind::Official, 2),
        (&post, 3, SourceKind::Official, 2),
    ];
    for (raw, minutes, kind, revision) in said {
        flow.bring(&[RawItem { ingested_at: minute(minutes), ..raw.clone() }]).await;
        let item = flow.item(raw).await;
        assert_eq!((item.source_kind, item.revision), (kind, revision));
    }
}

#[tokio::test]
async fn a_raw_item_that_cannot_be_right_is_a_dead_letter_that_says_why() {
    let stated = Stated { lat: Some(200.0), lon: Some(13.0), ..Stated::default() };
    let bad = [
        (RawItem { timestamp: "1970-01-01T00:00:00Z".parse().unwrap(), ..felt("x", "1", 0) }, "before 1990"),
        (
            RawItem { timestamp: "2999-01-01T00:00:00Z".parse().unwrap(), ..felt("x", "2", 0) },
            "48 hours ahead",
        ),
        (RawItem { stated: Some(stated), ..felt("x", "3", 0) }, "not on the globe"),
        (says("x", "4", 0, "  "), "is empty"),
        (RawItem { id: felt("x", "1", 0).id, ..felt("x", "5", 0) }, "not the UUIDv5"),
        (felt("x\u{1f}y", "9", 0), "source: contains a control character"),
    ];
    let flow = Flow::open().await;
    let mut records: Vec<NewRecord> = bad.iter().map(|(raw, _)| raw_record(raw)).collect();
    records.insert(2, raw_record(&felt("x", "6", 0)));
    records.push(NewRecord { value: Some(b"{\"id\":".to_vec()), ..raw_record(&felt("x", "7", 0)) });
    records.push(NewRecord { value: None, ..raw_record(&felt("x", "8", 0)) });
    flow.engines.append(records.clone()).await;
    flow.settle().await;
    assert_eq!(flow.count().await, 1, "only the good one is an item");

    let letters = flow.engines.records(Topic::Dlq).await;
    assert_eq!(letters.len(), records.len() - 1);
    for (raw, reason) in bad {
        let record = raw_record(&raw);
        let letter =
            letters.iter().find(|letter| letter.value.as_deref() == record.value.as_deref()).unwrap();
        let said = record::header(&letter.headers, "cl_error_msg").unwrap();
        assert!(said.contains(reason), "{said} should contain {reason}");
        assert_eq!(record::header(&letter.headers, "cl_stage"), Some("validate"));
        assert_eq!(record::header(&letter.headers, "cl_group"), Some("crisis-lens-main/normalise"));
    }
    let stages = letters.iter().filter_map(|letter| record::header(&letter.headers, "cl_stage"));
    assert_eq!(stages.filter(|stage| *stage == "decode").count(), 2);
}
