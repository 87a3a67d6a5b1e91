//! `/api/workflows`: the verifications of claims, and what waits for a person.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::{Extension, Json};
use axum_extra::extract::Query;
use crisislens_model::object::Object;
use crisislens_model::workflow::Step;
use crisislens_model::{
    ClaimId, ClaimStatus, EventId, ItemId, Verdict, Workflow, WorkflowId, WorkflowStatus,
};
use crisislens_pipeline::desk::{Desk, Refusal};
use crisislens_state::StateError;
use crisislens_state::verification::{ClaimFilter, ClaimOrder, WorkflowFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Problem;
use super::claims::actions::{maybe_if_match, reason_problem};
use super::claims::{Change, ClaimView, Tagged, change};
use super::idempotency::id_for;
use super::params::{List, PageParams, Params, list as words};
use crate::app::App;
use crate::auth::Claims;

/// What is to be verified.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// The claim.
    claim_id: ClaimId,
}

/// Which workflows.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct WorkflowParams {
    /// running, paused, retrying, completed, failed, cancelled; several with commas or repeated.
    status: Vec<String>,
    /// Of this claim.
    #[param(value_type = Option<String>)]
    claim: Option<ClaimId>,
}

/// What a person answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The claim is decided as `verdict` says; at the second person's turn, the verdict takes effect.
    Approve,
    /// The claim is discarded; at the second person's turn, it waits for a verdict again.
    Reject,
}

/// An answer to what a workflow waits for.
#[derive(Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Resume {
    /// approve or reject; none where it goes on by itself (failed, retrying, cancelled).
    decision: Option<Answer>,
    /// With approve: true, false, misleading or needs_investigation. At the second person's turn the verdict that they agree to; it can be
    /// left out where `If-Match` says what they have read.
    verdict: Option<Verdict>,
    /// Why.
    reason: Option<String>,
}

/// The matching workflows, changed last first.
#[utoipa::path(get, path = "/api/workflows", tag = "workflows", params(WorkflowParams, PageParams),
    responses((status = 200, body = List<Workflow>), (status = 400, body = Problem)))]
pub async fn list(
    State(app): State<Arc<App>>,
    params: Params<WorkflowParams>,
    page: Params<PageParams>,
) -> Result<Json<List<Workflow>>, Problem> {
    let (Query(params), Query(page)) = (params?, page?);
    let known = WorkflowStatus::ALL.map(WorkflowStatus::as_str);
    let filter = WorkflowFilter {
        status: words("status", &params.status, WorkflowStatus::parse, &known)?,
        pending_review: false,
        claim: params.claim,
    };
    Ok(Json(app.store.list_workflows(&filter, page.limit()?, page.after()?).await?.into()))
}

/// The claims that wait for a person, the riskiest first, each with what it waits for and whether you may answer.
#[utoipa::path(get, path = "/api/workflows/pending-review", tag = "workflows", params(PageParams),
    responses((status = 200, body = List<ClaimView>), (status = 400, body = Problem)))]
pub async fn pending_review(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    page: Params<PageParams>,
) -> Result<Json<List<ClaimView>>, Problem> {
    let Query(page) = page?;
    let filter = ClaimFilter { status: vec![ClaimStatus::NeedsReview], ..ClaimFilter::default() };
    let found = app.store.list_claims(&filter, ClaimOrder::Risk, page.limit()?, page.after()?).await?;
    let List { items: claims, total, next } = found.into();
    let items = ClaimView::of_all(&app, claims, &person).await?;
    Ok(Json(List { items, total, next }))
}

/// How a workflow stands. The ETag is its version.
#[utoipa::path(get, path = "/api/workflows/{id}/status", tag = "workflows", params(("id" = String, Path)),
    responses((status = 200, body = Workflow), (status = 404, body = Problem)))]
pub async fn status(
    State(app): State<Arc<App>>,
    path: Result<Path<WorkflowId>, PathRejection>,
) -> Result<Tagged<Workflow>, Problem> {
    let Path(id) = path?;
    tagged(app.store.workflow(id).await?)
}

