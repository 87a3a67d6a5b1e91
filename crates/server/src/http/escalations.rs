//! How an alert's escalations stand, and who is on call.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use axum_extra::extract::Query;
use crisislens_model::{AlertId, Timestamp, UserId};
use crisislens_notify::escalation::Chain;
use crisislens_notify::holds::{SetUp, read};
use crisislens_notify::on_call::Schedule;
use crisislens_state::StateError;
use crisislens_state::escalations::{Escalation, EscalationState};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Problem;
use super::params::Params;
use super::reach::Acknowledger;
use crate::app::App;
use crate::auth::Claims;

/// An alert on its way along a chain.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OnItsWay {
    /// Its id.
    id: Uuid,
    /// The chain's id.
    chain_id: Uuid,
    /// The chain as it was when it began.
    chain: Chain,
    /// The step that comes next, from 0; behind the last it ends.
    step: u64,
    /// How often the chain was gone through.
    round: u64,
    /// When the next step is due; while it is acknowledged, when that ends. Null where nothing more happens.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Timestamp>,
    /// How it stands.
    state: EscalationState,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
}

/// An alert's escalations.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AllOnTheirWay {
    /// The escalations, first first.
    items: Vec<OnItsWay>,
    /// How many.
    total: u64,
    /// Always null: all of them fit on a page.
    next: Option<String>,
    /// Who has acknowledged the alert, first first.
    acknowledged: Vec<Acknowledger>,
}

/// How the escalations of an alert stand, and who sees to it.
#[utoipa::path(get, path = "/api/alerts/{id}/escalations", tag = "alerts", params(("id" = String, Path)),
    responses((status = 200, body = AllOnTheirWay), (status = 404, body = Problem)))]
pub async fn of_alert(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<AlertId>, PathRejection>,
) -> Result<Json<AllOnTheirWay>, Problem> {
    let Path(id) = path?;
    app.store.alert(id).await?.ok_or_else(|| Problem::not_found("alert"))?;
    let escalations = app.store.escalations(id).await?;
    let items = escalations.into_iter().map(shown).collect::<Result<Vec<_>, _>>()?;
    let acknowledged = Acknowledger::all(&app, id, &claims).await?;
    Ok(Json(AllOnTheirWay { total: items.len() as u64, items, next: None, acknowledged }))
}

fn shown(one: Escalation) -> Result<OnItsWay, StateError> {
    let Escalation { id, chain, document, step, round, next_at, state, started_at, .. } = one;
    let damaged = |error: serde_json::Error| StateError::Damaged {
        what: "escalation chain",
        reason: error.to_string(),
    };
    let whole = serde_json::from_str(&document).map_err(damaged)?;
    Ok(OnItsWay { id, chain_id: chain, chain: whole, step, round, next_at, state, started_at })
}

/// When.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NowParams {
    /// At this instant, RFC 3339; now where it is absent.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

/// Who is on call.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OnCall {
    /// Who; null where nobody is.
    user: Option<UserId>,
    /// What colleagues call them.
    name: Option<String>,
    /// When that may change.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// Who of a schedule is on call, now or at another time.
#[utoipa::path(get, path = "/api/on-call-schedules/{id}/now", tag = "notifications", params(("id" = String, Path), NowParams),
    responses((status = 200, body = OnCall), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub async fn on_call_now(
    State(app): State<Arc<App>>,
    path: Result<Path<Uuid>, PathRejection>,
    params: Params<NowParams>,
) -> Result<Json<OnCall>, Problem> {
    let (Path(id), Query(NowParams { at })) = (path?, params?);
    let all = app.store.desk_objects(Schedule::KIND, None).await?;
    let schedule = all.iter().find(|object| object.id == id);
    let schedule: Schedule = read(schedule.ok_or_else(|| Problem::not_found("on-call schedule"))?)?;
    let Some(shift) = schedule.shift(at.unwrap_or_else(|| app.clock.now())) else {
        return Ok(Json(OnCall { user: None, name: None, until: None }));
    };
    let name = app.store.user(shift.user).await?.map(|user| user.name);
    Ok(Json(OnCall { user: Some(shift.user), name, until: Some(shift.until) }))
}
