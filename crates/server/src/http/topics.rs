//! `/api/topics`: partitions, lag, tail; and publishing by hand.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum_extra::extract::Query;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crisislens_log::{LogRecord, ReadLimit};
use crisislens_model::record::EventMeta;
use crisislens_model::{EventId, NewRecord, Timestamp, Topic};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

use super::Problem;
use super::params::{List, Params};
use crate::app::App;

/// Most records in one answer.
const MAX_RECORDS: usize = 1000;

/// A topic as operators see it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TopicView {
    /// Its name.
    name: String,
    /// How long records are kept, milliseconds.
    retention_ms: u64,
    /// Largest record, bytes.
    max_message_bytes: u64,
    /// Its partitions.
    partitions: Vec<PartitionView>,
    /// Records that each consumer has not applied yet.
    lag: BTreeMap<String, u64>,
}

/// A partition as operators see it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PartitionView {
    /// Its number.
    partition: u32,
    /// Offset of the oldest record kept.
    start: u64,
    /// Offset of the next record.
    end: u64,
    /// The next offset of each consumer.
    consumers: BTreeMap<String, u64>,
}

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

/// Every topic with its partitions and lag.
#[utoipa::path(get, path = "/api/topics", tag = "operations", responses((status = 200, body = List<TopicView>)))]
pub async fn list(State(app): State<Arc<App>>) -> Result<Json<List<TopicView>>, Problem> {
    let mut offsets = app.store.offsets().await?;
    offsets.extend(app.search.offsets().await?.into_iter().map(|(partition, next)| {
        let consumer = "crisis-lens-main/search".to_owned();
        crisislens_state::stream::ConsumerOffset { consumer, topic: Topic::NormalizedItems, partition, next }
    }));
    let mut items = Vec::with_capacity(Topic::ALL.len());
    for topic in Topic::ALL {
        // A consumer of a topic reads all its partitions; where it has not committed yet, it is at the start.
        let names: BTreeSet<&str> = offsets
            .iter()
            .filter(|offset| offset.topic == topic)
            .map(|offset| offset.consumer.as_str())
            .collect();
        let definition = app.log.definitions().get(topic);
        let mut view = TopicView {
            name: topic.to_string(),
            retention_ms: definition.retention_ms,
            max_message_bytes: definition.max_message_bytes as u64,
            partitions: Vec::new(),
            lag: BTreeMap::new(),
        };
        for partition in 0..definition.partitions {
            let bounds = app.log.bounds(topic, partition).await?;
            let mut consumers: BTreeMap<String, u64> =
                names.iter().map(|name| ((*name).to_owned(), bounds.start)).collect();
            consumers.extend(
                offsets
                    .iter()
                    .filter(|offset| offset.topic == topic && offset.partition == partition)
                    .map(|offset| (offset.consumer.clone(), offset.next)),
            );
            for (consumer, next) in &consumers {
                *view.lag.entry(consumer.clone()).or_default() += bounds.end.saturating_sub(*next);
            }
            view.partitions.push(PartitionView {
                partition,
                start: bounds.start,
                end: bounds.end,
                consumers,
            });
        }
        items.push(view);
    }
    Ok(Json(List { total: items.len() as u64, items, next: None }))
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
    let all = 0..app.log.definitions().get(topic).partitions;
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
        let json =
            record.value.as_deref().and_then(|value| serde_json::from_slice::<Box<RawValue>>(value).ok());
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
            value_base64: record.value.filter(|_| json.is_none()).map(|value| STANDARD.encode(value)),
            value: json,
        }
    }
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
    /// The payload.
    #[schema(value_type = Object)]
    value: Box<RawValue>,
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
    request_body = Publication, responses((status = 201, body = Published), (status = 413, body = Problem)))]
pub async fn publish(
    State(app): State<Arc<App>>,
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
    let value = publication.value.get().as_bytes().to_vec();
    let record = NewRecord::event(topic, publication.key.into_bytes(), value, meta);
    let placed = app.log.append(vec![record]).await?;
    let placed = placed.first().ok_or_else(|| Problem::internal(&"the log answered no place"))?;
    Ok((StatusCode::CREATED, Json(Published { partition: placed.partition, offset: placed.offset })))
}
