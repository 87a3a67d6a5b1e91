//! What a person changes of an item: where it stands in the desk's work, tags, and what analysis got wrong.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::{Extension, Json};
use crisislens_analysis::Analysis;
use crisislens_model::item::even_null;
use crisislens_model::object::Object;
use crisislens_model::record::EventMeta;
use crisislens_model::topic::event_type;
use crisislens_model::{
    ActivityKind, EventId, Item, ItemCorrection, ItemId, ItemStatus, NewRecord, PutRight, Resource,
    Timestamp, Topic, id,
};
use crisislens_pipeline::desk::consequences::{corrected_statement, correction_id};
use crisislens_pipeline::{CORRECTED, found};
use crisislens_state::audit::AuditEntry;
use crisislens_state::items::{Found, ItemEdit};
use crisislens_state::verification::TrainingExample;
use crisislens_state::{Durability, Tx};
use serde::Deserialize;
use serde_json::json;

use super::items::{if_match, tagged};
use super::{Problem, collaboration};
use crate::app::App;
use crate::auth::Claims;

/// Most tags on an item, and longest tag.
const MAX_TAGS: usize = 32;
const MAX_TAG_CHARS: usize = 64;

/// What a person changes; what is absent stays.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ItemPatch {
    /// Where it stands in the desk's work.
    status: Option<ItemStatus>,
    /// Words on it, replacing those there.
    tags: Option<Vec<String>>,
    /// All that people put right of hazard, place, severity, language, and whether and of what it informs, replacing what they had put right; null takes it back. It holds
    /// for later revisions of the source's entry, and moves risk and incident.
    #[serde(deserialize_with = "even_null")]
    #[schema(value_type = Option<ItemCorrection>)]
    corrected: Option<Option<ItemCorrection>>,
}

/// Changes status or tags, or puts right what analysis made of it. `If-Match` carries the version it was read at, `Lock-Token` the token of
/// the item's lock, where somebody holds it.
#[utoipa::path(patch, path = "/api/items/{id}", tag = "items", params(("id" = String, Path),
    ("If-Match" = String, Header, description = "the version that was read, such as \"3\""),
    ("Lock-Token" = Option<i64>, Header, description = "the token of the item's lock, where you hold it")), request_body = ItemPatch,
    responses((status = 200, body = Item), (status = 404, body = Problem), (status = 409, description = "somebody else holds the lock", body = Problem), (status = 412, body = Problem), (status = 422, body = Problem), (status = 428, body = Problem)))]
