//! `/api/ingest`: raw items from programs and people, answered when they are durable: on the log or, while that is away, in the
//! outbox.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::{Extension, Json};
use crisislens_model::{FieldError, ItemId, NewRecord, RawItem, Role, SourceKind, Timestamp};
use crisislens_pipeline::raw_item_record;
use crisislens_sources::{SourceContext, raw_item_from_json};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Problem;
use super::repeated::first as first_repeated;
use crate::app::App;
use crate::auth::Claims;

/// Most raw items in one request.
const MAX_ITEMS: usize = 2000;
/// Stored items that are looked at together, to see who said them.
const KNOWN_AT_ONCE: usize = 64;
/// Bodies up to this are read on the spot.
const INLINE_BYTES: usize = 32 * 1024;
/// Most errors listed in one answer.
const MAX_ERRORS: usize = 50;

/// What was taken.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Accepted {
    /// How many raw items are durable and will take effect once.
    accepted: usize,
    /// Their ids, in the order sent.
    ids: Vec<ItemId>,
    /// Lines of an NDJSON stream that were not taken, with what is wrong with each; the first fifty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<FieldError>,
}

/// Takes one raw item (a JSON object), many (a JSON array; all or none), or a stream of lines (`application/x-ndjson`;
/// each line for itself). `source`, `source_id` and `text` are needed; the id is derived from the first two and from whether it is
/// part of an exercise, and a later item of the same is a new revision. Who says it with a weaker voice than it was said with is
/// refused; a line that is refused stands in `rejected`. While the log is away raw items are kept until it is back, as many
/// as are configured.
#[utoipa::path(post, path = "/api/ingest", tag = "ingest",
    request_body(content = Object, description = "A raw item, an array of them, or NDJSON"),
    responses((status = 202, body = Accepted), (status = 400, body = Problem), (status = 403, description = "what an authority said is revised by an authority only", body = Problem), (status = 413, body = Problem), (status = 422, body = Problem),
        (status = 503, description = "nothing was acknowledged: send all of it again after `Retry-After`; an item that was taken all the same does not become two", body = Problem)))]
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
    let now = app.clock.now();
    let bytes = body.len();
    let read = move || read_body(&body, is_lines, &claims, now);
    // What is read in microseconds is not worth a hand-over to another thread.
    let read = if bytes <= INLINE_BYTES {
        read()
    } else {
        tokio::task::spawn_blocking(read).await.map_err(|error| Problem::internal(&error))?
    };
    let Read { taken, mut rejected } = read?;
    let records = refuse_weaker_voices(&app, taken, &mut rejected, is_lines).await?;
    let ids: Vec<ItemId> = records.iter().map(|(id, _)| *id).collect();
    app.intake.take(records.into_iter().map(|(_, record)| record).collect()).await?;
    metrics::counter!("crisislens_server_ingested_items_total").increment(ids.len() as u64);
    rejected.truncate(MAX_ERRORS);
    Ok((StatusCode::ACCEPTED, Json(Accepted { accepted: ids.len(), ids, rejected })))
}

/// A body after reading.
struct Read {
    taken: Vec<Taken>,
    rejected: Vec<FieldError>,
}

/// An entry that is in order.
struct Taken {
    /// Its place in the body.
    index: usize,
    id: ItemId,
    voice: SourceKind,
    record: NewRecord,
}

