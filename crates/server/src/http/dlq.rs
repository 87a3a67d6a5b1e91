//! `/api/dlq`: dead letters, one by one. Many at once are in `bulk`, what never reached the log in `stranded`.

pub mod bulk;
mod letters;
pub mod stranded;

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use axum_extra::extract::Query;
use crisislens_model::FieldError;
use crisislens_state::dead_letters::{LetterCount, LetterStatus};
use crisislens_stream::redrive::{Decided, RedriveError, Replay};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Problem;
use super::params::{List, PageParams, Params};
use super::records::{given, present};
use crate::app::App;
use crate::auth::Claims;
use letters::{LetterDetail, LetterParams, LetterView};

/// Longest reason for discarding a letter, bytes.
const MAX_REASON_BYTES: usize = 1000;

/// Dead letters, newest first.
#[utoipa::path(get, path = "/api/dlq", tag = "operations", params(LetterParams, PageParams),
    responses((status = 200, body = List<LetterView>)))]
pub async fn list(
    State(app): State<Arc<App>>,
    params: Params<LetterParams>,
    page: Params<PageParams>,
) -> Result<Json<List<LetterView>>, Problem> {
    let (Query(params), Query(page)) = (params?, page?);
    let after = page.cursor.as_deref().map(str::parse).transpose();
    let after = after.map_err(|_| Problem::parameter("cursor", "was not given out by this list"))?;
    let found = app.store.letters(&params.filter()?, page.limit()?, after).await?;
    Ok(Json(List {
        items: found.items.into_iter().map(LetterView::from).collect(),
        total: found.total,
        next: found.next.map(|offset| offset.to_string()),
    }))
}

/// How many dead letters there are, by topic, kind of failure and status.
#[utoipa::path(get, path = "/api/dlq/counts", tag = "operations",
    responses((status = 200, body = List<LetterCount>)))]
pub async fn counts(State(app): State<Arc<App>>) -> Result<Json<List<LetterCount>>, Problem> {
    let items = app.store.letter_counts().await?;
    Ok(Json(List { total: items.len() as u64, items, next: None }))
}

/// One dead letter with the record that died: key, value and headers.
#[utoipa::path(get, path = "/api/dlq/{offset}", tag = "operations", params(("offset" = u64, Path)),
    responses((status = 200, body = LetterDetail), (status = 404, body = Problem)))]
pub async fn one(
    State(app): State<Arc<App>>,
    path: Result<Path<u64>, PathRejection>,
) -> Result<Json<LetterDetail>, Problem> {
    let Path(offset) = path?;
    let letter = app.store.letter(offset).await?.ok_or_else(|| Problem::not_found("dead letter"))?;
    let record = match app.redrive().record(offset).await {
        Ok(record) => Some(record),
        Err(RedriveError::Gone(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let decided_by = letter.decided_by.as_deref().and_then(|id| id.parse().ok());
    let person = match decided_by {
        Some(id) => app.store.user(id).await?,
        None => None,
    };
    Ok(Json(LetterDetail::new(letter, person.map(|person| person.name), record)))
}

/// How one letter is replayed; `{}` sends it as it was.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReplayOne {
    /// The value to send in place of the letter's own, where it is JSON.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    value: Option<Box<RawValue>>,
    /// The value to send in place of the letter's own, in base64.
    value_base64: Option<String>,
    /// Send it even where it is parked.
    parked_too: bool,
}

/// Sends a dead letter to its topic again, at most once.
#[utoipa::path(post, path = "/api/dlq/{offset}/replay", tag = "operations", params(("offset" = u64, Path)),
    request_body = ReplayOne,
    responses((status = 200, body = LetterView), (status = 404, body = Problem),
        (status = 409, description = "decided before, or parked", body = Problem),
        (status = 410, description = "retention has dropped it", body = Problem), (status = 413, body = Problem),
        (status = 422, description = "it does not say which topic it came from", body = Problem)))]
pub async fn replay(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<u64>, PathRejection>,
    body: Result<Json<ReplayOne>, JsonRejection>,
) -> Result<Json<LetterView>, Problem> {
    let (Path(offset), Json(body)) = (path?, body?);
    let value = given(body.value.as_deref(), body.value_base64.as_deref())?;
    let how = Replay { value, parked_too: body.parked_too };
    let decided = app.redrive().replay(offset, how, &claims.actor()).await?;
    after(&app, offset, decided).await
}

/// Why a letter is discarded.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscardOne {
    /// For those who ask later; at most 1000 bytes.
    reason: String,
}

/// Decides that a dead letter will not be applied.
#[utoipa::path(post, path = "/api/dlq/{offset}/discard", tag = "operations", params(("offset" = u64, Path)),
    request_body = DiscardOne,
    responses((status = 200, body = LetterView), (status = 404, body = Problem),
        (status = 409, description = "decided before", body = Problem), (status = 422, body = Problem)))]
pub async fn discard(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<u64>, PathRejection>,
    body: Result<Json<DiscardOne>, JsonRejection>,
) -> Result<Json<LetterView>, Problem> {
    let (Path(offset), Json(body)) = (path?, body?);
    let decided = app.redrive().discard(offset, checked_reason(&body.reason)?, &claims.actor()).await?;
    after(&app, offset, decided).await
}

/// The letter after a decision.
async fn after(app: &App, offset: u64, decided: Decided) -> Result<Json<LetterView>, Problem> {
    match decided {
        Decided::Done => {
            let letter = app.store.letter(offset).await?.ok_or_else(|| Problem::not_found("dead letter"))?;
            Ok(Json(letter.into()))
        }
        Decided::Already(LetterStatus::Parked) => Err(Problem::new(
            StatusCode::CONFLICT,
            format!(
                "the dead letter at offset {offset} is parked: it died again after every replay; replay it with parked_too"
            ),
        )),
        Decided::Already(status) => Err(Problem::new(
            StatusCode::CONFLICT,
            format!("the dead letter at offset {offset} is {} already", status.as_str()),
        )),
    }
}

/// A reason that says something.
fn checked_reason(reason: &str) -> Result<&str, Problem> {
    let reason = reason.trim();
    let problem = match reason.len() {
        0 => "is empty".to_owned(),
        1..=MAX_REASON_BYTES => return Ok(reason),
        _ => format!("is longer than {MAX_REASON_BYTES} bytes"),
    };
    Err(Problem::invalid(vec![FieldError::new("reason", problem)]))
}

impl From<RedriveError> for Problem {
    fn from(error: RedriveError) -> Self {
        let status = match error {
            RedriveError::Unknown(_) => StatusCode::NOT_FOUND,
            RedriveError::Foreign(_) => StatusCode::UNPROCESSABLE_ENTITY,
            RedriveError::Gone(_) => StatusCode::GONE,
            RedriveError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            RedriveError::Log(error) => return error.into(),
            RedriveError::State(error) => return error.into(),
        };
        Self::new(status, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use crisislens_model::Topic;

    use super::*;

    #[test]
    fn each_reason_why_a_letter_cannot_be_replayed_has_a_status_of_its_own() {
        let status = |error: RedriveError| Problem::from(error).into_response().status().as_u16();
        assert_eq!(status(RedriveError::Unknown(1)), 404);
        assert_eq!(status(RedriveError::Gone(1)), 410);
        assert_eq!(status(RedriveError::TooLarge { topic: Topic::Alerts, size: 2, limit: 1 }), 413);
        assert_eq!(status(RedriveError::Foreign(1)), 422);
    }
}
