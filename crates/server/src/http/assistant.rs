//! `/api/assistant`: drafts by a language model, where the operator has named one. A draft changes nothing and goes to nobody.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::{Extension, Json};
use crisislens_model::object::Object;
use crisislens_model::wording::text_problem;
use crisislens_model::{AlertId, Claim, ClaimId, IncidentId, Item, ItemFilter, ItemId, Timestamp};
use crisislens_state::audit::AuditEntry;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Problem;
use crate::app::App;
use crate::assistant::{AssistantError, Kind, Material};
use crate::auth::Claims;

/// Most items of an incident that a draft is made from.
const MAX_ITEMS: usize = 20;
/// Of each text so many characters.
const MAX_TEXT: usize = 2_000;
/// Longest wish.
const MAX_WISH: usize = 500;
/// Languages that drafts are written in.
const LANGUAGES: [(&str, &str); 14] = [
    ("en", "English"),
    ("es", "Spanish"),
    ("fr", "French"),
    ("pt", "Portuguese"),
    ("it", "Italian"),
    ("de", "German"),
    ("hi", "Hindi"),
    ("mr", "Marathi"),
    ("bn", "Bengali"),
    ("ta", "Tamil"),
    ("ur", "Urdu"),
    ("ar", "Arabic"),
    ("id", "Indonesian"),
    ("fil", "Filipino"),
];

/// Whether there is an assistant.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct About {
    /// Whether drafts can be asked for.
    enabled: bool,
    /// The model that writes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
}

/// What is to be drafted.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// A wording of a claim, a summary, or the text of an alert.
    kind: Kind,
    /// What it is about: exactly one of these.
    about: Subject,
    /// ISO 639-1 of the draft's language (or `fil`); English where absent.
    #[serde(default)]
    language: Option<String>,
    /// What else it is to keep in mind, at most 500 characters.
    #[serde(default)]
    wish: Option<String>,
}

/// What a draft is about.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// One item.
    Item(ItemId),
    /// An incident, with its newest items.
    Incident(IncidentId),
    /// An alert, with its incident's newest items.
    Alert(AlertId),
    /// A claim, with the first items that make it and the evidence on both sides.
    Claim(ClaimId),
}

/// A draft: text for a person to change and use. It is stored nowhere.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Drafted {
    /// Always true: nothing here was decided or checked by a person.
    draft: bool,
    /// What was drafted.
    kind: Kind,
    /// The text.
    text: String,
    /// What must be looked at before it is used: numbers that stand in none of the texts, addresses left out, a text that was cut.
    warnings: Vec<String>,
    /// The model that wrote it.
    model: String,
    /// The items that it was made from.
    items: Vec<ItemId>,
    /// When.
    at: Timestamp,
}

/// Whether drafts can be asked for, and who writes them.
#[utoipa::path(get, path = "/api/assistant", tag = "assistant", responses((status = 200, body = About)))]
pub async fn about(State(app): State<Arc<App>>) -> Json<About> {
    let model = app.assistant.as_ref().map(|assistant| assistant.model().to_owned());
    Json(About { enabled: model.is_some(), model })
}

/// Drafts a wording, a summary or the text of an alert. The texts that it is about are sent to the configured address; who asked for what is
/// in the audit log. A draft is stored nowhere, changes nothing, and reaches nobody: a person takes from it what holds.
#[utoipa::path(post, path = "/api/assistant/drafts", tag = "assistant", request_body = Wanted,
    responses((status = 200, body = Drafted), (status = 404, body = Problem), (status = 422, body = Problem),
        (status = 429, description = "as many drafts as may be are being made", body = Problem),
        (status = 502, description = "the assistant did not answer, or not with a draft", body = Problem),
        (status = 503, description = "no assistant is set up", body = Problem)))]
