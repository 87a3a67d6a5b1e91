//! What people decide of a claim.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::{Extension, Json};
use crisislens_model::claim::{MAX_REASON, MAX_TEXT};
use crisislens_model::object::Object;
use crisislens_model::wording::text_problem;
use crisislens_model::{ClaimId, FieldError, Verdict};
use crisislens_pipeline::desk::{Desk, Refusal, consequences};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::change::{Change, change};
use super::{ClaimView, Tagged};
use crate::app::App;
use crate::auth::Claims;
use crate::http::Problem;
use crate::http::items::if_match;

/// What is put right of a claim.
#[derive(Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimEdit {
    /// The sentence, in better words.
    text: Option<String>,
    /// 0 to 1: what it would do if it were false and believed, or true and missed.
    harm_potential: Option<f64>,
    /// Notes of the desk, replacing those there; may be empty.
    notes: Option<String>,
}

/// A verdict.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// true, false, misleading, or needs_investigation.
    verdict: Verdict,
    /// Why.
    reason: String,
}

/// Why.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// For colleagues and the audit log.
    pub reason: String,
}

/// Why it is put aside.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Discard {
    /// For colleagues and the audit log.
    reason: String,
    /// Whether it was worth checking at all, where that can be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checkworthy: Option<bool>,
}

pub fn reason_problem(reason: &str) -> Option<FieldError> {
    text_problem("reason", reason, MAX_REASON)
}

async fn answer(app: &App, desk: Desk, person: &Claims) -> Result<Tagged<ClaimView>, Problem> {
    Ok(ClaimView::of(app, desk.claim, desk.workflow, person).await?.tagged())
}

/// Puts wording, harm or notes right. `If-Match` carries the version that was read, `Lock-Token` the token of the claim's lock, where
/// somebody holds it.
#[utoipa::path(patch, path = "/api/claims/{id}", tag = "claims", params(("id" = String, Path),
    ("If-Match" = String, Header, description = "the version that was read, such as \"3\""),
    ("Lock-Token" = Option<i64>, Header, description = "the token of the claim's lock, where you hold it")), request_body = ClaimEdit,
    responses((status = 200, body = ClaimView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem), (status = 428, body = Problem)))]
pub async fn edit(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<ClaimId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Object<ClaimEdit>>, JsonRejection>,
) -> Result<Tagged<ClaimView>, Problem> {
    let (Path(id), Json(Object(edit))) = (path?, body?);
    let version = if_match(&headers)?;
    let mut problems = Vec::new();
    problems.extend(edit.text.as_deref().and_then(|text| text_problem("text", text, MAX_TEXT)));
    let notes = edit.notes.as_deref().filter(|notes| !notes.is_empty());
    problems.extend(notes.and_then(|notes| text_problem("notes", notes, MAX_REASON)));
    if edit.harm_potential.is_some_and(|harm| !(0.0..=1.0).contains(&harm)) {
        problems.push(FieldError::new("harm_potential", "is not between 0 and 1"));
    }
    Problem::of_fields(problems)?;
    let done = Change { id, version: Some(version), action: "edit", detail: json!(edit), event: None };
    let (by, now) = (person.sub, app.clock.now());
    let act = |desk: &mut Desk| {
        let before = desk.claim.clone();
        desk.edit(edit.text, edit.harm_potential, edit.notes)?;
        Ok(((), consequences::edit_examples(&before, &desk.claim, by, now)))
    };
    let (desk, ()) = change(&app, &person, &headers, done, act).await?;
    answer(&app, desk, &person).await
}

/// Your verdict. On a claim of high risk it takes effect once a second person has agreed; then who was right and wrong about it counts
/// for the reliability of each source at once. `If-Match` carries the version that was read.
#[utoipa::path(post, path = "/api/claims/{id}/verdict", tag = "claims", params(("id" = String, Path),
    ("If-Match" = String, Header, description = "the version that was read, such as \"3\"")), request_body = Decision,
    responses((status = 200, body = ClaimView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem), (status = 428, body = Problem)))]
pub async fn decide(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<ClaimId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Object<Decision>>, JsonRejection>,
) -> Result<Tagged<ClaimView>, Problem> {
    let (Path(id), Json(Object(decision))) = (path?, body?);
    let version = if_match(&headers)?;
    Problem::of_fields(reason_problem(&decision.reason).into_iter().collect())?;
    let done = Change { id, version: Some(version), action: "verdict", detail: json!(decision), event: None };
    let by = person.sub;
    let act = |desk: &mut Desk| Ok((desk.decide(decision.verdict, &decision.reason, by)?, Vec::new()));
    let (desk, ()) = change(&app, &person, &headers, done, act).await?;
    answer(&app, desk, &person).await
}