/// Begins the verification of a claim anew. Sent again with the same `Idempotency-Key` (1 to 255 characters) it is begun once, and the answer
/// (200) is how it stands.
#[utoipa::path(post, path = "/api/workflows/start", tag = "workflows", params(("Idempotency-Key" = Option<String>, Header)), request_body = Start,
    responses((status = 201, body = Workflow), (status = 200, description = "it was begun before", body = Workflow), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn start(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    headers: HeaderMap,
    body: Result<Json<Object<Start>>, JsonRejection>,
) -> Result<(StatusCode, Tagged<Workflow>), Problem> {
    let Json(Object(Start { claim_id: id })) = body?;
    let by = person.sub;
    let event = EventId(id_for(&headers, by, &format!("start verification of {id}"))?);
    if app.store.activity(event).await?.is_some() {
        return Ok((StatusCode::OK, tagged(app.store.last_workflow(id).await?)?));
    }
    let done = Change { id, version: None, action: "workflow.start", detail: json!({}), event: Some(event) };
    let act = |desk: &mut Desk| Ok((desk.start(by)?, Vec::new()));
    let (desk, ()) = change(&app, &person, &headers, done, act).await?;
    Ok((StatusCode::CREATED, tagged(desk.workflow)?))
}

/// Answers what a workflow waits for, or lets one go on that has failed or was cancelled.
#[utoipa::path(post, path = "/api/workflows/{id}/resume", tag = "workflows", params(("id" = String, Path),
    ("If-Match" = Option<String>, Header, description = "the version of the workflow that was read, where it is to matter")), request_body = Resume,
    responses((status = 200, body = Workflow), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem),
        (status = 428, description = "say to which verdict you agree, or what you have read", body = Problem)))]
pub async fn resume(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<WorkflowId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Object<Resume>>, JsonRejection>,
) -> Result<Tagged<Workflow>, Problem> {
    let (Path(id), Json(Object(resume))) = (path?, body?);
    let (version, last) = (maybe_if_match(&headers)?, last_of(&app, id).await?);
    let detail = json!(resume);
    let Resume { decision, verdict, reason } = resume;
    let is_second = last.status == WorkflowStatus::Paused && last.step == Step::SecondApproval;
    let is_answer = is_second && decision == Some(Answer::Approve);
    if is_answer && version.is_none() && verdict.is_none() {
        let detail =
            "send the verdict that you agree to, or If-Match with the version of the workflow that you read";
        return Err(Problem::new(StatusCode::PRECONDITION_REQUIRED, detail));
    }
    let reason = reason.unwrap_or_default();
    if decision.is_some() && !is_answer {
        Problem::of_fields(reason_problem(&reason).into_iter().collect())?;
    }
    if decision == Some(Answer::Approve) && !is_second && verdict.is_none() {
        return Err(Problem::field("verdict", "is missing; it waits for one"));
    }
    let by = person.sub;
    let act = |desk: &mut Desk| {
        let Some(decision) = decision else { return desk.go_on() };
        // What it waited for when this was read.
        if desk.waits_for_second() != is_second {
            return Err(Refusal::NotNow("somebody has answered meanwhile; look at it again".to_owned()));
        }
        match (decision, is_second) {
            (Answer::Approve, true) if verdict.is_some_and(|verdict| verdict != desk.claim.verdict) => {
                let now = desk.claim.verdict.as_str();
                Err(Refusal::NotNow(format!("the verdict that waits is {now}, not the one you agree to")))
            }
            (Answer::Approve, true) => desk.approve(by),
            (Answer::Reject, true) => desk.reject(by),
            (Answer::Approve, false) => desk.decide(verdict.unwrap_or_default(), &reason, by),
            (Answer::Reject, false) => desk.discard(&reason, by),
        }
    };
    on_workflow(&app, &person, &headers, (&last, version, "workflow.resume"), detail, act).await
}

