//! What people say of the evidence on a claim. It is weighed again at once.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use crisislens_model::claim::MAX_REASON;
use crisislens_model::object::Object;
use crisislens_model::wording::{line_problem, text_problem};
use crisislens_model::{ActivityKind, ClaimId, FieldError, Stance};
use crisislens_pipeline::desk::{Added, Desk, consequences};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::change::{Change, change};
use super::{ClaimView, Tagged};
use crate::app::App;
use crate::auth::Claims;
use crate::http::Problem;

/// Longest piece, characters.
const MAX_SNIPPET: usize = 2_000;
/// Longest name of who says it, characters.
const MAX_SOURCE: usize = 200;
/// Longest address, bytes.
const MAX_URL: usize = 2_000;

/// A piece of evidence to add.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEvidence {
    /// Where it can be read: http or https.
    #[serde(default)]
    url: Option<String>,
    /// What it says.
    text_snippet: String,
    /// Who says it.
    source: String,
    /// supports, refutes or neutral.
    stance: Stance,
    /// Why.
    why: String,
}

/// On which side a piece is.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// supports, refutes or neutral.
    stance: Stance,
    /// Why.
    why: String,
}

/// Adds a piece of evidence. The same again changes nothing.
#[utoipa::path(post, path = "/api/claims/{id}/evidence", tag = "claims", params(("id" = String, Path)), request_body = NewEvidence,
    responses((status = 201, body = ClaimView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn add(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<ClaimId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Object<NewEvidence>>, JsonRejection>,
) -> Result<(StatusCode, Tagged<ClaimView>), Problem> {
    let (Path(id), Json(Object(new))) = (path?, body?);
    let mut problems: Vec<FieldError> = [
        text_problem("text_snippet", &new.text_snippet, MAX_SNIPPET),
        line_problem("source", &new.source, MAX_SOURCE),
        text_problem("why", &new.why, MAX_REASON),
    ]
    .into_iter()
    .flatten()
    .collect();
    if let Some(url) = &new.url {
        let is_web = url.starts_with("https://") || url.starts_with("http://");
        if !is_web || url.len() > MAX_URL || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
            problems.push(FieldError::new(
                "url",
                format!("is no http or https address of at most {MAX_URL} bytes"),
            ));
        }
    }
    Problem::of_fields(problems)?;
    let done =
        Change { id, version: None, action: "evidence.add", detail: json!(new), kind: ActivityKind::Edited };
    let NewEvidence { url, text_snippet, source, stance, why } = new;
    let added = Added { url, text_snippet, source, stance, why };
    let act = |desk: &mut Desk| Ok((desk.add_evidence(added)?, Vec::new()));
    let (desk, _) = change(&app, &person, &headers, done, act).await?;
    Ok((StatusCode::CREATED, ClaimView::of(&app, desk.claim, desk.workflow, &person).await?.tagged()))
}

/// Says on which side a piece of evidence is. That stays whatever is found later, and is kept to learn from.
#[utoipa::path(patch, path = "/api/claims/{id}/evidence/{evidence}", tag = "claims",
    params(("id" = String, Path), ("evidence" = String, Path)), request_body = Side,
    responses((status = 200, body = ClaimView), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn judge(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<(ClaimId, Uuid)>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Object<Side>>, JsonRejection>,
) -> Result<Tagged<ClaimView>, Problem> {
    let (Path((id, evidence)), Json(Object(side))) = (path?, body?);
    Problem::of_fields(text_problem("why", &side.why, MAX_REASON).into_iter().collect())?;
    let detail = json!({ "evidence": evidence, "side": side });
    let done = Change { id, version: None, action: "evidence.judge", detail, kind: ActivityKind::Edited };
    let (by, now) = (person.sub, app.clock.now());
    let act = |desk: &mut Desk| {
        let before = desk.claim.evidence.iter().find(|one| one.id == evidence).cloned();
        desk.set_stance(evidence, side.stance, &side.why)?;
        let after = desk.claim.evidence.iter().find(|one| one.id == evidence);
        let example = before
            .zip(after)
            .map(|(before, after)| consequences::stance_example(&desk.claim, &before, after, by, now));
        Ok(((), example.into_iter().collect()))
    };
    let (desk, ()) = change(&app, &person, &headers, done, act).await?;
    Ok(ClaimView::of(&app, desk.claim, desk.workflow, &person).await?.tagged())
}

/// Removes a piece that a person has added, or takes back what a person has said of one.
#[utoipa::path(delete, path = "/api/claims/{id}/evidence/{evidence}", tag = "claims",
    params(("id" = String, Path), ("evidence" = String, Path)),
    responses((status = 200, body = ClaimView), (status = 404, body = Problem)))]
pub async fn remove(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<(ClaimId, Uuid)>, PathRejection>,
    headers: HeaderMap,
) -> Result<Tagged<ClaimView>, Problem> {
    let Path((id, evidence)) = path?;
    let detail = json!({ "evidence": evidence });
    let done = Change { id, version: None, action: "evidence.remove", detail, kind: ActivityKind::Edited };
    let act = |desk: &mut Desk| Ok((desk.remove_evidence(evidence)?, Vec::new()));
    let (desk, ()) = change(&app, &person, &headers, done, act).await?;
    Ok(ClaimView::of(&app, desk.claim, desk.workflow, &person).await?.tagged())
}