/// A second person, an approver, agrees: the verdict takes effect. `If-Match` carries the version that was read, so that nobody agrees to
/// what they have not seen.
#[utoipa::path(post, path = "/api/claims/{id}/approve", tag = "claims", params(("id" = String, Path),
    ("If-Match" = String, Header, description = "the version that was read, such as \"3\"")),
    responses((status = 200, body = ClaimView), (status = 403, description = "you decided it yourself, or may not approve", body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 412, body = Problem), (status = 428, body = Problem)))]
pub async fn approve(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<ClaimId>, PathRejection>,
    headers: HeaderMap,
) -> Result<Tagged<ClaimView>, Problem> {
    let Path(id) = path?;
    if_match(&headers)?;
    let by = person.sub;
    simple(&app, &person, &headers, (id, "approve"), "", move |desk| desk.approve(by)).await
}

/// A second person, an approver, refuses, or who decided takes it back: the claim waits for a verdict again.
#[utoipa::path(post, path = "/api/claims/{id}/reject", tag = "claims", params(("id" = String, Path)), request_body = Reason,
    responses((status = 200, body = ClaimView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn reject(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<ClaimId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Object<Reason>>, JsonRejection>,
) -> Result<Tagged<ClaimView>, Problem> {
    let (Path(id), Json(Object(Reason { reason }))) = (path?, body?);
    Problem::of_fields(reason_problem(&reason).into_iter().collect())?;
    let by = person.sub;
    simple(&app, &person, &headers, (id, "reject"), &reason, move |desk| desk.reject(by)).await
}

/// Takes a verdict, or that it was discarded, back: what followed from it is taken back with it, and the claim waits for a person again.
#[utoipa::path(post, path = "/api/claims/{id}/reopen", tag = "claims", params(("id" = String, Path)), request_body = Reason,
    responses((status = 200, body = ClaimView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn reopen(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<ClaimId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Object<Reason>>, JsonRejection>,
) -> Result<Tagged<ClaimView>, Problem> {
    let (Path(id), Json(Object(Reason { reason }))) = (path?, body?);
    Problem::of_fields(reason_problem(&reason).into_iter().collect())?;
    let by = person.sub;
    simple(&app, &person, &headers, (id, "reopen"), &reason, move |desk| desk.reopen(by)).await
}

/// Not worth, or not possible, to check. With `checkworthy`, it is learnt from whether it was worth checking at all.
#[utoipa::path(post, path = "/api/claims/{id}/discard", tag = "claims", params(("id" = String, Path)), request_body = Discard,
    responses((status = 200, body = ClaimView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn discard(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<ClaimId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Object<Discard>>, JsonRejection>,
) -> Result<Tagged<ClaimView>, Problem> {
    let (Path(id), Json(Object(discard))) = (path?, body?);
    Problem::of_fields(reason_problem(&discard.reason).into_iter().collect())?;
    let detail = json!(discard);
    let done = Change { id, version: maybe_if_match(&headers)?, action: "discard", detail, event: None };
    let (by, now) = (person.sub, app.clock.now());
    let act = |desk: &mut Desk| {
        desk.discard(&discard.reason, by)?;
        let kept = discard.checkworthy.map(|is| consequences::discard_example(&desk.claim, is, by, now));
        Ok(((), kept.into_iter().collect()))
    };
    let (desk, ()) = change(&app, &person, &headers, done, act).await?;
    answer(&app, desk, &person).await
}

/// A decision that needs nothing but its reason; where `If-Match` is sent, it counts.
async fn simple(
    app: &App,
    person: &Claims,
    headers: &HeaderMap,
    (id, action): (ClaimId, &str),
    reason: &str,
    act: impl FnOnce(&mut Desk) -> Result<(), Refusal>,
) -> Result<Tagged<ClaimView>, Problem> {
    let version = maybe_if_match(headers)?;
    let done = Change { id, version, action, detail: json!({ "reason": reason }), event: None };
    let (desk, ()) = change(app, person, headers, done, |desk| Ok((act(desk)?, Vec::new()))).await?;
    answer(app, desk, person).await
}

/// The version that was read, where it is sent.
pub fn maybe_if_match(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    headers.contains_key(header::IF_MATCH).then(|| if_match(headers)).transpose()
}
