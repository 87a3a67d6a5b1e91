//! `/api/alerts`.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum_extra::extract::Query;
use crisislens_model::{Alert, AlertId};
use serde::Serialize;

use super::Problem;
use super::params::{List, PageParams, Params};
use crate::app::App;

/// The newest revision of every alert, newest first.
#[utoipa::path(get, path = "/api/alerts", tag = "alerts", params(PageParams),
    responses((status = 200, body = List<Alert>)))]
pub async fn list(
    State(app): State<Arc<App>>,
    page: Params<PageParams>,
) -> Result<Json<List<Alert>>, Problem> {
    let Query(page) = page?;
    Ok(Json(app.store.list_alerts(page.limit()?, page.after()?).await?.into()))
}

/// An alert with its history.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AlertHistory {
    /// The newest revision.
    #[serde(flatten)]
    alert: Alert,
    /// Every revision, first first.
    revisions: Vec<Alert>,
}

/// One alert with every revision.
#[utoipa::path(get, path = "/api/alerts/{id}", tag = "alerts", params(("id" = String, Path)),
    responses((status = 200, body = AlertHistory), (status = 404, body = Problem)))]
pub async fn one(
    State(app): State<Arc<App>>,
    path: Result<Path<AlertId>, PathRejection>,
) -> Result<Json<AlertHistory>, Problem> {
    let Path(id) = path?;
    let alert = app.store.alert(id).await?.ok_or_else(|| Problem::not_found("alert"))?;
    Ok(Json(AlertHistory { alert, revisions: app.store.alert_revisions(id).await? }))
}