/// Ends a workflow. More of the same claim does not begin it again; a person may.
#[utoipa::path(post, path = "/api/workflows/{id}/cancel", tag = "workflows", params(("id" = String, Path),
    ("If-Match" = Option<String>, Header, description = "the version of the workflow that was read, where it is to matter")),
    responses((status = 200, body = Workflow), (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem)))]
pub async fn cancel(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<WorkflowId>, PathRejection>,
    headers: HeaderMap,
) -> Result<Tagged<Workflow>, Problem> {
    let Path(id) = path?;
    let (version, last) = (maybe_if_match(&headers)?, last_of(&app, id).await?);
    on_workflow(&app, &person, &headers, (&last, version, "workflow.cancel"), json!({}), Desk::cancel).await
}

/// Begins the verification of everything that an item states and that is not being verified.
#[utoipa::path(post, path = "/api/items/{id}/verify", tag = "items", params(("id" = String, Path)),
    responses((status = 200, body = List<ClaimView>), (status = 404, body = Problem)))]
pub async fn verify_item(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<ItemId>, PathRejection>,
    headers: HeaderMap,
) -> Result<Json<List<ClaimView>>, Problem> {
    let Path(id) = path?;
    let item = app.store.item(id).await?.ok_or_else(|| Problem::not_found("item"))?;
    let by = person.sub;
    let mut items = Vec::new();
    for claim in item.claim_ids {
        // What is under way, or was discarded, stays as it is.
        let act = |desk: &mut Desk| match desk.start(by) {
            Ok(()) | Err(Refusal::NotNow(_)) => Ok(()),
            Err(refusal) => Err(refusal),
        };
        let done = Change {
            id: claim,
            version: None,
            action: "workflow.start",
            detail: json!({ "item": id }),
            event: None,
        };
        let (desk, ()) = change(&app, &person, &headers, done, |desk| Ok((act(desk)?, Vec::new()))).await?;
        items.push(ClaimView::of(&app, desk.claim, desk.workflow, &person).await?);
    }
    Ok(Json(List { total: items.len() as u64, items, next: None }))
}

/// A workflow that is the last of its claim.
async fn last_of(app: &App, id: WorkflowId) -> Result<Workflow, Problem> {
    let workflow = app.store.workflow(id).await?.ok_or_else(|| Problem::not_found("workflow"))?;
    let last = app.store.last_workflow(workflow.claim_id).await?;
    if last.is_some_and(|last| last.id != id) {
        return Err(anew());
    }
    Ok(workflow)
}

fn anew() -> Problem {
    Problem::new(StatusCode::CONFLICT, "the claim is being verified anew; see its workflow")
}

/// Does `act` to the claim of `last`, if that is still its last workflow, and at the version that was read.
async fn on_workflow(
    app: &App,
    person: &Claims,
    headers: &HeaderMap,
    (last, version, action): (&Workflow, Option<u64>, &str),
    detail: serde_json::Value,
    act: impl FnOnce(&mut Desk) -> Result<(), Refusal>,
) -> Result<Tagged<Workflow>, Problem> {
    let mut stale = None;
    let act = |desk: &mut Desk| {
        let now = desk.workflow.as_ref();
        if now.is_none_or(|now| now.id != last.id) {
            stale = Some(anew());
        } else if let Some(current) =
            now.map(|now| now.version).filter(|now| version.is_some_and(|read| read != *now))
        {
            stale = Some(StateError::VersionConflict { current }.into());
        }
        if stale.is_some() {
            return Err(Refusal::NotNow(String::new()));
        }
        Ok((act(desk)?, Vec::new()))
    };
    let done = Change { id: last.claim_id, version: None, action, detail, event: None };
    let done = change(app, person, headers, done, act).await;
    match stale {
        Some(problem) => Err(problem),
        None => tagged(done?.0.workflow),
    }
}

/// A workflow with its version.
fn tagged(workflow: Option<Workflow>) -> Result<Tagged<Workflow>, Problem> {
    let workflow = workflow.ok_or_else(|| Problem::not_found("workflow"))?;
    Ok(([(header::ETAG, format!("\"{}\"", workflow.version))], Json(workflow)))
}
