//! `/api/incidents`.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::Query;
use crisislens_model::{ExerciseId, HazardType, Incident, IncidentId, IncidentStatus};
use crisislens_state::incidents::IncidentFilter;
use serde::Deserialize;

use super::Problem;
use super::params::{List, PageParams, Params};
use crate::app::App;

/// Conditions on incidents.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct IncidentParams {
    /// open, monitoring, closed.
    #[param(value_type = Option<String>)]
    status: Option<IncidentStatus>,
    /// Kind of hazard.
    #[param(value_type = Option<String>)]
    hazard: Option<HazardType>,
    /// true for what is part of an exercise, false for what is meant in earnest.
    exercise: Option<bool>,
    /// Of this exercise that people have started.
    #[param(value_type = Option<String>)]
    exercise_id: Option<ExerciseId>,
}

/// The matching incidents, last seen first.
#[utoipa::path(get, path = "/api/incidents", tag = "incidents", params(IncidentParams, PageParams),
    responses((status = 200, body = List<Incident>), (status = 400, body = Problem)))]
pub async fn list(
    State(app): State<Arc<App>>,
    params: Params<IncidentParams>,
    page: Params<PageParams>,
) -> Result<Json<List<Incident>>, Problem> {
    let (Query(params), Query(page)) = (params?, page?);
    let IncidentParams { status, hazard, exercise, exercise_id } = params;
    let filter = IncidentFilter { status, hazard, exercise, exercise_id };
    let found = app.store.list_incidents(&filter, page.limit()?, page.after()?).await?;
    Ok(Json(found.into()))
}

/// One incident. The ETag is its version. One that was merged into another answers 301 with where that one is, and its own last state with
/// `merged_into`.
#[utoipa::path(get, path = "/api/incidents/{id}", tag = "incidents", params(("id" = String, Path)),
    responses((status = 200, body = Incident), (status = 301, description = "it was merged into another", body = Incident), (status = 404, body = Problem)))]
pub async fn one(
    State(app): State<Arc<App>>,
    path: Result<Path<IncidentId>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(id) = path?;
    let incident = app.store.incident(id).await?.ok_or_else(|| Problem::not_found("incident"))?;
    Ok(match incident.merged_into {
        Some(into) => {
            let location = [(header::LOCATION, format!("/api/incidents/{into}"))];
            (StatusCode::MOVED_PERMANENTLY, location, Json(incident)).into_response()
        }
        None => tagged(incident).into_response(),
    })
}

/// An answer with its version.
pub(super) type Tagged<T> = ([(HeaderName, String); 1], Json<T>);

pub(super) fn tagged(incident: Incident) -> Tagged<Incident> {
    ([(header::ETAG, format!("\"{}\"", incident.version))], Json(incident))
}
