//! `/api/notifications`: one's own inbox and preferences; and the development outbox.

pub mod acknowledge;
pub mod deliveries;
pub mod devices;
pub mod trial;
pub mod unsubscribe;
pub mod why;

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use axum_extra::extract::Query;
use crisislens_model::contact::shown_to_others;
use crisislens_model::object::Object;
use crisislens_model::{Channel, Notification, NotificationId, Preferences, Role};
use crisislens_state::Durability;
use crisislens_state::notices::OutboxMessage;
use serde::{Deserialize, Serialize};

use super::Problem;
use super::params::{List, PageParams, Params};
use crate::app::App;
use crate::auth::Claims;

/// Conditions on notifications.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NotificationParams {
    /// Unread ones only.
    #[serde(default)]
    unread: bool,
}

/// A page of an inbox.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Inbox {
    /// The notifications, newest first.
    items: Vec<Notification>,
    /// How many there are on all pages.
    total: u64,
    /// The next page's `cursor`, or null.
    next: Option<String>,
    /// How many are unread in all.
    unread: u64,
}

/// One's own notifications.
#[utoipa::path(get, path = "/api/notifications", tag = "notifications", params(NotificationParams, PageParams),
    responses((status = 200, body = Inbox)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    params: Params<NotificationParams>,
    page: Params<PageParams>,
) -> Result<Json<Inbox>, Problem> {
    let (Query(params), Query(page)) = (params?, page?);
    let found = app.store.list_notifications(claims.sub, params.unread, page.limit()?, page.after()?).await?;
    let unread = app.store.unread(claims.sub).await?;
    let List { items, total, next } = found.into();
    Ok(Json(Inbox { items, total, next, unread }))
}

/// Marks one notification read.
#[utoipa::path(post, path = "/api/notifications/{id}/read", tag = "notifications", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn read_one(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<NotificationId>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path(id) = path?;
    let mut tx = app.store.begin(Durability::Power).await?;
    if !tx.has_notification(claims.sub, id).await? {
        return Err(Problem::not_found("notification"));
    }
    tx.mark_read(claims.sub, Some(id), app.clock.now()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Marks all of one's notifications read.
#[utoipa::path(post, path = "/api/notifications/read-all", tag = "notifications", responses((status = 204)))]
pub async fn read_all(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
) -> Result<StatusCode, Problem> {
    let mut tx = app.store.begin(Durability::Power).await?;
    tx.mark_read(claims.sub, None, app.clock.now()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What one wants to be told.
#[utoipa::path(get, path = "/api/notifications/preferences", tag = "notifications",
    responses((status = 200, body = Preferences)))]
pub async fn preferences(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
) -> Result<Json<Preferences>, Problem> {
    let user = app.store.user(claims.sub).await?.ok_or_else(|| Problem::not_found("account"))?;
    Ok(Json(user.preferences))
}

/// Sets what one wants to be told.
#[utoipa::path(put, path = "/api/notifications/preferences", tag = "notifications", request_body = Preferences,
    responses((status = 200, body = Preferences), (status = 422, body = Problem)))]
pub async fn set_preferences(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    body: Result<Json<Object<Preferences>>, JsonRejection>,
) -> Result<Json<Preferences>, Problem> {
    let Json(Object(preferences)) = body?;
    Problem::of_fields(preferences.problems())?;
    let mut tx = app.store.begin(Durability::Power).await?;
    tx.set_preferences(claims.sub, &preferences).await?;
    tx.commit().await?;
    Ok(Json(preferences))
}

/// Conditions on messages of the development outbox.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OutboxParams {
    /// On this channel: `email`, `sms`, `push`, `webhook`.
    channel: Option<String>,
}

/// Messages that the development outbox holds instead of sending them, newest first. In those to others, links that end messages or
/// acknowledge an alert end in `hidden`, and of addresses of the web only admins see more than the host.
#[utoipa::path(get, path = "/api/outbox", tag = "notifications", params(OutboxParams, PageParams),
    responses((status = 200, body = List<OutboxMessage>), (status = 400, body = Problem)))]
pub async fn outbox(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    params: Params<OutboxParams>,
    page: Params<PageParams>,
) -> Result<Json<List<OutboxMessage>>, Problem> {
    let (Query(OutboxParams { channel }), Query(page)) = (params?, page?);
    let channel = channel.map(|word| channel_that_leaves(&word)).transpose()?;
    let mut found = app.store.list_outbox_messages(channel, page.limit()?, page.after()?).await?;
    let email = app.store.user(claims.sub).await?.map(|user| user.email);
    let contacts = app.store.contacts(claims.sub).await?;
    let own: Vec<&str> =
        contacts.iter().map(|contact| contact.target.address()).chain(email.as_deref()).collect();
    for message in found.items.iter_mut().filter(|message| !own.contains(&&*message.to)) {
        hide_links(message)?;
        if claims.role < Role::Admin {
            message.to = shown_to_others(&message.to);
        }
    }
    Ok(Json(found.into()))
}

/// Links that end somebody's messages or speak for them are theirs alone.
fn hide_links(message: &mut OutboxMessage) -> Result<(), Problem> {
    message.text = without_tokens(&message.text);
    message.html = message.html.take().map(|html| without_tokens(&html));
    if let Some(payload) = &mut message.payload {
        let text = without_tokens(&payload.to_string());
        *payload = serde_json::from_str(&text).map_err(|error| Problem::internal(&error))?;
    }
    Ok(())
}

/// The text with `hidden` in place of each link's last part; slashes may be written as HTML writes them.
fn without_tokens(text: &str) -> String {
    let mut text = text.to_owned();
    for slash in ["/", "&#x2f;"] {
        for kind in ["unsubscribe", "acknowledge"] {
            let before = format!("{slash}notifications{slash}{kind}{slash}");
            let mut parts = text.split(before.as_str());
            let mut hidden = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                let rest =
                    part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
                hidden.extend([before.as_str(), "hidden", rest]);
            }
            text = hidden;
        }
    }
    text
}

/// A channel by which messages leave; the inbox is none.
fn channel_that_leaves(word: &str) -> Result<Channel, Problem> {
    Channel::parse(word).filter(|channel| *channel != Channel::Inbox).ok_or_else(|| {
        Problem::parameter("channel", format!("{word:?} is none of email, sms, push and webhook"))
    })
}
