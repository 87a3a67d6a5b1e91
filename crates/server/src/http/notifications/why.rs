//! `/api/notifications/why`: why somebody was, or was not, told of something.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use axum_extra::extract::Query;
use crisislens_model::{Activity, ActivityKind, AlertId, ItemId, Resource, UserId};
use crisislens_notify::why::{self, Answer};
use crisislens_state::activities::StoryOf;
use serde::{Deserialize, Serialize};

use super::deliveries::may_see;
use crate::app::App;
use crate::auth::Claims;
use crate::http::Problem;
use crate::http::params::Params;
use crate::outgoing::rules;

/// Of an item's story so many pages are looked through for a comment, of so many entries each.
const MAX_PAGES: usize = 10;
const PAGE: usize = 100;

/// Whom and what: either an alert or an item.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WhyParams {
    /// The alert.
    alert: Option<AlertId>,
    /// Its revision; the newest where absent.
    revision: Option<u64>,
    /// The item.
    item: Option<ItemId>,
    /// `mention`: not the item itself, but the newest comment on it that names the person.
    kind: Option<String>,
    /// The person; oneself where absent. Analysts may ask for others.
    user: Option<UserId>,
}

/// Why somebody was, or was not, told of something.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Why {
    /// The revision of the alert; 0 without one.
    revision: u64,
    /// Whether they were told of it anywhere.
    told: bool,
    /// The reason; of what was told, one for each channel. Of items and comments nothing is kept for who was not told: then it is decided
    /// once more, and the reason begins with `as preferences are now` or `as silences are now`.
    reasons: Vec<String>,
}

impl Why {
    fn of(revision: u64, Answer { told, reasons }: Answer) -> Json<Self> {
        Json(Self { revision, told, reasons })
    }
}

/// Why somebody was, or was not, told of an alert, of an item, or that a comment names them.
#[utoipa::path(get, path = "/api/notifications/why", tag = "notifications", params(WhyParams),
    responses((status = 200, body = Why), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn why(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    params: Params<WhyParams>,
) -> Result<Json<Why>, Problem> {
    let Query(WhyParams { alert, revision, item, kind, user }) = params?;
    let user = user.unwrap_or(claims.sub);
    let is_of_mention = match kind.as_deref() {
        None => false,
        Some("mention") if item.is_some() => true,
        Some(_) => return Err(Problem::parameter("kind", "is `mention`, and goes with an item")),
    };
    if revision.is_some() && alert.is_none() {
        return Err(Problem::parameter("revision", "goes with an alert"));
    }
    if !may_see(&claims, user) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "only analysts see what others were sent"));
    }
    match (alert, item) {
        (Some(alert), None) => of_alert(&app, alert, revision, user).await,
        (None, Some(item)) if is_of_mention => of_mention(&app, item, user).await,
        (None, Some(item)) => of_item(&app, item, user).await,
        (None, None) => Err(Problem::parameter("alert", "give an alert or an item")),
        (Some(_), Some(_)) => Err(Problem::parameter("item", "give an alert or an item, not both")),
    }
}

async fn of_alert(
    app: &App,
    alert: AlertId,
    revision: Option<u64>,
    user: UserId,
) -> Result<Json<Why>, Problem> {
    let fanouts = app.store.fanouts(alert).await?;
    let fanout = match revision {
        None => fanouts.last(),
        Some(revision) => fanouts.iter().find(|fanout| fanout.alert.revision == revision),
    };
    let fanout =
        fanout.ok_or_else(|| Problem::not_found("alert, or revision of it, whose recipients were chosen"))?;
    let revision = fanout.alert.revision;
    if let Some(held) = &fanout.held {
        return Ok(Why::of(revision, Answer::untold(held)));
    }
    if let Some(why) = app.store.passed_over(alert, revision, user).await? {
        return Ok(Why::of(revision, Answer::untold(why)));
    }
    let told = app.store.notification_of(user, alert, revision).await?;
    let answer = match told {
        Some(notification) => Answer::told(&notification),
        None if fanout.done_at.is_some() => {
            Answer::untold("there was no such account when its recipients were chosen")
        }
        None => Answer::untold("its recipients are still being chosen"),
    };
    Ok(Why::of(revision, answer))
}

async fn of_item(app: &App, item: ItemId, user: UserId) -> Result<Json<Why>, Problem> {
    let item = app.store.item(item).await?.ok_or_else(|| Problem::not_found("item"))?;
    let answer = why::of_item(&*app.store, rules(&app.config), &item, user, app.clock.now()).await?;
    Ok(Why::of(0, answer.ok_or_else(|| Problem::not_found("account"))?))
}

async fn of_mention(app: &App, item: ItemId, user: UserId) -> Result<Json<Why>, Problem> {
    let item = app.store.item(item).await?.ok_or_else(|| Problem::not_found("item"))?;
    let said = newest_naming(app, item.id, user).await?;
    let said = said.ok_or_else(|| Problem::not_found("comment on the item that names them"))?;
    let (rules, now) = (rules(&app.config), app.clock.now());
    let answer = why::of_mention(&*app.store, rules, &said, item.exercise, user, now).await?;
    Ok(Why::of(0, answer.ok_or_else(|| Problem::not_found("account"))?))
}

/// The newest comment on an item that names a person.
async fn newest_naming(app: &App, item: ItemId, person: UserId) -> Result<Option<Activity>, Problem> {
    let name = person.to_string();
    let names = |one: &Activity| {
        let named = one.data["mentions"].as_array().into_iter().flatten();
        one.kind == ActivityKind::Commented
            && named.filter_map(serde_json::Value::as_str).any(|one| one == name)
    };
    let mut after = None;
    for _ in 0..MAX_PAGES {
        let story = StoryOf::Resource(Resource::Item(item));
        let page = app.store.activities(story, PAGE, after).await?;
        if let Some(found) = page.items.into_iter().find(names) {
            return Ok(Some(found));
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(None)
}
