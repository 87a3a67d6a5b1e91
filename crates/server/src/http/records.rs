//! `/api/topics/{topic}/records`: the records of a topic, decoded; and publishing by hand.

use std::collections::BTreeMap;
use std::slice;
use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use axum_extra::extract::Query;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crisislens_log::{LogRecord, ReadLimit};
use crisislens_model::record::EventMeta;
use crisislens_model::{EventId, FieldError, NewRecord, Timestamp, Topic};
use crisislens_state::Durability;
use crisislens_state::audit::AuditEntry;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::Problem;
use super::params::{List, Params};
use crate::app::App;
use crate::auth::Claims;

/// Most records in one answer.
const MAX_RECORDS: usize = 1000;

/// Longest `ce_type` that the audit log keeps, in characters.
const MAX_NOTED_CHARS: usize = 200;

/// A record as operators see it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RecordView {
    /// Its partition.
    partition: u32,
    /// Its offset.
    offset: u64,
    /// When it was appended.
    timestamp: Timestamp,
    /// Its key, as text where it is text.
    key: String,
    /// Its headers, as text where they are text.
    headers: BTreeMap<String, String>,
    /// Its value where it is JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    value: Option<Box<RawValue>>,
    /// Its value in base64 where it is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    value_base64: Option<String>,
}

/// What part of a topic is wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TailParams {
    /// Only this partition.
    partition: Option<u32>,
    /// From this offset on (with `partition`); else the newest records.
    offset: Option<u64>,
    /// Most records of each partition, 1 to 1000; 10 where absent.
    limit: Option<usize>,
}

/// Records of a topic, by partition and offset.
#[utoipa::path(get, path = "/api/topics/{topic}/records", tag = "operations", params(("topic" = String, Path), TailParams),
    responses((status = 200, body = List<RecordView>), (status = 404, body = Problem)))]
pub async fn tail(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    params: Params<TailParams>,
) -> Result<Json<List<RecordView>>, Problem> {
    let (Path(name), Query(params)) = (path?, params?);
    let topic = Topic::parse(&name).ok_or_else(|| Problem::not_found("topic"))?;
    let limit = params.limit.unwrap_or(10).clamp(1, MAX_RECORDS);
    let all = 0..app.log.partitions(topic);
    let partitions = match params.partition {
        None => all,
        Some(partition) if all.contains(&partition) => partition..partition + 1,
        Some(_) => return Err(Problem::not_found("partition")),
    };
    let mut items = Vec::new();
    for partition in partitions {
        let bounds = app.log.bounds(topic, partition).await?;
        let newest = bounds.end.saturating_sub(limit as u64).max(bounds.start);
        let from = params.offset.filter(|_| params.partition.is_some()).unwrap_or(newest);
        let limit = ReadLimit { records: limit, bytes: 8 * 1024 * 1024 };
        let records = app.log.read(topic, partition, from, limit).await?;
        items.extend(records.into_iter().map(RecordView::from));
    }
    Ok(Json(List { total: items.len() as u64, items, next: None }))
}

impl From<LogRecord> for RecordView {
    fn from(record: LogRecord) -> Self {
        let (value, value_base64) = shown(record.value.as_deref());
        Self {
            partition: record.partition,
            offset: record.offset,
            timestamp: record.timestamp,
            key: String::from_utf8_lossy(&record.key).into_owned(),
            headers: record
                .headers
                .into_iter()
                .map(|header| (header.name, String::from_utf8_lossy(&header.value).into_owned()))
                .collect(),
            value,
            value_base64,
        }
    }
}

/// A value as JSON, or in base64 where it is none that every reader takes: other than JSON, or nested deeper than parsers
/// go.
pub fn shown(value: Option<&[u8]>) -> (Option<Box<RawValue>>, Option<String>) {
    let Some(bytes) = value else { return (None, None) };
    let is_json = serde_json::from_slice::<serde_json::Value>(bytes).is_ok();
    match serde_json::from_slice::<Box<RawValue>>(bytes) {
        Ok(json) if is_json => (Some(json), None),
        _ => (None, Some(STANDARD.encode(bytes))),
    }
}

