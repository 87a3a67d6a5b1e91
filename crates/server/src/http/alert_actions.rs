//! What people do to alerts: approve, correct, withdraw and acknowledge them.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::{Extension, Json};
use crisislens_model::id::derived;
use crisislens_model::object::Object;
use crisislens_model::wording::{line_problem, text_problem};
use crisislens_model::{
    Activity, ActivityKind, Alert, AlertAcknowledged, AlertId, AlertStatus, Corrected, EventId, FieldError,
    Resource, Severity, Timestamp,
};
use crisislens_pipeline::alert_record;
use crisislens_state::audit::AuditEntry;
use crisislens_state::ledger::{Acknowledgement, Said};
use crisislens_state::{Durability, StateError, Tx};
use serde::Deserialize;
use serde_json::json;

use super::Problem;
use super::alerts::{Tagged, tagged};
use super::items::if_match;
use super::presence::may_move;
use super::reach::Acknowledger;
use crate::app::App;
use crate::auth::Claims;
use crate::locks::publish;

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

/// Approves an alert for everybody: a draft is sent, and other systems are told it as public (CAP scope `Public`). Who was told already is not told again.
/// Who had a hand in what it says (`data.hands`) is not the one to approve it: somebody else is. Where somebody had, `If-Match` must carry the
/// revision that was read, so that nobody agrees to other words than they saw; elsewhere it may.
#[utoipa::path(post, path = "/api/alerts/{id}/approve", tag = "alerts", params(("id" = String, Path),
    ("If-Match" = Option<String>, Header, description = "the revision that was read, such as \"3\"")),
    responses((status = 200, body = Alert), (status = 403, description = "it has your own words or settings: somebody else approves it", body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem), (status = 428, body = Problem)))]
