//! What people do to alerts: approve, correct, withdraw and acknowledge them; and whom they reached.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use crisislens_model::id::derived;
use crisislens_model::object::Object;
use crisislens_model::{Alert, AlertId, AlertStatus, Severity};
use crisislens_pipeline::alert_record;
use crisislens_state::Durability;
use crisislens_state::audit::AuditEntry;
use crisislens_state::ledger::{Acknowledgement, Fanout, ReachCount};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Problem;
use crate::app::App;
use crate::auth::Claims;

/// Longest texts, characters.
const MAX_TITLE: usize = 200;
const MAX_TEXT: usize = 4_000;
/// How long an acknowledgement can count, minutes.
const MAX_ACK_MINUTES: u32 = 7 * 24 * 60;

/// Why.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// For those who had the alert.
    reason: String,
}

/// What is put right.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// For those who had the alert.
    reason: String,
    /// The new title, if another.
    title: Option<String>,
    /// The new message, if another.
    message: Option<String>,
    /// The new severity, if another.
    severity: Option<Severity>,
    /// The new name of the area, if another.
    area: Option<String>,
}

/// How long one sees to it.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Acknowledge {
    /// After so many minutes it counts as not acknowledged; for good where absent.
    expires_minutes: Option<u32>,
}

/// Whom an alert reached.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Reach {
    /// How choosing recipients went, for each revision.
    revisions: Vec<Fanout>,
    /// How many deliveries stand where.
    deliveries: Vec<ReachCount>,
    /// Who has acknowledged it.
    acknowledged: Vec<Acknowledgement>,
    /// Of those told, how many have acknowledged it within so many seconds of its first revision.
    acknowledged_within: Vec<Within>,
}

/// How many were quick.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Within {
    /// Seconds.
    seconds: u64,
    /// People.
    people: u64,
}

