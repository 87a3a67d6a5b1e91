//! Records that the pipeline publishes.

use std::collections::BTreeMap;

use crisislens_model::record::EventMeta;
use crisislens_model::topic::event_type;
use crisislens_model::{
    Activity, Alert, Claim, EventId, Exercise, Incident, IncidentUpdate, Item, NewRecord, RawItem, Timestamp,
    Topic, id,
};
use serde::Serialize;

/// The record that brings a raw item. Its event id is derived from the content and from when we got it: the same record
/// appended again changes nothing, and an entry that returns to what it once said is a revision like any other.
pub fn raw_item_record(raw: &RawItem, source: &str) -> Result<NewRecord, serde_json::Error> {
    let hash = raw.content_hash();
    let mut start = [0_u8; 8];
    start.copy_from_slice(&hash[..8]);
    let content = id::derived(raw.id.0, "raw-item", u64::from_le_bytes(start));
    let event = EventId(id::derived(content, "got", raw.ingested_at.as_microsecond().cast_unsigned()));
    let meta = EventMeta { id: event, kind: event_type::RAW_ITEM, source, time: raw.ingested_at };
    let key = format!("{}:{}", raw.source, raw.source_id).into_bytes();
    Ok(NewRecord::event(Topic::RawItems, key, serde_json::to_vec(raw)?, meta))
}

/// The record that tells of an item; `item` carries no `raw_data`.
pub(crate) fn item_record(
    item: &Item,
    kind: &'static str,
    at: Timestamp,
) -> Result<NewRecord, serde_json::Error> {
    let event = EventId(id::derived(item.id.0, "item", item.revision));
    record(Topic::NormalizedItems, item.id.0.to_string(), item, event, kind, at)
}

/// The record that tells of a changed incident.
pub(crate) fn incident_record(
    update: &IncidentUpdate,
    at: Timestamp,
) -> Result<NewRecord, serde_json::Error> {
    let incident = &update.incident;
    let event = EventId(id::derived(incident.id.0, "incident", incident.version));
    let key = incident.id.0.to_string();
    record(Topic::NormalizedItems, key, &without_words(update), event, event_type::INCIDENT_UPDATED, at)
}

/// Its words tell incidents apart where items are put into them, by what is stored; nobody who is told of the incident needs them.
fn without_words(update: &IncidentUpdate) -> IncidentUpdate {
    let incident = Incident { words: BTreeMap::new(), ..update.incident.clone() };
    IncidentUpdate { incident, joined: update.joined.clone() }
}

/// The record that tells of more items that joined with the same change.
pub(crate) fn incident_part_record(
    update: &IncidentUpdate,
    part: u64,
    at: Timestamp,
) -> Result<NewRecord, serde_json::Error> {
    let incident = &update.incident;
    let event = EventId(id::derived(id::derived(incident.id.0, "incident", incident.version), "part", part));
    let key = incident.id.0.to_string();
    record(Topic::NormalizedItems, key, &without_words(update), event, event_type::INCIDENT_UPDATED, at)
}

/// `ce_source` of items that people have put right: they may belong to another incident now.
pub const CORRECTED: &str = "/crisislens/corrections";
/// `ce_source` of what items have changed of claims: only that has them verified again.
pub(crate) const SAID: &str = "/crisislens/pipeline";
/// `ce_source` of what verification has changed of claims.
pub(crate) const VERIFIED: &str = "/crisislens/verification";
/// `ce_source` of what people have changed of claims.
pub const DECIDED: &str = "/crisislens/desk";
/// `ce_source` of what is said in exercises that people have started, and of how they stand.
pub const EXERCISES: &str = "/crisislens/exercises";

/// The record that tells of a claim, new where its version is the first; `source` says who has changed it.
pub fn claim_record(claim: &Claim, source: &str, at: Timestamp) -> Result<NewRecord, serde_json::Error> {
    let kind = if claim.version == 1 { event_type::CLAIM_CREATED } else { event_type::CLAIM_UPDATED };
    let event = EventId(id::derived(claim.id.0, "claim", claim.version));
    let meta = EventMeta { id: event, kind, source, time: at };
    Ok(NewRecord::event(Topic::Claims, claim.id.0.to_string().into_bytes(), serde_json::to_vec(claim)?, meta))
}

/// The record that raises or revises an alert; keyed by incident.
pub fn alert_record(alert: &Alert, at: Timestamp) -> Result<NewRecord, serde_json::Error> {
    let event = EventId(id::derived(alert.id.0, "alert", alert.revision));
    record(Topic::Alerts, alert.incident_id.0.to_string(), alert, event, event_type::ALERT_RAISED, at)
}

/// The record that tells how an exercise stands.
pub fn exercise_record(exercise: &Exercise) -> Result<NewRecord, serde_json::Error> {
    let event = EventId(id::derived(exercise.id.0, "exercise", exercise.version));
    let meta = EventMeta {
        id: event,
        kind: event_type::EXERCISE_UPDATED,
        source: EXERCISES,
        time: exercise.changed_at,
    };
    let key = exercise.id.0.to_string().into_bytes();
    Ok(NewRecord::event(Topic::NormalizedItems, key, serde_json::to_vec(exercise)?, meta))
}

/// The record that tells what somebody did; keyed by resource.
pub fn activity_record(activity: &Activity) -> Result<NewRecord, serde_json::Error> {
    let source = format!("/crisislens/users/{}", activity.user);
    let meta = EventMeta { id: activity.id, kind: event_type::ACTIVITY, source: &source, time: activity.at };
    let key = activity.resource.to_string().into_bytes();
    Ok(NewRecord::event(Topic::UserActivity, key, serde_json::to_vec(activity)?, meta))
}

fn record<T: Serialize>(
    topic: Topic,
    key: String,
    value: &T,
    id: EventId,
    kind: &'static str,
    time: Timestamp,
) -> Result<NewRecord, serde_json::Error> {
    let meta = EventMeta { id, kind, source: "/crisislens/pipeline", time };
    Ok(NewRecord::event(topic, key.into_bytes(), serde_json::to_vec(value)?, meta))
}