pub async fn approve(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<AlertId>, PathRejection>,
    headers: HeaderMap,
) -> Result<Tagged<Alert>, Problem> {
    let Path(id) = path?;
    let (name, by) = (claims.name.clone(), claims.sub);
    let revision = read_at(&headers)?;
    revise(&app, &claims, (id, revision), "approve", json!({}), |alert| {
        if alert.approved_by.is_some() {
            return Err(conflict("it is approved already"));
        }
        let hands = alert.hands();
        if hands.contains(&by) {
            let detail =
                "you had a hand in what it says since anybody else agreed to it; a second person approves it";
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        }
        if !hands.is_empty() && revision.is_none() {
            if_match(&headers)?;
        }
        alert.forget_hands();
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
/// the alert as it is now, if they ask for such. Later revisions keep what was set until the incident gets worse than it is now. To other
/// systems it is `Restricted` again, whatever it was, until a second person approves it.
#[utoipa::path(post, path = "/api/alerts/{id}/correct", tag = "alerts", params(("id" = String, Path),
    ("If-Match" = Option<String>, Header, description = "the revision that was read, such as \"3\"")), request_body = Correction,
    responses((status = 200, body = Alert), (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn correct(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<AlertId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Object<Correction>>, JsonRejection>,
) -> Result<Tagged<Alert>, Problem> {
    let (Path(id), Json(Object(correction))) = (path?, body?);
    let Correction { reason, title, message, severity, area } = correction;
    let line = |field, text: &Option<String>| line_problem(field, text.as_deref()?, MAX_TITLE);
    let text = |field, text: &Option<String>| text_problem(field, text.as_deref()?, MAX_TEXT);
    let problems =
        [reason_problem(&reason), line("title", &title), text("message", &message), line("area", &area)];
    Problem::of_fields(problems.into_iter().flatten().collect())?;
    let detail = json!({ "reason": reason });
    let by = claims.sub;
    revise(&app, &claims, (id, read_at(&headers)?), "correct", detail, |alert| {
        let set = Corrected {
            title: title.clone(),
            message: message.clone(),
            severity,
            area: area.clone(),
            reason: Some(reason.clone()),
        };
        let before = Corrected::of(alert).unwrap_or_default();
        let said = message.clone().unwrap_or_else(|| {
            let said = without_reason(alert, &before);
            // What the rule wrote begins with the title.
            let rest = title.as_ref().zip(said.strip_prefix(&*alert.title));
            rest.map_or_else(|| said.to_owned(), |(title, rest)| format!("{title}{rest}"))
        });
        alert.message = Corrected::explained(&said, &reason);
        before.then(set).keep(&mut alert.data);
        alert.title = title.unwrap_or_else(|| alert.title.clone());
        alert.severity = severity.unwrap_or(alert.severity);
        alert.area = area.unwrap_or_else(|| alert.area.clone());
        "correction".clone_into(&mut alert.kind);
        // What was approved is not what it says now.
        let agreed = alert.agreed();
        alert.approved_by = None;
        alert.keep_agreed(agreed.as_ref());
        alert.note_hands([by]);
        Ok(())
    })
    .await
}

/// An alert's message without why it was put right before: the newest reason takes the place of that, which stays with its revision.
fn without_reason<'a>(alert: &'a Alert, before: &Corrected) -> &'a str {
    let said = before.reason.as_deref().map(|reason| Corrected::explained("", reason));
    said.and_then(|said| alert.message.strip_suffix(&said)).unwrap_or(&alert.message)
}

/// Withdraws an alert. Everybody whose original went out is told so, on the same channels and at once; what has not left does not leave.
/// One person may: a warning that is wrong must not wait. Where it was public, so is the withdrawal (CAP `Cancel`), of what was approved last and
/// without the reason, which one person alone has worded.
#[utoipa::path(post, path = "/api/alerts/{id}/cancel", tag = "alerts", params(("id" = String, Path),
    ("If-Match" = Option<String>, Header, description = "the revision that was read, such as \"3\"")), request_body = Reason,
    responses((status = 200, body = Alert), (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn cancel(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<AlertId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Object<Reason>>, JsonRejection>,
) -> Result<Tagged<Alert>, Problem> {
    let (Path(id), Json(Object(Reason { reason }))) = (path?, body?);
    Problem::of_fields(reason_problem(&reason).into_iter().collect())?;
    let detail = json!({ "reason": reason });
    let revision = read_at(&headers)?;
    // What is approved meanwhile was there before: the newest of these that was stays public until it is withdrawn.
    let before = app.store.alert_revisions(id).await?;
    revise(&app, &claims, (id, revision), "cancel", detail, |alert| {
        alert.withdraw(&reason, &before);
        Ok(())
    })
    .await
}

/// Says that one knows of an alert and sees to it. Its escalations rest if one of them has called who says so, or that is an analyst or
/// above (`rests`); what others say is counted, and calls go on.
#[utoipa::path(post, path = "/api/alerts/{id}/acknowledge", tag = "alerts", params(("id" = String, Path)), request_body = Acknowledge,
    responses((status = 200, body = Acknowledger), (status = 404, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn acknowledge(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<AlertId>, PathRejection>,
    body: Result<Option<Json<Object<Acknowledge>>>, JsonRejection>,
) -> Result<Json<Acknowledger>, Problem> {
    let Path(alert) = path?;
    let Acknowledge { expires_minutes } = body?.map(|Json(Object(it))| it).unwrap_or_default();
    if expires_minutes.is_some_and(|minutes| !(1..=MAX_ACK_MINUTES).contains(&minutes)) {
        return Err(Problem::field("expires_minutes", format!("is between 1 and {MAX_ACK_MINUTES}")));
    }
    may_move(&app, &claims)?;
    app.store.alert(alert).await?.ok_or_else(|| Problem::not_found("alert"))?;
    let at = app.clock.now();
    let expires_at = expires_minutes
        .and_then(|minutes| at.checked_add(std::time::Duration::from_secs(u64::from(minutes) * 60)).ok());
    let acknowledgement = Acknowledgement { alert, user: claims.sub, via: "app".to_owned(), at, expires_at };
    keep(&app, std::slice::from_ref(&acknowledgement)).await?;
    let rests = app.store.may_rest(alert, claims.sub).await?;
    let said = Said { acknowledgement, name: Some(claims.name.clone()), rests };
    Ok(Json(Acknowledger::new(said, &claims)))
}

/// Keeps what people said in one transaction: escalations rest with it, and those who watch alerts are told.
pub async fn keep(app: &App, acknowledgements: &[Acknowledgement]) -> Result<(), Problem> {
    let tx = app.store.begin(Durability::Power).await?;
    keep_in(tx, app, acknowledgements).await
}

/// The same at the end of a transaction.
pub async fn keep_in(
    mut tx: Box<dyn Tx>,
    app: &App,
    acknowledgements: &[Acknowledgement],
) -> Result<(), Problem> {
    let mut activities = Vec::new();
    for one in acknowledgements {
        activities.push(activity(app, one).await?);
    }
    for (one, activity) in acknowledgements.iter().zip(activities) {
        let before = tx.acknowledged_by(one.alert).await?;
        tx.acknowledge(one).await?;
        // Who says it again and nothing else is not told of again.
        let counts = |end: Option<Timestamp>| end.is_none_or(|end| end > one.at);
        let said = |other: &Acknowledgement| {
            other.user == one.user && other.expires_at == one.expires_at && counts(other.expires_at)
        };
        if let Some(activity) = activity.filter(|_| !before.iter().any(said)) {
            publish(&mut *tx, activity).await?;
        }
    }
    tx.commit().await?;
    app.relay.notify_one();
    Ok(())
}

/// What is told of an acknowledgement; nothing where its alert or author is gone.
async fn activity(app: &App, said: &Acknowledgement) -> Result<Option<Activity>, StateError> {
    let (alert, user) = (app.store.alert(said.alert).await?, app.store.user(said.user).await?);
    let (Some(alert), Some(user)) = (alert, user) else { return Ok(None) };
    let data = AlertAcknowledged {
        alert_id: alert.id,
        title: alert.title,
        severity: alert.severity,
        via: said.via.clone(),
        expires_at: said.expires_at,
    };
    Ok(Some(Activity {
        id: EventId::random(),
        kind: ActivityKind::Acknowledged,
        user: user.id,
        name: user.name,
        resource: Resource::Incident(alert.incident_id),
        data: json!(data),
        at: said.at,
    }))
}

/// Makes the next revision of an alert in one transaction with its record and its audit entry.
async fn revise(
    app: &Arc<App>,
    claims: &Claims,
    (id, read_at): (AlertId, Option<u64>),
    action: &str,
    mut detail: serde_json::Value,
    change: impl FnOnce(&mut Alert) -> Result<(), Problem>,
) -> Result<Tagged<Alert>, Problem> {
    let incident = app.store.alert(id).await?.ok_or_else(|| Problem::not_found("alert"))?.incident_id;
    let now = app.clock.now();
    let mut tx = app.store.begin(Durability::Power).await?;
    // Read again where nobody else raises a revision meanwhile.
    let before = tx.alert_of(incident).await?.ok_or_else(|| Problem::not_found("alert"))?;
    if read_at.is_some_and(|revision| revision != before.revision) {
        return Err(StateError::VersionConflict { current: before.revision }.into());
    }
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
    let state = |alert: &Alert| {
        json!({ "revision": alert.revision, "title": alert.title, "severity": alert.severity, "area": alert.area,
            "approved_by": alert.approved_by, "hands": alert.hands() })
    };
    (detail["before"], detail["after"]) = (state(&before), state(&alert));
    let entry = AuditEntry::new(now, claims.actor(), format!("alert.{action}"), subject, detail);
    tx.record_audit(&entry).await?;
    tx.commit().await?;
    app.relay.notify_one();
    Ok(tagged(alert))
}

/// The revision that who asks has read, where they say so.
fn read_at(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    headers.contains_key(header::IF_MATCH).then(|| if_match(headers)).transpose()
}

fn conflict(why: &str) -> Problem {
    Problem::new(StatusCode::CONFLICT, why)
}

fn reason_problem(reason: &str) -> Option<FieldError> {
    text_problem("reason", reason, MAX_TEXT)
}
