//! What people say about a resource: part of its story, and told in its room.

use std::slice;
use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use crisislens_model::object::Object;
use crisislens_model::wording::text_problem;
use crisislens_model::{Activity, ActivityKind, ClaimId, EventId, Resource, UserId};
use crisislens_notify::mention::{self, Said};
use crisislens_state::Durability;
use serde::Deserialize;
use serde_json::json;

use super::Problem;
use super::collaboration::Named;
use super::idempotency::{id_for, other_than_before};
use super::presence::may_move;
use crate::app::App;
use crate::auth::Claims;
use crate::locks::publish;
use crate::outgoing::rules;

/// Longest comment.
const MAX_CHARS: usize = 4000;
/// Most people that a comment names.
const MAX_MENTIONS: usize = 20;

/// What somebody says.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// Plain text of 1 to 4000 characters.
    text: String,
    /// Whom it names: they are told of it, as they want to be. At most 20.
    #[serde(default)]
    mentions: Vec<UserId>,
}

/// Says something about a resource. It becomes an activity of the kind `commented` with the text in `data.text`, and whom it names in
/// `data.mentions`. Sent again with the same
/// `Idempotency-Key` (1 to 255 characters) it is there once, and the answer (200) is what is there; with another text it is refused.
#[utoipa::path(post, path = "/api/collaboration/activity/{resource}", tag = "collaboration",
    params(("resource" = String, Path, description = "`item:{id}`, `incident:{id}` or `claim:{id}`"),
        ("Idempotency-Key" = Option<String>, Header)), request_body = Comment,
    responses((status = 201, body = Activity), (status = 200, description = "it was said before", body = Activity), (status = 404, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem)))]
pub async fn comment(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    Named(resource): Named,
    headers: HeaderMap,
    body: Result<Json<Object<Comment>>, JsonRejection>,
) -> Result<(StatusCode, Json<Activity>), Problem> {
    let Json(Object(Comment { text, mut mentions })) = body?;
    let text = text.replace("\r\n", "\n");
    Problem::of_fields(text_problem("text", &text, MAX_CHARS).into_iter().collect())?;
    if mentions.len() > MAX_MENTIONS {
        return Err(Problem::field("mentions", format!("at most {MAX_MENTIONS} people")));
    }
    mentions.sort();
    mentions.dedup();
    may_move(&app, &claims)?;
    let id = EventId(id_for(&headers, claims.sub, &format!("comment {resource}"))?);
    let activity = Activity {
        id,
        kind: ActivityKind::Commented,
        user: claims.sub,
        name: claims.name,
        resource,
        data: if mentions.is_empty() {
            json!({ "text": text })
        } else {
            json!({ "text": text, "mentions": mentions })
        },
        at: app.clock.now(),
    };
    let mut tx = app.store.begin(Durability::Power).await?;
    // Kept with the request, not only when it comes from the log: so one that is sent again finds it.
    if tx.put_activities(slice::from_ref(&activity)).await? == 0 {
        drop(tx);
        return said_before(&app, &activity).await;
    }
    publish(&mut *tx, activity.clone()).await?;
    if !mentions.is_empty() {
        let (title, exercise) = title(&app, resource).await?;
        let said = Said { activity: &activity, title: &title, text: &text, people: &mentions, exercise };
        let templates = &app.outgoing.contents.templates;
        let unknown = mention::tell(&mut *tx, templates, rules(&app.config), &said, activity.at).await;
        if let Some(unknown) = unknown?.first() {
            let place = mentions.iter().position(|one| one == unknown).unwrap_or_default();
            return Err(Problem::field(&format!("mentions.{place}"), format!("{unknown} is nobody here")));
        }
    }
    tx.commit().await?;
    app.relay.notify_one();
    if !mentions.is_empty() {
        app.outgoing.wake.notify_one();
    }
    Ok((StatusCode::CREATED, Json(activity)))
}

/// What a resource is called in a message, and whether it is part of an exercise.
async fn title(app: &App, resource: Resource) -> Result<(String, bool), Problem> {
    let title = match resource {
        Resource::Item(id) => app.store.item(id).await?.map(|item| (item.headline(), item.exercise)),
        Resource::Incident(id) => app.store.incident(id).await?.map(|one| (one.title, one.exercise)),
        Resource::Claim(id) => app.store.claim(ClaimId(id)).await?.map(|claim| (claim.text, claim.exercise)),
    };
    Ok(title.unwrap_or_else(|| (resource.to_string(), false)))
}

async fn said_before(app: &App, again: &Activity) -> Result<(StatusCode, Json<Activity>), Problem> {
    let kept = app.store.activity(again.id).await?.ok_or_else(|| Problem::not_found("comment"))?;
    if kept.data != again.data {
        return Err(other_than_before());
    }
    Ok((StatusCode::OK, Json(kept)))
}
