//! `/api/collaboration/join|leave|cursor`: being seen without a socket. Who says that they look at a resource is there for half a
//! minute, and stays by saying it again.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use crisislens_model::frame::{Availability, PresentUser};
use crisislens_model::object::Object;
use crisislens_model::{EditLock, Resource};
use crisislens_realtime::{CursorRefusal, HubOptions, Refusal};
use serde::{Deserialize, Serialize};

use super::Problem;
use super::collaboration::{Named, Optional};
use crate::app::App;
use crate::auth::Claims;
use crate::live::allowance::Pace;

/// How it stands with the caller.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Coming {
    /// Whether somebody is at the screen; where absent silence says it, and calling again by a timer is silence.
    state: Option<Availability>,
}

/// Who is there, the caller among them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Seen {
    /// Where.
    #[schema(value_type = String)]
    resource_id: Resource,
    /// The people who look at it.
    users: Vec<PresentUser>,
    /// Who edits it.
    lock: Option<EditLock>,
    /// Seconds after which the caller is gone unless they join again or move their pointer.
    lease_s: u64,
}

/// Where the caller's pointer is.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pointer {
    /// x, y and selection, at most 1,024 bytes.
    #[schema(value_type = Object)]
    position: serde_json::Value,
}

/// Looks at a resource for half a minute; once more renews it.
#[utoipa::path(post, path = "/api/collaboration/join/{resource}", tag = "collaboration",
    params(("resource" = String, Path, description = "`item:{id}`, `incident:{id}` or `claim:{id}`")), request_body = Option<Coming>,
    responses((status = 200, body = Seen), (status = 404, body = Problem),
        (status = 409, description = "in too many places at once", body = Problem),
        (status = 429, description = "too many requests; `Retry-After` says how long to wait", body = Problem)))]
pub async fn join(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    Named(resource_id): Named,
    body: Optional<Coming>,
) -> Result<Json<Seen>, Problem> {
    let Coming { state } = body?.map_or_else(Coming::default, |Json(Object(coming))| coming);
    may_move(&app, &claims)?;
    let users = app.hub.hold(&claims.viewer(), resource_id.into(), state).map_err(refused)?;
    let lock = app.store.edit_lock(resource_id, app.clock.now()).await?;
    let lease_s = HubOptions::default().presence_lease.as_secs();
    Ok(Json(Seen { resource_id, users, lock, lease_s }))
}

/// Looks at it no more, on whichever node it was joined. The caller's live connections stay.
#[utoipa::path(post, path = "/api/collaboration/leave/{resource}", tag = "collaboration",
    params(("resource" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 429, body = Problem)))]
pub async fn leave(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    Named(resource): Named,
) -> Result<StatusCode, Problem> {
    may_move(&app, &claims)?;
    app.hub.let_go(claims.sub, resource.into());
    Ok(StatusCode::NO_CONTENT)
}

/// Moves the caller's pointer, which others see at most 20 times a second, and renews their half minute.
#[utoipa::path(post, path = "/api/collaboration/cursor/{resource}", tag = "collaboration",
    params(("resource" = String, Path)), request_body = Pointer,
    responses((status = 204), (status = 404, body = Problem), (status = 409, description = "not joined", body = Problem),
        (status = 422, description = "too large", body = Problem), (status = 429, body = Problem)))]
pub async fn cursor(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    Named(resource): Named,
    body: Result<Json<Pointer>, axum::extract::rejection::JsonRejection>,
) -> Result<StatusCode, Problem> {
    let Json(Pointer { position }) = body?;
    may_move(&app, &claims)?;
    app.hub.point(&claims.viewer(), resource.into(), position).map_err(|refusal| match refusal {
        CursorRefusal::Room(refusal) => refused(refusal),
        CursorRefusal::TooLarge => Problem::field("position", refusal.message()),
        CursorRefusal::NotJoined => {
            let detail = format!("join first: POST /api/collaboration/join/{resource}");
            Problem::new(StatusCode::CONFLICT, detail)
        }
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes one of a person's allowance of such requests.
pub fn may_move(app: &App, claims: &Claims) -> Result<(), Problem> {
    let pace = Pace::of(&app.config.realtime);
    if app.movers.take(claims.sub, pace) {
        return Ok(());
    }
    Err(Problem::too_many(format!("at most {} of these a second are read of one person", pace.per_second), 1))
}

/// What a room that is not joined is answered with.
pub fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Closed => Problem::later("this node is leaving; try again, and another answers"),
        Refusal::TooManyRooms => {
            Problem::new(StatusCode::CONFLICT, "you are in too many places at once; leave one first")
        }
        Refusal::Forbidden => Problem::new(StatusCode::FORBIDDEN, refusal.message()),
        Refusal::UnknownRoom | Refusal::InvalidPosition => Problem::bad_request(refusal.message()),
    }
}
