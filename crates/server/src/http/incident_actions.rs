//! What people do to incidents: name them, set them, put them together and take them apart.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use crisislens_model::incident::MAX_TITLE;
use crisislens_model::item::even_null;
use crisislens_model::object::Object;
use crisislens_model::wording::line_problem;
use crisislens_model::{
    ActivityKind, FieldError, Incident, IncidentId, IncidentStatus, Item, ItemId, Resource, Severity,
};
use crisislens_pipeline::incident_desk::{self, IncidentEdit, Refusal};
use crisislens_state::audit::AuditEntry;
use crisislens_state::{Durability, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::idempotency::{id_for, other_than_before};
use super::incidents::{Tagged, tagged};
use super::items::if_match;
use super::{Problem, collaboration};
use crate::app::App;
use crate::auth::Claims;

/// Most incidents that are merged at once, and most items that are split off at once.
const MAX_MERGED: usize = 50;
const MAX_SPLIT: usize = 500;

/// What is set of an incident; null takes back what people had set.
#[derive(Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IncidentPatch {
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "even_null")]
    #[schema(value_type = Option<String>)]
    title: Option<Option<String>>,
    /// How bad it is. Lapses when an item is worse than any before.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "even_null")]
    #[schema(value_type = Option<Severity>)]
    severity: Option<Option<Severity>>,
    /// Where it stands: open, monitoring or closed. Lapses when an item is worse than any before.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "even_null")]
    #[schema(value_type = Option<IncidentStatus>)]
    status: Option<Option<IncidentStatus>>,
}

/// Which incidents are the same.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// Those that go into the one of the path; 1 to 50.
    from: Vec<IncidentId>,
}

/// Which items are about something else.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// Some of its items; 1 to 500.
    item_ids: Vec<ItemId>,
    /// What the new incident is called; named by its place and hazard where absent.
    #[serde(default)]
    title: Option<String>,
}

/// Both incidents after a split.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Parted {
    /// The one that was split.
    left: Incident,
    /// The new one.
    parted: Incident,
}

/// Sets title, severity or status. What is set stays whatever joins the incident; severity and status lapse when it gets worse than it ever
/// was. `If-Match` carries the version that was read, `Lock-Token` the token of the incident's lock, where somebody holds it.
#[utoipa::path(patch, path = "/api/incidents/{id}", tag = "incidents", params(("id" = String, Path),
    ("If-Match" = String, Header, description = "the version that was read, such as \"3\""),
    ("Lock-Token" = Option<i64>, Header, description = "the token of the incident's lock, where you hold it")), request_body = IncidentPatch,
    responses((status = 200, body = Incident), (status = 404, body = Problem), (status = 409, description = "it was merged into another, or somebody else holds the lock", body = Problem), (status = 412, body = Problem), (status = 422, body = Problem), (status = 428, body = Problem)))]
pub async fn edit(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<IncidentId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Object<IncidentPatch>>, JsonRejection>,
) -> Result<Tagged<Incident>, Problem> {
    let (Path(id), Json(Object(patch))) = (path?, body?);
    let version = if_match(&headers)?;
    let title = patch.title.as_ref().and_then(Option::as_deref);
    Problem::of_fields(
        title.and_then(|title| line_problem("title", title, MAX_TITLE)).into_iter().collect(),
    )?;
    let detail = json!(patch);
    let set = IncidentEdit {
        title: patch.title,
        severity: patch.severity,
        status: patch.status,
        by: Some(person.sub),
    };
    let mut tx = app.store.begin(Durability::Power).await?;
    collaboration::check(&mut *tx, &app, &person, &headers, Resource::Incident(id)).await?;
    let (before, incident) =
        incident_desk::edit(&mut *tx, id, version, set, &app.config.risk.weights, app.clock.now())
            .await
            .map_err(refused)?;
    if incident.version != before.version {
        let detail = json!({ "said": detail,
            "before": { "title": before.title, "severity": before.severity, "status": before.status, "version": before.version },
            "after": { "title": incident.title, "severity": incident.severity, "status": incident.status, "version": incident.version } });
        note(&mut *tx, &app, &person, id, "edit", detail).await?;
        finish(tx, &app).await?;
    }
    Ok(tagged(incident))
}

/// Puts other incidents into this one: their items, sources and event ids become its own, and what would join them joins it from now on.
/// Of their alerts the one that stands goes on, the others are withdrawn to those who had them. `If-Match` carries the version of this one.
#[utoipa::path(post, path = "/api/incidents/{id}/merge", tag = "incidents", params(("id" = String, Path),
    ("If-Match" = String, Header, description = "the version that was read, such as \"3\"")), request_body = Merge,
    responses((status = 200, body = Incident), (status = 404, body = Problem), (status = 409, description = "one of them was merged already, or somebody else holds the lock", body = Problem), (status = 412, body = Problem), (status = 422, body = Problem), (status = 428, body = Problem)))]
