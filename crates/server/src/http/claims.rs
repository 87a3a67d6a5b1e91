//! `/api/claims`: the queue, one claim with its evidence, and what people decide.

pub mod actions;
mod change;
pub mod evidence;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderName, header};
use axum::{Extension, Json};
use axum_extra::extract::Query;
use crisislens_model::workflow::Step;
use crisislens_model::{
    Claim, ClaimId, ClaimStatus, ClaimTopic, ExerciseId, IncidentId, ItemId, Role, Verdict, Workflow,
    WorkflowStatus,
};
use crisislens_state::verification::{ClaimFilter, ClaimOrder};
use serde::{Deserialize, Serialize};

pub(super) use self::change::{Change, change};

use super::Problem;
use super::params::{List, PageParams, Params, list as words};
use crate::app::App;
use crate::auth::Claims;

/// Which claims, and in which order.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct ClaimParams {
    /// new, processing, needs_review, verified, discarded; several with commas or repeated.
    status: Vec<String>,
    /// none, true, false, misleading, needs_investigation.
    verdict: Vec<String>,
    /// deaths, injured, closure, …
    topic: Vec<String>,
    /// Of this incident.
    #[param(value_type = Option<String>)]
    incident: Option<IncidentId>,
    /// Made by this item.
    #[param(value_type = Option<String>)]
    item: Option<ItemId>,
    /// At least this risk, 0 to 1.
    min_risk: Option<f64>,
    /// Of exercises, or in earnest.
    exercise: Option<bool>,
    /// Of this exercise that people have started.
    #[param(value_type = Option<String>)]
    exercise_id: Option<ExerciseId>,
    /// risk (the riskiest first, where absent) or newest (said last first).
    order: Option<String>,
}

impl ClaimParams {
    fn filter(&self) -> Result<ClaimFilter, Problem> {
        let min_risk = match self.min_risk {
            Some(risk) if !(0.0..=1.0).contains(&risk) => {
                return Err(Problem::parameter("min_risk", format!("{risk} is not between 0 and 1")));
            }
            other => other,
        };
        Ok(ClaimFilter {
            status: words(
                "status",
                &self.status,
                ClaimStatus::parse,
                &ClaimStatus::ALL.map(ClaimStatus::as_str),
            )?,
            verdict: words("verdict", &self.verdict, Verdict::parse, &Verdict::ALL.map(Verdict::as_str))?,
            topic: words("topic", &self.topic, ClaimTopic::parse, &ClaimTopic::ALL.map(ClaimTopic::as_str))?,
            incident: self.incident,
            item: self.item,
            min_risk,
            exercise: self.exercise,
            exercise_id: self.exercise_id,
        })
    }

    fn order(&self) -> Result<ClaimOrder, Problem> {
        match self.order.as_deref() {
            None | Some("risk") => Ok(ClaimOrder::Risk),
            Some("newest") => Ok(ClaimOrder::Newest),
            Some(other) => Err(Problem::parameter("order", format!("{other} is neither risk nor newest"))),
        }
    }
}

/// A claim with how far its verification is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ClaimView {
    /// The claim with the evidence on both sides.
    #[serde(flatten)]
    claim: Claim,
    /// Its last verification.
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow: Option<Workflow>,
    /// What it waits for: `verdict` or `second_person`; absent where it waits for nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<&'static str>,
    /// Whether you may answer that.
    may_answer: bool,
    /// Whether a verdict takes effect only once a second person has agreed.
    needs_second_person: bool,
    /// The claims that contradict it.
    contradictions: Vec<Contradiction>,
}

/// A claim that says otherwise.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Contradiction {
    /// Which.
    id: ClaimId,
    /// What it says.
    text: String,
    /// How likely it is true.
    veracity_likelihood: f64,
    /// Where it stands in the desk's work.
    status: ClaimStatus,
    /// What was found.
    verdict: Verdict,
}

