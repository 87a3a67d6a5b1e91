//! `/api/ingest`: raw items from programs and people, answered when they are durable on the log.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::{Extension, Json};
use crisislens_model::{FieldError, ItemId, RawItem, Role, SourceKind};
use crisislens_pipeline::raw_item_record;
use crisislens_sources::{SourceContext, raw_item_from_json};
use serde::Serialize;
use serde_json::value::RawValue;

use super::Problem;
use crate::app::App;
use crate::auth::Claims;

/// Most raw items in one request.
const MAX_ITEMS: usize = 2000;
/// Most errors listed in one answer.
const MAX_ERRORS: usize = 50;

/// What was taken.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Accepted {
    /// How many raw items are durable on the log.
    accepted: usize,
    /// Their ids, in the order sent.
    ids: Vec<ItemId>,
}

/// Takes one raw item (a JSON object), many (a JSON array), or a stream of lines (`application/x-ndjson`). All or none
/// of a request are taken. `source`, `source_id` and `text` are needed; the id is derived from the first two, and a
/// later item of the same source and source id is a new revision.
#[utoipa::path(post, path = "/api/ingest", tag = "ingest",
    request_body(content = Object, description = "A raw item, an array of them, or NDJSON"),
    responses((status = 202, body = Accepted), (status = 400, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem)))]
pub async fn ingest(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Accepted>), Problem> {
    let body = body.map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))?;
    let is_lines = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-ndjson"));
    let entries = if is_lines { lines(&body) } else { document(&body)? };
    if entries.is_empty() {
        return Err(Problem::bad_request("there is no raw item in the body"));
    }
    if entries.len() > MAX_ITEMS {
        let detail = format!("{} raw items in one request; at most {MAX_ITEMS} are taken", entries.len());
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    let items = read(&app, &claims, &entries)?;
    let ids = items.iter().map(|item| item.id).collect::<Vec<_>>();
    let origin = format!("/crisislens/users/{}", claims.sub);
    let records = items
        .iter()
        .map(|item| raw_item_record(item, &origin))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Problem::internal(&error))?;
    app.log.append(records).await?;
    metrics::counter!("crisislens_server_ingested_items_total").increment(ids.len() as u64);
    Ok((StatusCode::ACCEPTED, Json(Accepted { accepted: ids.len(), ids })))
}

fn lines(body: &[u8]) -> Vec<&[u8]> {
    body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).collect()
}

/// The entries of a JSON document, still as text, so that each is read once and by one reader.
fn document(body: &[u8]) -> Result<Vec<&[u8]>, Problem> {
    let not_json = |error: serde_json::Error| Problem::bad_request(format!("the body is not JSON: {error}"));
    if body.trim_ascii_start().first() == Some(&b'[') {
        let entries: Vec<&RawValue> = serde_json::from_slice(body).map_err(not_json)?;
        return Ok(entries.into_iter().map(|entry| entry.get().as_bytes()).collect());
    }
    let entry: &RawValue = serde_json::from_slice(body).map_err(not_json)?;
    Ok(vec![entry.get().as_bytes()])
}

fn read(app: &App, claims: &Claims, entries: &[&[u8]]) -> Result<Vec<RawItem>, Problem> {
    let now = app.clock.now();
    // Only an operator's programs may speak with the voice of an authority.
    let kind = if claims.role == Role::Admin { SourceKind::Official } else { SourceKind::Social };
    let mut items = Vec::with_capacity(entries.len());
    let mut errors = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        // A raw item that does not say otherwise is a post, whoever brings it.
        let ctx = SourceContext { source: "ingest", kind, now, exercise: false, url: None };
        match raw_item_from_json(entry, &ctx) {
            Ok(mut item) => {
                if claims.role == Role::Admin && !mentions(entry, "source_kind") {
                    item.source_kind = SourceKind::Social;
                }
                items.push(item);
            }
            Err(problems) => errors.extend(problems.into_iter().map(|problem| {
                if entries.len() == 1 {
                    return problem;
                }
                FieldError::new(format!("[{index}].{}", problem.field), problem.problem)
            })),
        }
        if errors.len() >= MAX_ERRORS {
            break;
        }
    }
    if errors.is_empty() { Ok(items) } else { Err(Problem::invalid(errors)) }
}

fn mentions(entry: &[u8], field: &str) -> bool {
    let quoted = format!("\"{field}\"");
    entry.windows(quoted.len()).any(|window| window == quoted.as_bytes())
}