pub async fn merge(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<IncidentId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Object<Merge>>, JsonRejection>,
) -> Result<Tagged<Incident>, Problem> {
    let (Path(id), Json(Object(Merge { from }))) = (path?, body?);
    let version = if_match(&headers)?;
    if !(1..=MAX_MERGED).contains(&from.len()) {
        return Err(Problem::field("from", format!("names 1 to {MAX_MERGED} incidents")));
    }
    let mut tx = app.store.begin(Durability::Power).await?;
    collaboration::check(&mut *tx, &app, &person, &headers, Resource::Incident(id)).await?;
    let weights = &app.config.risk.weights;
    let merged =
        incident_desk::merge(&mut *tx, id, version, (&from, person.sub), weights, app.clock.now()).await;
    let incident = merged.map_err(refused)?;
    for other in &from {
        note(&mut *tx, &app, &person, *other, "merged", json!({ "into": id })).await?;
    }
    note(&mut *tx, &app, &person, id, "merge", json!({ "from": from, "version": incident.version })).await?;
    finish(tx, &app).await?;
    Ok(tagged(incident))
}

/// Takes items out of an incident and makes one of their own of them. They are not put back by themselves, and what is nearer to the new one
/// joins that. Ids of events that they carry go with them. `If-Match` carries the version that was read.
#[utoipa::path(post, path = "/api/incidents/{id}/split", tag = "incidents", params(("id" = String, Path),
    ("If-Match" = String, Header, description = "the version that was read, such as \"3\""),
    ("Idempotency-Key" = Option<String>, Header, description = "sent again with the same key, it is done once")), request_body = Split,
    responses((status = 200, body = Parted), (status = 404, body = Problem), (status = 409, description = "it was merged into another, or somebody else holds the lock", body = Problem), (status = 412, body = Problem), (status = 422, body = Problem), (status = 428, body = Problem)))]
pub async fn split(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<IncidentId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Object<Split>>, JsonRejection>,
) -> Result<Json<Parted>, Problem> {
    let (Path(id), Json(Object(Split { item_ids, title }))) = (path?, body?);
    let version = if_match(&headers)?;
    let mut problems: Vec<FieldError> = Vec::new();
    if !(1..=MAX_SPLIT).contains(&item_ids.len()) {
        problems.push(FieldError::new("item_ids", format!("names 1 to {MAX_SPLIT} items")));
    }
    problems.extend(title.as_deref().and_then(|title| line_problem("title", title, MAX_TITLE)));
    Problem::of_fields(problems)?;
    let new_id = IncidentId(id_for(&headers, person.sub, "incident split")?);
    if let Some(parted) = app.store.incident(new_id).await? {
        if parted.split_from != Some(id) {
            return Err(other_than_before());
        }
        let left = app.store.incident(id).await?.ok_or_else(|| Problem::not_found("incident"))?;
        return Ok(Json(Parted { left, parted }));
    }
    let items = read(&app, &item_ids).await?;
    let mut tx = app.store.begin(Durability::Power).await?;
    collaboration::check(&mut *tx, &app, &person, &headers, Resource::Incident(id)).await?;
    let now = app.clock.now();
    let title = title.map(|title| (title, person.sub));
    let done =
        incident_desk::split(&mut *tx, (id, version), new_id, &items, title, &app.config.risk.weights, now)
            .await;
    let (left, parted) = done.map_err(refused)?;
    let detail = json!({ "item_ids": item_ids, "into": new_id, "version": left.version });
    note(&mut *tx, &app, &person, id, "split", detail).await?;
    note(&mut *tx, &app, &person, new_id, "split_off", json!({ "from": id })).await?;
    finish(tx, &app).await?;
    Ok(Json(Parted { left, parted }))
}

async fn read(app: &App, ids: &[ItemId]) -> Result<Vec<Item>, Problem> {
    let items = app.store.every_item(ids).await?;
    let is_there = |id: &&ItemId| !items.iter().any(|item| item.id == **id);
    match ids.iter().find(is_there) {
        Some(missing) => Err(Problem::field("item_ids", format!("there is no item {missing}"))),
        None => Ok(items),
    }
}

async fn note(
    tx: &mut dyn Tx,
    app: &App,
    person: &Claims,
    id: IncidentId,
    action: &str,
    detail: serde_json::Value,
) -> Result<(), Problem> {
    let subject = format!("incidents/{id}");
    let action_name = format!("incident.{action}");
    let entry = AuditEntry::new(app.clock.now(), person.actor(), action_name, subject, detail.clone());
    tx.record_audit(&entry).await?;
    let told = json!({ "action": action, "detail": detail });
    collaboration::tell_activity(tx, app, person, Resource::Incident(id), ActivityKind::Edited, told).await
}

async fn finish(tx: Box<dyn Tx>, app: &App) -> Result<(), Problem> {
    tx.commit().await?;
    app.relay.notify_one();
    Ok(())
}

fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Unknown(_) => Problem::not_found("incident"),
        Refusal::Merged(..) => Problem::new(StatusCode::CONFLICT, refusal.to_string()),
        Refusal::Wrong(why) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why),
        Refusal::State(error) => error.into(),
        Refusal::Encoding(error) => Problem::internal(&error),
    }
}
