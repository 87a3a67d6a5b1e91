//! `/api/notifications/test`: a message to oneself, to see whether it arrives.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::{Extension, Json};
use crisislens_model::object::Object;
use crisislens_model::{Channel, DeliveryId, NotificationId, Role, Timestamp};
use crisislens_notify::templates::Name;
use crisislens_notify::templates::own::{Part, Template};
use crisislens_notify::{targets, tell, trial};
use crisislens_state::Durability;
use crisislens_state::ledger::DeskObject;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::App;
use crate::auth::Claims;
use crate::http::Problem;

/// Tests that a person may send within [`A_WHILE`].
const MOST: usize = 5;
const A_WHILE: Duration = Duration::from_secs(60);
/// Of what somebody was told within it so much is looked through for tests.
const MAX_LOOKED_AT: usize = 100;

/// A test of a channel.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestRequest {
    /// To one's own addresses on this channel.
    channel: Channel,
    /// By this template, for analysts and above; by the shipped one for alerts where it is absent.
    template: Option<Template>,
}

/// A test on its way.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TestSent {
    /// The notification.
    notification_id: NotificationId,
    /// Its deliveries, one for each address.
    deliveries: Vec<DeliveryId>,
}

/// Sends oneself a test message with sample values; its subject begins with `Test: `, and an e-mail says at its top what it is. Who is no
/// analyst tests the shipped templates alone. What becomes of it is told by
/// `/api/notifications/deliveries/{id}`.
#[utoipa::path(post, path = "/api/notifications/test", tag = "notifications", request_body = TestRequest,
    responses((status = 202, body = TestSent), (status = 403, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn send(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    body: Result<Json<Object<TestRequest>>, JsonRejection>,
) -> Result<(StatusCode, Json<TestSent>), Problem> {
    let Json(Object(TestRequest { channel, template })) = body?;
    if claims.role < Role::Analyst && template.as_ref().is_some_and(is_custom) {
        let detail = "only analysts and above test a template of their own; leave its parts out to test the shipped one";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let user = app.store.user(claims.sub).await?.ok_or_else(|| Problem::not_found("account"))?;
    let locale = user.preferences.locale.clone();
    let template = template.unwrap_or_else(|| shipped(locale));
    let shown = app.outgoing.contents.preview(&template, None, &user);
    let shown = shown.map_err(|errors| Problem::invalid(errors).within("template."))?;
    let contacts = app.store.contacts(user.id).await?;
    let addresses = targets::addresses(channel, &user, &contacts);
    if addresses.is_empty() && channel != Channel::Inbox {
        let why = format!("you have given no address for {}", channel.as_str());
        return Err(Problem::field("channel", why));
    }
    let now = app.clock.now();
    let since = now.checked_sub(A_WHILE).unwrap_or(now);
    let mut tx = app.store.begin(Durability::Power).await?;
    // Many at once, on whichever node, are counted one after the other.
    let latest = tx.told_alone(user.id, since, MAX_LOOKED_AT).await?;
    let tests = latest.iter().filter(|one| trial::is_test(one)).count();
    if tests >= MOST {
        let detail = format!("at most {MOST} tests within {} seconds", A_WHILE.as_secs());
        return Err(Problem::too_many(detail, A_WHILE.as_secs()));
    }
    let notification = trial::notification(&user, template.name, (channel, &addresses), shown, now);
    let deliveries = notification.deliveries.iter().map(|one| one.id).collect();
    let notification_id = notification.id;
    if trial::is_made_later(channel) {
        let old = app.store.desk_objects(trial::TRIED, Some(user.id.0)).await?;
        for id in no_longer_needed(old, now) {
            tx.delete_desk_object(trial::TRIED, id).await?;
        }
        let document = serde_json::to_string(&template).map_err(|error| Problem::internal(&error))?;
        let (id, owner) = (notification_id.0, user.id.0);
        let tried = DeskObject { id, owner, version: 1, changed_at: now, document };
        tx.put_desk_object(trial::TRIED, &tried).await?;
    }
    tell(&mut *tx, &[notification], now).await?;
    tx.commit().await?;
    app.relay.notify_one();
    app.outgoing.wake.notify_one();
    Ok((StatusCode::ACCEPTED, Json(TestSent { notification_id, deliveries })))
}

/// Whether it says anything of its own: whoever may register could have such words sent to any address.
fn is_custom(template: &Template) -> bool {
    Part::ALL.iter().any(|part| template.part(*part).is_some())
}

/// Templates of earlier tests that have been sent, or are not worth sending: the last ones may be under way.
fn no_longer_needed(mut tried: Vec<DeskObject>, now: Timestamp) -> impl Iterator<Item = Uuid> {
    tried.sort_by_key(|one| std::cmp::Reverse(one.changed_at));
    let since = now.checked_sub(trial::WORTH).unwrap_or(now);
    let is_over = move |(place, one): &(usize, DeskObject)| *place >= MOST || one.changed_at < since;
    tried.into_iter().enumerate().filter(is_over).map(|(_, one)| one.id)
}

const fn shipped(locale: String) -> Template {
    Template {
        name: Name::Alert,
        locale,
        subject: None,
        text: None,
        html: None,
        sms: None,
        push: None,
        webhook: None,
    }
}
