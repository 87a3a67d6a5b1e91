//! `POST /api/topics/{topic}/records`: publishing by hand, one record or many at once.

use std::slice;
use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use crisislens_model::object::Object;
use crisislens_model::record::EventMeta;
use crisislens_model::{EventId, FieldError, NewRecord, Timestamp, Topic};
use crisislens_state::audit::AuditEntry;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::Problem;
use super::params::List;
use super::records::{given, present};
use crate::app::App;
use crate::auth::Claims;

/// Most records in one request.
const MAX_RECORDS: usize = 1_000;

/// Longest `ce_type` that the audit log keeps, in characters.
const MAX_NOTED_CHARS: usize = 200;

/// A record published by hand.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// Decides the partition.
    key: String,
    /// `ce_type`, such as `crisislens.raw-item.received`.
    #[serde(rename = "type")]
    kind: String,
    /// `ce_id`; random where absent. The same id is applied once.
    #[serde(default)]
    id: Option<EventId>,
    /// The payload, where it is JSON.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    value: Option<Box<RawValue>>,
    /// The payload in base64, where it is anything else.
    #[serde(default)]
    value_base64: Option<String>,
    /// Instead of a payload: a record without a value, Kafka's null.
    #[serde(default)]
    null_value: bool,
}

/// One record, or an array of at most 1,000, of which none is sent where one is wrong.
#[derive(Debug)]
pub enum Publications {
    /// One.
    One(Box<Publication>),
    /// Many.
    Many(Vec<Publication>),
}

impl<'de> Deserialize<'de> for Publications {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Payloads are kept as they were sent, which serde's own untagged enums cannot do.
        let body = Box::<RawValue>::deserialize(deserializer)?;
        let read = if body.get().starts_with('[') {
            let entries = serde_json::from_str::<Vec<Object<Publication>>>(body.get());
            entries.map(|entries| Self::Many(entries.into_iter().map(|Object(one)| one).collect()))
        } else {
            serde_json::from_str(body.get()).map(|Object(one)| Self::One(Box::new(one)))
        };
        read.map_err(D::Error::custom)
    }
}

/// Where a published record is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Published {
    /// Its partition.
    partition: u32,
    /// Its offset.
    offset: u64,
}

/// Where what a request brought is: as it was sent, one or a list in the same order.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Places {
    /// Of one record.
    One(Published),
    /// Of an array.
    Many(List<Published>),
}

impl Publication {
    fn into_record(self, topic: Topic, at: Timestamp) -> Result<(EventId, String, NewRecord), Problem> {
        let id = self.id.unwrap_or_else(EventId::random);
        let meta = EventMeta { id, kind: &self.kind, source: "/crisislens/operator", time: at };
        let value = given(self.value.as_deref(), self.value_base64.as_deref())?;
        if value.is_none() != self.null_value {
            let problem = FieldError::new("value", "send exactly one of value, value_base64 and null_value");
            return Err(Problem::invalid(vec![problem]));
        }
        let is_null = value.is_none();
        let mut record = NewRecord::event(topic, self.key.into_bytes(), value.unwrap_or_default(), meta);
        if is_null {
            record.value = None;
        }
        Ok((id, self.kind, record))
    }
}

/// Appends a record to a topic, or many at once; for repair and trials. Each is on the audit log before it is sent. After 5xx some may
/// be on the log all the same: with an `id` for each, send all of them again, and each is applied once.
#[utoipa::path(post, path = "/api/topics/{topic}/records", tag = "operations", params(("topic" = String, Path)),
    request_body(content = Publication, description = "A record, or an array of at most 1,000, of which none is sent where one is wrong"), responses((status = 201, body = Places), (status = 413, body = Problem), (status = 422, body = Problem),
        (status = 503, description = "the log does not answer, or raw items that were taken before wait for it", body = Problem)))]
pub async fn publish(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<String>, PathRejection>,
    body: Result<Json<Publications>, JsonRejection>,
) -> Result<(StatusCode, Json<Places>), Problem> {
    let (Path(name), Json(publications)) = (path?, body?);
    let topic = Topic::parse(&name).ok_or_else(|| Problem::not_found("topic"))?;
    let is_one = matches!(publications, Publications::One(_));
    let publications = match publications {
        Publications::One(one) => vec![*one],
        Publications::Many(many) => many,
    };
    if publications.is_empty() {
        return Err(Problem::bad_request("there is no record in the body"));
    }
    if publications.len() > MAX_RECORDS {
        let detail =
            format!("{} records in one request; at most {MAX_RECORDS} are taken", publications.len());
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    let (mut records, mut entries) = (Vec::new(), Vec::new());
    for (index, publication) in publications.into_iter().enumerate() {
        let at = app.clock.now();
        let within = |problem: Problem| if is_one { problem } else { problem.within(&format!("[{index}].")) };
        let (id, kind, record) = publication.into_record(topic, at).map_err(within)?;
        let checked = app.log.definitions().checked_bytes(slice::from_ref(&record));
        let bytes = checked.map_err(|error| within(error.into()))?;
        let kind: String = kind.chars().take(MAX_NOTED_CHARS).collect();
        let detail = json!({ "event_id": id, "type": kind, "bytes": bytes });
        entries.push(AuditEntry::new(at, claims.actor(), "topics.publish", topic.to_string(), detail));
        records.push(record);
    }
    if topic == Topic::RawItems && app.store.has_spooled().await? {
        // What was taken before comes before it, and that waits for the log.
        let waits = "raw items that were taken before wait for the log; try again once it has them";
        return Err(Problem::later(waits));
    }
    // Before anything is sent: nothing comes onto the log by hand without a trace.
    app.trail.record(entries).await?;
    let placed = app.log.append(records).await?;
    let mut places =
        placed.iter().map(|placed| Published { partition: placed.partition, offset: placed.offset });
    let places = if is_one {
        Places::One(places.next().ok_or_else(|| Problem::internal(&"the log answered no place"))?)
    } else {
        let items: Vec<Published> = places.collect();
        Places::Many(List { total: items.len() as u64, items, next: None })
    };
    Ok((StatusCode::CREATED, Json(places)))
}