/// The bytes that a request gives as JSON or in base64; `None` where it gives neither.
pub fn given(value: Option<&RawValue>, value_base64: Option<&str>) -> Result<Option<Vec<u8>>, Problem> {
    match (value, value_base64) {
        (Some(_), Some(_)) => {
            let problem = FieldError::new("value_base64", "stands beside value; send one of them");
            Err(Problem::invalid(vec![problem]))
        }
        (Some(json), None) => Ok(Some(json.get().as_bytes().to_vec())),
        (None, Some(text)) => STANDARD.decode(text).map(Some).map_err(|error| {
            Problem::invalid(vec![FieldError::new("value_base64", format!("is not base64: {error}"))])
        }),
        (None, None) => Ok(None),
    }
}

/// JSON that is there, be it `null`.
pub fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

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

/// Where a published record is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Published {
    /// Its partition.
    partition: u32,
    /// Its offset.
    offset: u64,
}

/// Appends a record to a topic; for repair and trials.
#[utoipa::path(post, path = "/api/topics/{topic}/records", tag = "operations", params(("topic" = String, Path)),
    request_body = Publication, responses((status = 201, body = Published), (status = 413, body = Problem), (status = 422, body = Problem),
        (status = 503, description = "the log does not answer, or raw items that were taken before wait for it", body = Problem)))]
pub async fn publish(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<String>, PathRejection>,
    body: Result<Json<Publication>, JsonRejection>,
) -> Result<(StatusCode, Json<Published>), Problem> {
    let (Path(name), Json(publication)) = (path?, body?);
    let topic = Topic::parse(&name).ok_or_else(|| Problem::not_found("topic"))?;
    let meta = EventMeta {
        id: publication.id.unwrap_or_else(EventId::random),
        kind: &publication.kind,
        source: "/crisislens/operator",
        time: app.clock.now(),
    };
    let value = given(publication.value.as_deref(), publication.value_base64.as_deref())?;
    if value.is_none() != publication.null_value {
        let problem = FieldError::new("value", "send exactly one of value, value_base64 and null_value");
        return Err(Problem::invalid(vec![problem]));
    }
    let key = publication.key.into_bytes();
    let record =
        NewRecord { value: value.clone(), ..NewRecord::event(topic, key, value.unwrap_or_default(), meta) };
    if topic == Topic::RawItems && app.store.has_spooled().await? {
        // What was taken before comes before it, and that waits for the log.
        let waits = "raw items that were taken before wait for the log; try again once it has them";
        return Err(Problem::later(waits));
    }
    let bytes = app.log.definitions().checked_bytes(slice::from_ref(&record))?;
    let kind: String = meta.kind.chars().take(MAX_NOTED_CHARS).collect();
    // Before it is sent: nothing comes onto the log by hand without a trace.
    let entry = AuditEntry::new(
        meta.time,
        claims.actor(),
        "topics.publish",
        topic.to_string(),
        json!({ "event_id": meta.id, "type": kind, "bytes": bytes }),
    );
    let mut tx = app.store.begin(Durability::Power).await?;
    tx.record_audit(&entry).await?;
    tx.commit().await?;
    let placed = app.log.append(vec![record]).await?;
    let placed = placed.first().ok_or_else(|| Problem::internal(&"the log answered no place"))?;
    Ok((StatusCode::CREATED, Json(Published { partition: placed.partition, offset: placed.offset })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_as_json_only_where_every_reader_takes_it() {
        let json = |bytes: &[u8]| shown(Some(bytes)).0.is_some();
        assert!(json(br#"{"a": [1, null]}"#) && json(b"null") && json(br#"{"a":1,"a":2}"#));
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        for bytes in [&b"{\"a\":"[..], b"\xC3\x28", b"", b"NaN", deep.as_bytes()] {
            let (value, base64) = shown(Some(bytes));
            assert!(value.is_none());
            assert_eq!(base64.map(|text| STANDARD.decode(text).unwrap()), Some(bytes.to_vec()));
        }
        assert!(matches!(shown(None), (None, None)));
    }
}
