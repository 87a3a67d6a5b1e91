//! `/api/workflows`: the verifications of claims, and what waits for a person.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use axum_extra::extract::Query;
use crisislens_model::object::Object;
use crisislens_model::{
    ActivityKind, ClaimId, ClaimStatus, ItemId, Role, Verdict, Workflow, WorkflowId, WorkflowStatus,
};
use crisislens_pipeline::desk::{Desk, Refusal};
use crisislens_state::verification::{ClaimFilter, ClaimOrder, WorkflowFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Problem;
use super::claims::actions::reason_problem;
use super::claims::{Change, ClaimView, change};
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
    /// With approve, where it waits for a verdict: true, false, misleading or needs_investigation.
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
    let mut items = Vec::with_capacity(claims.len());
    for claim in claims {
        let workflow = app.store.last_workflow(claim.id).await?;
        items.push(ClaimView::of(&app, claim, workflow, &person).await?);
    }
    Ok(Json(List { items, total, next }))
}

/// How a workflow stands.
#[utoipa::path(get, path = "/api/workflows/{id}/status", tag = "workflows", params(("id" = String, Path)),
    responses((status = 200, body = Workflow), (status = 404, body = Problem)))]
pub async fn status(
    State(app): State<Arc<App>>,
    path: Result<Path<WorkflowId>, PathRejection>,
) -> Result<Json<Workflow>, Problem> {
    let Path(id) = path?;
    Ok(Json(app.store.workflow(id).await?.ok_or_else(|| Problem::not_found("workflow"))?))
}

/// Begins the verification of a claim anew.
#[utoipa::path(post, path = "/api/workflows/start", tag = "workflows", request_body = Start,
    responses((status = 201, body = Workflow), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn start(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    headers: HeaderMap,
    body: Result<Json<Object<Start>>, JsonRejection>,
) -> Result<(StatusCode, Json<Workflow>), Problem> {
    let Json(Object(Start { claim_id })) = body?;
    let by = person.sub;
    let desk =
        act_on(&app, &person, &headers, (claim_id, "workflow.start"), json!({}), |desk| desk.start(by))
            .await?;
    Ok((StatusCode::CREATED, Json(desk.workflow.ok_or_else(|| Problem::not_found("workflow"))?)))
}

/// Answers what a workflow waits for, or lets one go on that has failed or was cancelled.
#[utoipa::path(post, path = "/api/workflows/{id}/resume", tag = "workflows", params(("id" = String, Path)), request_body = Resume,
    responses((status = 200, body = Workflow), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn resume(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<WorkflowId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Object<Resume>>, JsonRejection>,
) -> Result<Json<Workflow>, Problem> {
    let (Path(id), Json(Object(resume))) = (path?, body?);
    let claim = last_of(&app, id).await?;
    let detail = json!(resume);
    let Resume { decision, verdict, reason } = resume;
    let Some(decision) = decision else {
        let desk = act_on(&app, &person, &headers, (claim, "workflow.resume"), detail, Desk::go_on).await?;
        return Ok(Json(desk.workflow.ok_or_else(|| Problem::not_found("workflow"))?));
    };
    let reason = reason.unwrap_or_default();
    let by = person.sub;
    let may_approve = person.role >= Role::Approver;
    let problem = reason_problem(&reason);
    let act = |desk: &mut Desk| {
        let is_second = desk.waits_for_second();
        if let Some(problem) = problem.filter(|_| !(is_second && decision == Answer::Approve)) {
            return Err(Refusal::Wrong(problem.to_string()));
        }
        match (decision, is_second) {
            (Answer::Approve, true) if !may_approve => {
                Err(Refusal::Wrong("a second person who agrees is an approver or an admin".to_owned()))
            }
            (Answer::Approve, true) => desk.approve(by),
            (Answer::Reject, true) => desk.reject(),
            (Answer::Approve, false) => match verdict {
                Some(verdict) => desk.decide(verdict, &reason, by),
                None => Err(Refusal::Wrong("verdict: is missing; it waits for one".to_owned())),
            },
            (Answer::Reject, false) => desk.discard(&reason, by),
        }
    };
    let desk = act_on(&app, &person, &headers, (claim, "workflow.resume"), detail, act).await?;
    Ok(Json(desk.workflow.ok_or_else(|| Problem::not_found("workflow"))?))
}

/// Ends a workflow. More of the same claim does not begin it again; a person may.
#[utoipa::path(post, path = "/api/workflows/{id}/cancel", tag = "workflows", params(("id" = String, Path)),
    responses((status = 200, body = Workflow), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn cancel(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<WorkflowId>, PathRejection>,
    headers: HeaderMap,
) -> Result<Json<Workflow>, Problem> {
    let Path(id) = path?;
    let claim = last_of(&app, id).await?;
    let desk = act_on(&app, &person, &headers, (claim, "workflow.cancel"), json!({}), Desk::cancel).await?;
    Ok(Json(desk.workflow.ok_or_else(|| Problem::not_found("workflow"))?))
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
        let detail = json!({ "item": id });
        let desk = act_on(&app, &person, &headers, (claim, "workflow.start"), detail, act).await?;
        items.push(ClaimView::of(&app, desk.claim, desk.workflow, &person).await?);
    }
    Ok(Json(List { total: items.len() as u64, items, next: None }))
}

/// The claim of a workflow that is its last.
async fn last_of(app: &App, id: WorkflowId) -> Result<ClaimId, Problem> {
    let workflow = app.store.workflow(id).await?.ok_or_else(|| Problem::not_found("workflow"))?;
    let last = app.store.last_workflow(workflow.claim_id).await?;
    if last.is_some_and(|last| last.id != id) {
        return Err(Problem::new(StatusCode::CONFLICT, "the claim is being verified anew; see its workflow"));
    }
    Ok(workflow.claim_id)
}

async fn act_on(
    app: &App,
    person: &Claims,
    headers: &HeaderMap,
    (id, action): (ClaimId, &str),
    detail: serde_json::Value,
    act: impl FnOnce(&mut Desk) -> Result<(), Refusal>,
) -> Result<Desk, Problem> {
    let done = Change { id, version: None, action, detail, kind: ActivityKind::Edited };
    Ok(change(app, person, headers, done, |desk| Ok((act(desk)?, Vec::new()))).await?.0)
}
