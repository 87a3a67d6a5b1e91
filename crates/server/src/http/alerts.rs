//! `/api/alerts`, and the same for other systems: CAP 1.2 and an Atom feed.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use axum_extra::extract::Query;
use crisislens_model::{Alert, AlertId, ExerciseId};
use crisislens_notify::cap;
use crisislens_state::alerts::AlertFilter;
use serde::{Deserialize, Serialize};

use super::Problem;
use super::params::{List, PageParams, Params};
use super::reach::Acknowledger;
use crate::app::App;
use crate::auth::Claims;

/// Conditions on alerts.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AlertParams {
    /// true for alerts about what is part of an exercise, false for those about what is meant in earnest.
    exercise: Option<bool>,
    /// About an incident of this exercise that people have started.
    #[param(value_type = Option<String>)]
    exercise_id: Option<ExerciseId>,
}

/// The newest revision of every matching alert, newest first.
#[utoipa::path(get, path = "/api/alerts", tag = "alerts", params(AlertParams, PageParams),
    responses((status = 200, body = List<Alert>), (status = 400, body = Problem)))]
pub async fn list(
    State(app): State<Arc<App>>,
    params: Params<AlertParams>,
    page: Params<PageParams>,
) -> Result<Json<List<Alert>>, Problem> {
    let (Query(AlertParams { exercise, exercise_id }), Query(page)) = (params?, page?);
    let filter = AlertFilter { exercise, exercise_id };
    Ok(Json(app.store.list_alerts(&filter, page.limit()?, page.after()?).await?.into()))
}

/// An answer with the alert's revision as its ETag.
pub(super) type Tagged<T> = ([(HeaderName, String); 1], Json<T>);

/// An alert with its revision.
pub(super) fn tagged(alert: Alert) -> Tagged<Alert> {
    ([(header::ETAG, format!("\"{}\"", alert.revision))], Json(alert))
}

/// An alert with its history.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AlertHistory {
    /// The newest revision.
    #[serde(flatten)]
    alert: Alert,
    /// Every revision, first first.
    revisions: Vec<Alert>,
    /// Who has said that they see to it, first first; `mine` where it is who asks.
    acknowledged: Vec<Acknowledger>,
}

/// One alert with every revision. The ETag is the newest.
#[utoipa::path(get, path = "/api/alerts/{id}", tag = "alerts", params(("id" = String, Path)),
    responses((status = 200, body = AlertHistory), (status = 404, body = Problem)))]
pub async fn one(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<AlertId>, PathRejection>,
) -> Result<Tagged<AlertHistory>, Problem> {
    let Path(id) = path?;
    let alert = app.store.alert(id).await?.ok_or_else(|| Problem::not_found("alert"))?;
    let acknowledged = Acknowledger::all(&app, id, &claims).await?;
    let etag = format!("\"{}\"", alert.revision);
    let history = AlertHistory { alert, revisions: app.store.alert_revisions(id).await?, acknowledged };
    Ok(([(header::ETAG, etag)], Json(history)))
}

/// Which revision.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RevisionParams {
    /// From 1; the newest where absent.
    pub revision: Option<u64>,
}

/// A revision of an alert as CAP 1.2. An update names all revisions before it. What no person has approved has the scope `Restricted`. Where the
/// operator has set up a key, it is signed (XML Signature, enveloped).
#[utoipa::path(get, path = "/api/alerts/{id}/cap", tag = "alerts", params(("id" = String, Path), RevisionParams),
    responses((status = 200, content_type = "application/cap+xml", body = String), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub async fn cap(
    State(app): State<Arc<App>>,
    path: Result<Path<AlertId>, PathRejection>,
    params: Params<RevisionParams>,
) -> Result<impl IntoResponse, Problem> {
    let (Path(id), Query(RevisionParams { revision })) = (path?, params?);
    let revisions = app.store.alert_revisions(id).await?;
    let wanted = match revision {
        None => revisions.last(),
        Some(revision) => revisions.iter().find(|alert| alert.revision == revision),
    };
    let alert = wanted.ok_or_else(|| Problem::not_found("alert, or revision of it"))?;
    let by = &app.config.alerts;
    let text = match &app.outgoing.seal {
        None => cap::message(alert, &revisions, by),
        Some(seal) => {
            cap::signed_message(alert, &revisions, by, seal).map_err(|error| Problem::internal(&error))?
        }
    };
    Ok(([(header::CONTENT_TYPE, cap::MEDIA_TYPE)], text))
}

/// The newest revision of every alert but drafts, newest first, as an Atom feed with a link to the CAP of each: page by page, each with a link
/// `next` to the one with older alerts (RFC 5005). A page has fewer entries than its limit where there are drafts among them.
#[utoipa::path(get, path = "/api/alerts/feed", tag = "alerts", params(PageParams),
    responses((status = 200, content_type = "application/atom+xml", body = String), (status = 400, body = Problem)))]
pub async fn feed(
    State(app): State<Arc<App>>,
    page: Params<PageParams>,
) -> Result<impl IntoResponse, Problem> {
    let Query(page) = page?;
    let limit = page.limit()?;
    let List { items, next, .. } =
        app.store.list_alerts(&AlertFilter::default(), limit, page.after()?).await?.into();
    let next = next.map(|cursor| format!("/api/alerts/feed?limit={limit}&cursor={cursor}"));
    let path = |alert: &Alert| format!("/api/alerts/{}/cap?revision={}", alert.id, alert.revision);
    let feed = cap::feed(&items, &app.config.alerts, next.as_deref(), path);
    Ok(([(header::CONTENT_TYPE, cap::FEED_MEDIA_TYPE)], feed))
}
