//! `/api/dlq/stranded`: records that never reached the log, because it refuses them for what they are.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use crisislens_model::{Timestamp, Topic};
use crisislens_state::stream::Stranded;
use serde::Serialize;

use super::{DiscardOne, Problem, checked_reason};
use crate::app::App;
use crate::auth::Claims;
use crate::http::params::List;

/// Most records listed.
const LISTED: usize = 500;

/// A record that the log refuses.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StrandedView {
    /// Names it.
    seq: i64,
    /// The topic it was to go to.
    topic: Topic,
    /// Its key, as text where it is text.
    key: String,
    /// Bytes of key, headers and value.
    bytes: u64,
    /// Why the log refused it.
    reason: String,
    /// When it was published.
    published_at: Timestamp,
    /// When the log refused it.
    stranded_at: Timestamp,
}

impl From<Stranded> for StrandedView {
    fn from(record: Stranded) -> Self {
        Self {
            seq: record.seq,
            topic: record.topic,
            key: String::from_utf8_lossy(&record.key).into_owned(),
            bytes: record.bytes,
            reason: record.reason,
            published_at: record.published_at,
            stranded_at: record.stranded_at,
        }
    }
}

/// Records that the log refuses for what they are, oldest first, at most 500. They are kept whole until somebody sends them again
/// (once the topic takes them) or drops them.
#[utoipa::path(get, path = "/api/dlq/stranded", tag = "operations",
    responses((status = 200, body = List<StrandedView>)))]
pub async fn list(State(app): State<Arc<App>>) -> Result<Json<List<StrandedView>>, Problem> {
    let total = app.store.outbox_depth().await?.stranded;
    let items = app.store.stranded(LISTED).await?.into_iter().map(StrandedView::from).collect();
    Ok(Json(List { items, total, next: None }))
}

/// Sends a stranded record to the log again; where nothing has changed it is stranded again, under another number.
#[utoipa::path(post, path = "/api/dlq/stranded/{seq}/send", tag = "operations", params(("seq" = i64, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn send(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<i64>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path(seq) = path?;
    answer(app.redrive().send_stranded(seq, &claims.actor()).await?)
}

/// Drops a stranded record for good.
#[utoipa::path(post, path = "/api/dlq/stranded/{seq}/drop", tag = "operations", params(("seq" = i64, Path)),
    request_body = DiscardOne,
    responses((status = 204), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn drop_one(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<i64>, PathRejection>,
    body: Result<Json<DiscardOne>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let (Path(seq), Json(body)) = (path?, body?);
    answer(app.redrive().drop_stranded(seq, checked_reason(&body.reason)?, &claims.actor()).await?)
}

fn answer(done: bool) -> Result<StatusCode, Problem> {
    if done { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("stranded record")) }
}