/// Nobody overwrites what a stronger voice has said. The pipeline drops such a revision too; here whoever sends it is told: of
/// lines, each for itself, else with a refusal of the whole.
async fn refuse_weaker_voices(
    app: &App,
    taken: Vec<Taken>,
    rejected: &mut Vec<FieldError>,
    is_lines: bool,
) -> Result<Vec<(ItemId, NewRecord)>, Problem> {
    let ids: Vec<ItemId> = taken.iter().map(|one| one.id).collect();
    let (mut strongest, mut left) = (HashMap::<ItemId, SourceKind>::new(), ids.as_slice());
    while !left.is_empty() {
        let next = left.get(..KNOWN_AT_ONCE).unwrap_or(left);
        let (known, looked_for) = app.store.items_by_id(next).await?;
        strongest.extend(known.iter().map(|item| (item.id, item.source_kind)));
        left = left.get(looked_for..).unwrap_or_default();
    }
    let mut records = Vec::with_capacity(taken.len());
    for Taken { index, id, voice, record } in taken {
        let said = strongest.entry(id).or_insert(voice);
        if voice <= *said {
            *said = voice;
            records.push((id, record));
            continue;
        }
        let problem = format!(
            "this entry was said by a source of kind {}; one of kind {} does not revise it",
            said.as_str(),
            voice.as_str()
        );
        if !is_lines {
            return Err(Problem::new(StatusCode::FORBIDDEN, format!("[{index}]: {problem}")));
        }
        rejected.push(FieldError::new(format!("[{index}].source_kind"), problem));
    }
    if records.is_empty() {
        rejected.truncate(MAX_ERRORS);
        return Err(Problem::invalid(std::mem::take(rejected)));
    }
    Ok(records)
}

fn read_body(body: &[u8], is_lines: bool, claims: &Claims, now: Timestamp) -> Result<Read, Problem> {
    let entries = if is_lines { lines(body) } else { document(body)? };
    if entries.is_empty() {
        return Err(Problem::bad_request("there is no raw item in the body"));
    }
    if entries.len() > MAX_ITEMS {
        let detail = format!("{} raw items in one request; at most {MAX_ITEMS} are taken", entries.len());
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    let (items, mut rejected) = read_entries(claims, &entries, is_lines, now);
    if !rejected.is_empty() && (!is_lines || items.is_empty()) {
        rejected.truncate(MAX_ERRORS);
        return Err(Problem::invalid(rejected));
    }
    let origin = format!("/crisislens/users/{}", claims.sub);
    // Each item goes when its record is made: it may be large.
    let taken = items.into_iter().map(|(index, item)| {
        let record = raw_item_record(&item, &origin)?;
        Ok(Taken { index, id: item.id, voice: item.source_kind, record })
    });
    let taken = taken.collect::<Result<_, serde_json::Error>>();
    Ok(Read { taken: taken.map_err(|error| Problem::internal(&error))?, rejected })
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

fn read_entries(
    claims: &Claims,
    entries: &[&[u8]],
    is_lines: bool,
    now: Timestamp,
) -> (Vec<(usize, RawItem)>, Vec<FieldError>) {
    let mut items = Vec::with_capacity(entries.len());
    let mut errors = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        // Only an operator's programs may speak with another voice than a post's, and only where they say so.
        let may_vouch = claims.role == Role::Admin && names_its_voice(entry);
        let kind = if may_vouch { SourceKind::Official } else { SourceKind::Social };
        // Each has an instant of its own: an entry that returns to an earlier text within one request is news.
        let own = now.as_microsecond().saturating_add(index as i64);
        let now = Timestamp::from_microsecond(own).unwrap_or(now);
        let ctx = SourceContext { source: "ingest", kind, now, exercise: false, url: None };
        // A document was looked through as a whole.
        if let Some(error) = is_lines.then(|| first_repeated(entry)).flatten() {
            errors.push(FieldError::new(format!("[{index}].{}", error.field), error.problem));
            continue;
        }
        match raw_item_from_json(entry, &ctx) {
            Ok(item) => items.push((index, item)),
            Err(problems) if entries.len() == 1 => errors.extend(problems),
            Err(problems) => errors.extend(
                problems
                    .into_iter()
                    .map(|problem| FieldError::new(format!("[{index}].{}", problem.field), problem.problem)),
            ),
        }
    }
    (items, errors)
}

/// Whether the entry has a `source_kind` of its own.
fn names_its_voice(entry: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Voice {
        source_kind: Option<IgnoredAny>,
    }
    serde_json::from_slice::<Voice>(entry).is_ok_and(|voice| voice.source_kind.is_some())
}
