//! `GET /api/topics/{topic}/records`: the records of a topic, decoded.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum_extra::extract::Query;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crisislens_log::{LogRecord, ReadLimit};
use crisislens_model::{FieldError, Timestamp, Topic};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::Problem;
use super::params::{List, Params};
use crate::app::App;

/// Most records in one answer.
const MAX_RECORDS: usize = 1000;

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
