//! What people say of the evidence on a claim. It is weighed again at once.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use crisislens_model::claim::MAX_REASON;
use crisislens_model::object::Object;
use crisislens_model::wording::{is_odd, line_problem, text_problem};
use crisislens_model::{ClaimId, FieldError, Item, ItemId, Stance};
use crisislens_pipeline::desk::{Added, Desk, consequences};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::actions::maybe_if_match;
use super::change::{Change, change};
use super::{ClaimView, Tagged};
use crate::app::App;
use crate::auth::Claims;
use crate::http::Problem;

/// Longest piece, characters.
const MAX_SNIPPET: usize = 2_000;
/// Of an item so many characters are its beginning.
const MAX_BEGINNING: usize = 300;
/// Longest name of who says it, characters.
const MAX_SOURCE: usize = 200;
/// Longest address, bytes.
const MAX_URL: usize = 2_000;

/// A piece of evidence to add: one of our items, or what was read or heard elsewhere.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEvidence {
    /// The item; who says it, where and when is then the item's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    item_id: Option<ItemId>,
    /// Where it can be read: http or https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// What it says; of an item its beginning, where absent.
    #[serde(default)]
    text_snippet: String,
    /// Who says it.
    #[serde(default)]
    source: String,
    /// supports, refutes or neutral.
    stance: Stance,
    /// Why.
    why: String,
}

impl NewEvidence {
    fn problems(&self) -> Vec<FieldError> {
        let is_item = self.item_id.is_some();
        let of_item = |field: &str, is_given: bool| {
            (is_item && is_given).then(|| FieldError::new(field, "is the item's; leave it out"))
        };
        let snippet = !is_item || !self.text_snippet.is_empty();
        let mut problems: Vec<FieldError> = [
            text_problem("text_snippet", &self.text_snippet, MAX_SNIPPET).filter(|_| snippet),
            line_problem("source", &self.source, MAX_SOURCE).filter(|_| !is_item),
            text_problem("why", &self.why, MAX_REASON),
            of_item("source", !self.source.is_empty()),
            of_item("url", self.url.is_some()),
        ]
        .into_iter()
        .flatten()
        .collect();
        if let Some(url) = self.url.as_ref().filter(|_| !is_item) {
            let is_web = url.starts_with("https://") || url.starts_with("http://");
            if !is_web || url.len() > MAX_URL || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
                problems.push(FieldError::new(
                    "url",
                    format!("is no http or https address of at most {MAX_URL} bytes"),
                ));
            }
        }
        problems
    }
}

/// On which side a piece is.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// supports, refutes or neutral.
    stance: Stance,
    /// Why.
    why: String,
}

/// Adds a piece of evidence. The same again changes nothing (200); an item that is evidence already is put on the side that is said.
#[utoipa::path(post, path = "/api/claims/{id}/evidence", tag = "claims", params(("id" = String, Path),
    ("If-Match" = Option<String>, Header, description = "the version that was read, where it is to matter")), request_body = NewEvidence,
    responses((status = 201, body = ClaimView), (status = 200, description = "it was there", body = ClaimView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn add(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<ClaimId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Object<NewEvidence>>, JsonRejection>,
) -> Result<(StatusCode, Tagged<ClaimView>), Problem> {
    let (Path(id), Json(Object(new))) = (path?, body?);
    Problem::of_fields(new.problems())?;
    let item = match new.item_id {
        Some(id) => {
            let item = app.store.item(id).await?;
            Some(item.ok_or_else(|| Problem::field("item_id", "there is no such item"))?)
        }
        None => None,
    };
    let version = maybe_if_match(&headers)?;
    let done = Change { id, version, action: "evidence.add", detail: json!(new), event: None };
    let NewEvidence { url, text_snippet, source, stance, why, .. } = new;
    let act = |desk: &mut Desk| {
        let known = desk.claim.evidence.len();
        match item {
            Some(item) if text_snippet.is_empty() => {
                let beginning = beginning(&item);
                desk.add_item(&item, beginning, stance, why)?
            }
            Some(item) => desk.add_item(&item, text_snippet, stance, why)?,
            None => desk.add_evidence(Added { url, text_snippet, source, stance, why })?,
        };
        Ok((desk.claim.evidence.len() > known, Vec::new()))
    };
    let (desk, is_new) = change(&app, &person, &headers, done, act).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, ClaimView::of(&app, desk.claim, desk.workflow, &person).await?.tagged()))
}

/// How an item begins, on one line and without what is not seen.
fn beginning(item: &Item) -> String {
    let seen: String = item.text.chars().filter(|c| !is_odd(*c)).collect();
    let line = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(MAX_BEGINNING).collect()
}

/// Says on which side a piece of evidence is. That stays whatever is found later, and is kept to learn from.
#[utoipa::path(patch, path = "/api/claims/{id}/evidence/{evidence}", tag = "claims",
    params(("id" = String, Path), ("evidence" = String, Path),
        ("If-Match" = Option<String>, Header, description = "the version of the claim that was read, where it is to matter")), request_body = Side,
    responses((status = 200, body = ClaimView), (status = 404, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn judge(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<(ClaimId, Uuid)>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Object<Side>>, JsonRejection>,
) -> Result<Tagged<ClaimView>, Problem> {
    let (Path((id, evidence)), Json(Object(side))) = (path?, body?);
    Problem::of_fields(text_problem("why", &side.why, MAX_REASON).into_iter().collect())?;
    let detail = json!({ "evidence": evidence, "side": side });
    let version = maybe_if_match(&headers)?;
    let done = Change { id, version, action: "evidence.judge", detail, event: None };
    let (by, now) = (person.sub, app.clock.now());
    let act = |desk: &mut Desk| {
        let before = desk.claim.evidence.iter().find(|one| one.id == evidence).cloned();
        desk.set_stance(evidence, side.stance, &side.why)?;
        let after = desk.claim.evidence.iter().find(|one| one.id == evidence);
        let example = before
            .zip(after)
            .and_then(|(before, after)| consequences::stance_example(&desk.claim, &before, after, by, now));
        Ok(((), example.into_iter().collect()))
    };
    let (desk, ()) = change(&app, &person, &headers, done, act).await?;
    Ok(ClaimView::of(&app, desk.claim, desk.workflow, &person).await?.tagged())
}

/// Removes a piece that a person has added, or takes back what a person has said of one.
#[utoipa::path(delete, path = "/api/claims/{id}/evidence/{evidence}", tag = "claims",
    params(("id" = String, Path), ("evidence" = String, Path),
        ("If-Match" = Option<String>, Header, description = "the version of the claim that was read, where it is to matter")),
    responses((status = 200, body = ClaimView), (status = 404, body = Problem), (status = 412, body = Problem)))]
pub async fn remove(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Claims>,
    path: Result<Path<(ClaimId, Uuid)>, PathRejection>,
    headers: HeaderMap,
) -> Result<Tagged<ClaimView>, Problem> {
    let Path((id, evidence)) = path?;
    let detail = json!({ "evidence": evidence });
    let version = maybe_if_match(&headers)?;
    let done = Change { id, version, action: "evidence.remove", detail, event: None };
    let act = |desk: &mut Desk| Ok((desk.remove_evidence(evidence)?, Vec::new()));
    let (desk, ()) = change(&app, &person, &headers, done, act).await?;
    Ok(ClaimView::of(&app, desk.claim, desk.workflow, &person).await?.tagged())
}