pub async fn draft(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    body: Result<Json<Object<Wanted>>, JsonRejection>,
) -> Result<Json<Drafted>, Problem> {
    let Json(Object(Wanted { kind, about, language, wish })) = body?;
    let Some(assistant) = &app.assistant else {
        let detail = "no assistant is set up: assistant.url and assistant.model name one";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail));
    };
    let problem = wish.as_ref().and_then(|wish| text_problem("wish", wish, MAX_WISH));
    Problem::of_fields(problem.into_iter().collect())?;
    let code = language.as_deref().unwrap_or("en");
    let Some((_, language)) = LANGUAGES.iter().find(|(known, _)| *known == code) else {
        let known: Vec<&str> = LANGUAGES.iter().map(|(code, _)| *code).collect();
        return Err(Problem::field("language", format!("is one of {}", known.join(", "))));
    };
    let (items, mut material) = material(&app, about).await?;
    material.extend(items.iter().map(of_item));
    let at = app.clock.now();
    let detail = json!({ "kind": kind, "model": assistant.model(), "items": items.len() });
    // Before anything leaves: what was sent to the model's address has its trace.
    app.trail
        .record(vec![AuditEntry::new(at, claims.actor(), "assistant.draft", subject(about), detail)])
        .await?;
    let drafted = assistant.draft(kind, &material, language, wish.as_deref()).await.map_err(no_draft)?;
    Ok(Json(Drafted {
        draft: true,
        kind,
        text: drafted.text,
        warnings: drafted.warnings,
        model: assistant.model().to_owned(),
        items: items.iter().map(|item| item.id).collect(),
        at,
    }))
}

fn no_draft(error: AssistantError) -> Problem {
    match error {
        AssistantError::Busy(_) => Problem::too_many(error.to_string(), 5),
        AssistantError::Refused { status: 429, retry_after, .. } => {
            Problem::too_many(error.to_string(), retry_after.unwrap_or(30).min(3_600))
        }
        other => Problem::new(StatusCode::BAD_GATEWAY, other.to_string()),
    }
}

fn subject(about: Subject) -> String {
    match about {
        Subject::Item(id) => format!("item:{id}"),
        Subject::Incident(id) => format!("incident:{id}"),
        Subject::Alert(id) => format!("alert:{id}"),
        Subject::Claim(id) => format!("claim:{id}"),
    }
}

/// The items that a draft is made from, and what else is known of its subject.
async fn material(app: &App, about: Subject) -> Result<(Vec<Item>, Vec<Material>), Problem> {
    match about {
        Subject::Item(id) => {
            let item = app.store.item(id).await?.ok_or_else(|| Problem::not_found("item"))?;
            Ok((vec![item], Vec::new()))
        }
        Subject::Incident(id) => {
            let incident = app.store.incident(id).await?.ok_or_else(|| Problem::not_found("incident"))?;
            let known = Material {
                source: "the desk's list of incidents".to_owned(),
                at: incident.last_seen.to_string(),
                text: format!("{} ({})", incident.title, incident.area),
            };
            Ok((newest(app, id).await?, vec![known]))
        }
        Subject::Alert(id) => {
            let alert = app.store.alert(id).await?.ok_or_else(|| Problem::not_found("alert"))?;
            let known = Material {
                source: "the alert as it stands".to_owned(),
                at: alert.effective.to_string(),
                text: clip(&format!("{}\n{}", alert.title, alert.message)),
            };
            Ok((newest(app, alert.incident_id).await?, vec![known]))
        }
        Subject::Claim(id) => {
            let claim = app.store.claim(id).await?.ok_or_else(|| Problem::not_found("claim"))?;
            let makers = claim.item_ids.get(..MAX_ITEMS).unwrap_or(&claim.item_ids);
            let (items, _) = app.store.items_by_id(makers).await?;
            Ok((items, of_claim(&claim)))
        }
    }
}

async fn newest(app: &App, incident: IncidentId) -> Result<Vec<Item>, Problem> {
    let filter = ItemFilter { incident: Some(incident), ..ItemFilter::default() };
    Ok(app.store.list_items(&filter, MAX_ITEMS, None).await?.items)
}

fn of_item(item: &Item) -> Material {
    let title = item.title.as_deref().map_or_else(String::new, |title| format!("{title}\n"));
    Material {
        source: format!("{} ({})", item.source, item.source_kind.as_str()),
        at: item.timestamp.to_string(),
        text: clip(&format!("{title}{}", item.text)),
    }
}

/// A claim as it stands, and what others say of it; those who make it come with their own words.
fn of_claim(claim: &Claim) -> Vec<Material> {
    let known = Material {
        source: "the claim as the desk has it".to_owned(),
        at: claim.last_said.to_string(),
        text: clip(&claim.text),
    };
    let others =
        claim.evidence.iter().filter(|voice| voice.item_id.is_none_or(|id| !claim.item_ids.contains(&id)));
    let others = others.take(MAX_ITEMS).map(|voice| Material {
        source: voice.source.clone(),
        at: voice.said_at.to_string(),
        text: clip(&voice.text_snippet),
    });
    std::iter::once(known).chain(others).collect()
}

fn clip(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}