pub async fn edit(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<ItemId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Object<ItemPatch>>, JsonRejection>,
) -> Result<([(HeaderName, String); 1], Json<Item>), Problem> {
    let (Path(id), Json(Object(patch))) = (path?, body?);
    let version = if_match(&headers)?;
    if patch.tags.as_ref().is_some_and(|tags| {
        tags.len() > MAX_TAGS
            || tags.iter().any(|tag| tag.trim().is_empty() || tag.chars().count() > MAX_TAG_CHARS)
    }) {
        let detail = format!("tags: at most {MAX_TAGS}, each of 1 to {MAX_TAG_CHARS} characters");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    let correction = match patch.corrected {
        Some(to) => {
            Problem::of_fields(to.as_ref().map(ItemCorrection::problems).unwrap_or_default())?;
            Some(Correction::of(&app, &claims, id, to).await?)
        }
        None => None,
    };
    let edit = ItemEdit {
        status: patch.status,
        tags: patch.tags,
        found: correction.as_ref().map(|correction| Box::new(correction.found.clone())),
    };
    let stood = app.store.item(id).await?.map(|item| (item.status, item.version));
    let mut tx = app.store.begin(Durability::Power).await?;
    collaboration::check(&mut *tx, &app, &claims, &headers, Resource::Item(id)).await?;
    let item = tx.edit_item(id, version, &edit).await?.ok_or_else(|| Problem::not_found("item"))?;
    let now = app.clock.now();
    let by_person = format!("/crisislens/users/{}", claims.sub);
    let meta = EventMeta {
        id: EventId(id::derived(item.id.0, "item edit", item.version)),
        kind: event_type::ITEM_UPDATED,
        source: if correction.is_some() { CORRECTED } else { &by_person },
        time: now,
    };
    let value = serde_json::to_vec(&item).map_err(|error| Problem::internal(&error))?;
    tx.publish(
        vec![NewRecord::event(Topic::NormalizedItems, item.id.to_string().into_bytes(), value, meta)],
        now,
    )
    .await?;
    let kind =
        if edit.status == Some(ItemStatus::Verified) { ActivityKind::Verified } else { ActivityKind::Edited };
    // Of another version the edit was refused, so this is what stood there.
    let before = stood.filter(|(_, at)| *at == version).map(|(status, _)| status);
    if let Some(status) = edit.status.filter(|status| before != Some(*status)) {
        let detail = json!({ "before": { "status": before, "version": version },
            "after": { "status": status, "version": item.version } });
        let subject = format!("items/{}", item.id);
        let entry = AuditEntry::new(now, claims.actor(), "item.status".to_owned(), subject, detail);
        tx.record_audit(&entry).await?;
    }
    let mut data = json!({ "status": edit.status, "tags": edit.tags, "version": item.version });
    if let Some(correction) = correction {
        data["corrected"] = json!(item.corrected.as_ref().map(|corrected| &corrected.to));
        correction.keep(&mut *tx, &claims, &item, now).await?;
    }
    collaboration::tell_activity(&mut *tx, &app, &claims, Resource::Item(id), kind, data).await?;
    tx.commit().await?;
    app.relay.notify_one();
    Ok(tagged(item))
}

/// What people put right of an item, with what stood there.
struct Correction {
    found: Found,
    /// The item before.
    before: Item,
    /// What analysis makes of it by itself.
    by_itself: Analysis,
}

impl Correction {
    /// Works out what follows from `to`. The item may change meanwhile; then its version is refused.
    async fn of(app: &App, claims: &Claims, id: ItemId, to: Option<ItemCorrection>) -> Result<Self, Problem> {
        let before = app.store.item(id).await?.ok_or_else(|| Problem::not_found("item"))?;
        let (analyzer, raw, put) = (Arc::clone(&app.analyzer), before.said(), to.clone());
        let home = match before.incident_id {
            Some(incident) => app.store.incident(incident).await?,
            None => None,
        };
        // Long texts take milliseconds.
        let analysed = tokio::task::spawn_blocking(move || {
            let by_itself = analyzer.analyze_within(&raw, &ItemCorrection::default(), home.as_ref());
            let put = put.map(|put| analyzer.analyze_within(&raw, &put, home.as_ref()));
            (put.unwrap_or_else(|| by_itself.clone()), by_itself)
        });
        let (analysis, by_itself) = analysed.await.map_err(|error| Problem::internal(&error))?;
        let put_right = to.map(|to| PutRight { to, by: claims.sub, at: app.clock.now() });
        let found = found(analysis, put_right);
        Ok(Self { found, before, by_itself })
    }

    /// Notes it in the audit log and as an example to train with, or takes that example back.
    async fn keep(
        self,
        tx: &mut dyn Tx,
        claims: &Claims,
        item: &Item,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let Self { found, before, by_itself } = self;
        let example = id::derived(item.id.0, "correction", 1);
        match &found.corrected {
            Some(corrected) => {
                let data = json!({
                    "item_id": item.id, "title": item.title, "text": item.text,
                    "found": {
                        "hazard": by_itself.hazard.kind, "location": by_itself.location,
                        "severity": by_itself.severity, "language": by_itself.language.code,
                        "informative": by_itself.relevance.map(|relevance| relevance.informative),
                        "humanitarian": by_itself.humanitarian.map(|kind| kind.category),
                    },
                    "corrected": corrected.to, "exercise": item.exercise, "incident_id": item.incident_id,
                });
                let kind = "correction".to_owned();
                let example = TrainingExample { id: example, kind, by: claims.sub, at: corrected.at, data };
                tx.put_training_examples(&[example]).await?;
            }
            None => tx.drop_training_examples(&[example]).await?,
        }
        // Who states something of its own that is wrong was wrong; it counts at once, and no more once it is taken back.
        let to = found.corrected.as_ref().map(|corrected| &corrected.to);
        let wrong: Vec<_> = corrected_statement(item, to, now).into_iter().collect();
        tx.set_adjudications(correction_id(item.id), &wrong).await?;
        let state = |item: &Item| {
            json!({ "corrected": item.corrected.as_ref().map(|corrected| &corrected.to), "hazard": item.hazard.kind,
                "location": item.location.as_ref().map(|place| &place.name), "severity": item.severity,
                "informative": item.relevance.map(|relevance| relevance.informative),
                "humanitarian": item.humanitarian.map(|kind| kind.category),
                "risk_score": item.risk_score, "version": item.version })
        };
        let detail = json!({ "before": state(&before), "after": state(item) });
        let subject = format!("items/{}", item.id);
        tx.record_audit(&AuditEntry::new(now, claims.actor(), "item.correct".to_owned(), subject, detail))
            .await?;
        Ok(())
    }
}