/// Approves an alert for everybody: a draft is sent, and other systems are told it as public (CAP scope `Public`). Who was told already is not told again.
#[utoipa::path(post, path = "/api/alerts/{id}/approve", tag = "alerts", params(("id" = String, Path)),
    responses((status = 200, body = Alert), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn approve(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<AlertId>, PathRejection>,
) -> Result<Json<Alert>, Problem> {
    let Path(id) = path?;
    let name = claims.name.clone();
    revise(&app, &claims, id, "approve", json!({}), |alert| {
        if alert.approved_by.is_some() {
            return Err(conflict("it is approved already"));
        }
        alert.approved_by = Some(name);
        if alert.status == AlertStatus::Draft {
            alert.status = AlertStatus::Actual;
            "alert".clone_into(&mut alert.kind);
        } else {
            "approval".clone_into(&mut alert.kind);
        }
        Ok(())
    })
    .await
}

/// Puts an alert right. The correction goes to everybody whose original went out, on the same channels and at once; others are told
/// the alert as it is now, if they ask for such.
#[utoipa::path(post, path = "/api/alerts/{id}/correct", tag = "alerts", params(("id" = String, Path)), request_body = Correction,
    responses((status = 200, body = Alert), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn correct(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<AlertId>, PathRejection>,
    body: Result<Json<Object<Correction>>, JsonRejection>,
) -> Result<Json<Alert>, Problem> {
    let (Path(id), Json(Object(correction))) = (path?, body?);
    let Correction { reason, title, message, severity, area } = correction;
    check("reason", &reason, MAX_TEXT)?;
    for (field, text, most) in
        [("title", &title, MAX_TITLE), ("message", &message, MAX_TEXT), ("area", &area, MAX_TITLE)]
    {
        if let Some(text) = text {
            check(field, text, most)?;
        }
    }
    let detail = json!({ "reason": reason });
    revise(&app, &claims, id, "correct", detail, |alert| {
        alert.title = title.unwrap_or_else(|| alert.title.clone());
        let message = message.unwrap_or_else(|| alert.message.clone());
        alert.message = format!("{message} Corrected: {reason}");
        alert.severity = severity.unwrap_or(alert.severity);
        alert.area = area.unwrap_or_else(|| alert.area.clone());
        "correction".clone_into(&mut alert.kind);
        Ok(())
    })
    .await
}

/// Withdraws an alert. Everybody whose original went out is told so, on the same channels and at once; what has not left does not leave.
#[utoipa::path(post, path = "/api/alerts/{id}/cancel", tag = "alerts", params(("id" = String, Path)), request_body = Reason,
    responses((status = 200, body = Alert), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn cancel(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<AlertId>, PathRejection>,
    body: Result<Json<Object<Reason>>, JsonRejection>,
) -> Result<Json<Alert>, Problem> {
    let (Path(id), Json(Object(Reason { reason }))) = (path?, body?);
    check("reason", &reason, MAX_TEXT)?;
    let detail = json!({ "reason": reason });
    revise(&app, &claims, id, "cancel", detail, |alert| {
        alert.message = format!("This alert is withdrawn: {reason}");
        "cancel".clone_into(&mut alert.kind);
        Ok(())
    })
    .await
}

/// Says that one knows of an alert and sees to it.
#[utoipa::path(post, path = "/api/alerts/{id}/acknowledge", tag = "alerts", params(("id" = String, Path)), request_body = Acknowledge,
    responses((status = 200, body = Acknowledgement), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn acknowledge(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<AlertId>, PathRejection>,
    body: Result<Option<Json<Object<Acknowledge>>>, JsonRejection>,
) -> Result<Json<Acknowledgement>, Problem> {
    let Path(alert) = path?;
    let Acknowledge { expires_minutes } = body?.map(|Json(Object(it))| it).unwrap_or_default();
    if expires_minutes.is_some_and(|minutes| !(1..=MAX_ACK_MINUTES).contains(&minutes)) {
        return Err(Problem::field("expires_minutes", format!("is between 1 and {MAX_ACK_MINUTES}")));
    }
    app.store.alert(alert).await?.ok_or_else(|| Problem::not_found("alert"))?;
    let at = app.clock.now();
    let expires_at = expires_minutes
        .and_then(|minutes| at.checked_add(std::time::Duration::from_secs(u64::from(minutes) * 60)).ok());
    let acknowledgement = Acknowledgement { alert, user: claims.sub, via: "app".to_owned(), at, expires_at };
    keep(&app, std::slice::from_ref(&acknowledgement)).await?;
    Ok(Json(acknowledgement))
}

/// Keeps what people said in one transaction: escalations rest with it.
pub async fn keep(app: &App, acknowledgements: &[Acknowledgement]) -> Result<(), Problem> {
    let mut tx = app.store.begin(Durability::Power).await?;
    for acknowledgement in acknowledgements {
        tx.acknowledge(acknowledgement).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Whom an alert reached: how many were looked at and told, how far their messages got, and how soon it was acknowledged.
#[utoipa::path(get, path = "/api/alerts/{id}/reach", tag = "alerts", params(("id" = String, Path)),
    responses((status = 200, body = Reach), (status = 404, body = Problem)))]
pub async fn reach(
    State(app): State<Arc<App>>,
    path: Result<Path<AlertId>, PathRejection>,
) -> Result<Json<Reach>, Problem> {
    let Path(id) = path?;
    let revisions = app.store.alert_revisions(id).await?;
    let first = revisions.first().ok_or_else(|| Problem::not_found("alert"))?.effective;
    let acknowledged = app.store.acknowledgements(id).await?;
    let acknowledged_within = [60, 300, 900, 3600]
        .into_iter()
        .map(|seconds| Within {
            seconds,
            people: acknowledged
                .iter()
                .filter(|one| {
                    one.at.duration_since(first).as_secs() <= i64::try_from(seconds).unwrap_or(i64::MAX)
                })
                .count() as u64,
        })
        .collect();
    Ok(Json(Reach {
        revisions: app.store.fanouts(id).await?,
        deliveries: app.store.reach(id).await?,
        acknowledged,
        acknowledged_within,
    }))
}

/// Makes the next revision of an alert in one transaction with its record and its audit entry.
async fn revise(
    app: &Arc<App>,
    claims: &Claims,
    id: AlertId,
    action: &str,
    detail: serde_json::Value,
    change: impl FnOnce(&mut Alert) -> Result<(), Problem>,
) -> Result<Json<Alert>, Problem> {
    let incident = app.store.alert(id).await?.ok_or_else(|| Problem::not_found("alert"))?.incident_id;
    let now = app.clock.now();
    let mut tx = app.store.begin(Durability::Power).await?;
    // Read again where nobody else raises a revision meanwhile.
    let before = tx.alert_of(incident).await?.ok_or_else(|| Problem::not_found("alert"))?;
    if before.kind == "cancel" {
        return Err(conflict("it was withdrawn"));
    }
    let mut alert = before.clone();
    change(&mut alert)?;
    alert.revision = before.revision + 1;
    alert.references = Some(derived(id.0, "alert", before.revision).to_string());
    alert.effective = now;
    if let Some(data) = alert.data.as_object_mut() {
        data.entry("incident_severity").or_insert_with(|| json!(before.severity));
        data.insert("why".to_owned(), json!(format!("{action} by {}", claims.name)));
    }
    tx.put_alert(&alert).await?;
    let record = alert_record(&alert, now).map_err(|error| Problem::internal(&error))?;
    tx.publish(vec![record], now).await?;
    let subject = format!("alerts/{id}");
    let entry = AuditEntry::new(now, claims.actor(), format!("alert.{action}"), subject, detail);
    tx.record_audit(&entry).await?;
    tx.commit().await?;
    app.relay.notify_one();
    Ok(Json(alert))
}

fn conflict(why: &str) -> Problem {
    Problem::new(StatusCode::CONFLICT, why)
}

fn check(field: &str, text: &str, most: usize) -> Result<(), Problem> {
    let length = text.trim().chars().count();
    let is_odd = text.chars().any(|char| char.is_control() && char != '\n');
    if length == 0 || length > most || is_odd {
        return Err(Problem::field(field, format!("has 1 to {most} characters and no control characters")));
    }
    Ok(())
}