impl ClaimView {
    /// The claim as `person` sees it.
    pub(super) async fn of(
        app: &App,
        claim: Claim,
        workflow: Option<Workflow>,
        person: &Claims,
    ) -> Result<Self, Problem> {
        let others = app.store.claims_by_id(&claim.contradicts).await?;
        let others = others.into_iter().map(|other| (other.id, other)).collect();
        Ok(Self::with(app, claim, workflow, &others, person))
    }

    /// Claims, each with its last verification, as `person` sees them.
    pub(super) async fn of_all(app: &App, claims: Vec<Claim>, person: &Claims) -> Result<Vec<Self>, Problem> {
        let ids: Vec<ClaimId> = claims.iter().map(|claim| claim.id).collect();
        let mut workflows = app.store.last_workflows(&ids).await?;
        let others: BTreeSet<ClaimId> = claims.iter().flat_map(|claim| &claim.contradicts).copied().collect();
        let others = app.store.claims_by_id(&others.into_iter().collect::<Vec<_>>()).await?;
        let others: HashMap<ClaimId, Claim> = others.into_iter().map(|other| (other.id, other)).collect();
        let view = |claim: Claim| {
            let workflow = workflows.remove(&claim.id);
            Self::with(app, claim, workflow, &others, person)
        };
        Ok(claims.into_iter().map(view).collect())
    }

    fn with(
        app: &App,
        claim: Claim,
        workflow: Option<Workflow>,
        others: &HashMap<ClaimId, Claim>,
        person: &Claims,
    ) -> Self {
        let contradictions = claim.contradicts.iter().filter_map(|id| others.get(id));
        let contradictions = contradictions
            .map(|other| Contradiction {
                id: other.id,
                text: other.text.clone(),
                veracity_likelihood: other.veracity_likelihood,
                status: other.status,
                verdict: other.verdict,
            })
            .collect();
        let paused = workflow.as_ref().filter(|workflow| workflow.status == WorkflowStatus::Paused);
        let waits_for = paused.and_then(|workflow| match workflow.step {
            Step::HumanReview => Some("verdict"),
            Step::SecondApproval => Some("second_person"),
            _ => None,
        });
        let may_answer = match waits_for {
            Some("verdict") => person.role >= Role::Analyst,
            Some(_) => person.role >= Role::Approver && claim.decided_by != Some(person.sub),
            None => false,
        };
        let needs_second_person = claim.was_high_risk || claim.risk_score > app.config.review_above();
        Self { claim, workflow, waits_for, may_answer, needs_second_person, contradictions }
    }

    pub(super) fn tagged(self) -> Tagged<Self> {
        ([(header::ETAG, format!("\"{}\"", self.claim.version))], Json(self))
    }
}

/// An answer with its version.
pub(super) type Tagged<T> = ([(HeaderName, String); 1], Json<T>);

/// The matching claims, the riskiest first.
#[utoipa::path(get, path = "/api/claims", tag = "claims", params(ClaimParams, PageParams),
    responses((status = 200, body = List<Claim>), (status = 400, body = Problem)))]
pub async fn list(
    State(app): State<Arc<App>>,
    params: Params<ClaimParams>,
    page: Params<PageParams>,
) -> Result<Json<List<Claim>>, Problem> {
    let (Query(params), Query(page)) = (params?, page?);
    let order = params.order()?;
    let found = app.store.list_claims(&params.filter()?, order, page.limit()?, page.after()?).await?;
    Ok(Json(found.into()))
}

/// One claim: what speaks for and against it, how likely it is and why, what contradicts it, and how far its verification is. The ETag is its version.
#[utoipa::path(get, path = "/api/claims/{id}", tag = "claims", params(("id" = String, Path)),
    responses((status = 200, body = ClaimView), (status = 404, body = Problem)))]
pub async fn one(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<ClaimId>, PathRejection>,
) -> Result<Tagged<ClaimView>, Problem> {
    let Path(id) = path?;
    // In this order: a claim that is older than its workflow would be shown as verified without what was found.
    let workflow = app.store.last_workflow(id).await?;
    let claim = app.store.claim(id).await?.ok_or_else(|| Problem::not_found("claim"))?;
    Ok(ClaimView::of(&app, claim, workflow, &person).await?.tagged())
}
