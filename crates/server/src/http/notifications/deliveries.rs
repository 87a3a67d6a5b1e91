//! `/api/notifications/deliveries` and what goes with them: how each message went.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use axum_extra::extract::Query;
use crisislens_model::contact::{shown_to_others, words_for_others};
use crisislens_model::{
    AlertId, Channel, Delivery, DeliveryId, DeliveryStatus, IncidentId, ItemId, NotificationId, Role,
    Severity, Timestamp, UserId,
};
use crisislens_notify::carrier::LineHealth;
use crisislens_notify::provider::worth;
use crisislens_state::audit::AuditEntry;
use crisislens_state::ledger::{DeliveryFilter, Row, Suppression, Told};
use crisislens_state::{Durability, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::app::App;
use crate::auth::Claims;
use crate::http::Problem;
use crate::http::params::{List, PageParams, Params};

/// Most suppressed addresses that are listed.
const MAX_SUPPRESSIONS: usize = 1_000;

/// Conditions on deliveries.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeliveryParams {
    /// Of this alert.
    alert: Option<AlertId>,
    /// To this person; analysts may ask for others than themselves, and for everybody where it is absent.
    recipient: Option<UserId>,
    /// On this channel: `email`, `sms`, `push`, `webhook`.
    channel: Option<String>,
    /// With this status.
    status: Option<String>,
}

/// A delivery and what it belongs to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LedgerEntry {
    /// The delivery.
    #[serde(flatten)]
    delivery: Delivery,
    /// The notification that it carries; its own id where it is a digest.
    notification_id: NotificationId,
    /// The alert; absent where it tells of none: a digest, an item, something said, a test.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert_id: Option<AlertId>,
    /// Its revision; 0 without one.
    revision: u64,
    /// Who gets it.
    recipient: UserId,
    /// How urgent.
    priority: Severity,
    /// When it was decided.
    created_at: Timestamp,
    /// Part of an exercise.
    exercise: bool,
}

impl LedgerEntry {
    /// As `viewer` may see it.
    fn of(row: Row, viewer: &Claims) -> Self {
        let mut delivery = row.delivery();
        if !sees_whole_addresses(viewer, row.recipient) {
            delivery.conceal();
        }
        Self {
            delivery,
            notification_id: row.notification,
            alert_id: row.alert(),
            revision: row.revision,
            recipient: row.recipient,
            priority: row.priority,
            created_at: row.created_at,
            exercise: row.exercise,
        }
    }
}

/// A delivery with its whole history, and where it came from.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DeliveryHistory {
    /// The delivery.
    #[serde(flatten)]
    entry: LedgerEntry,
    /// What providers told of it, first first.
    told: Vec<Told>,
    /// What it came from.
    provenance: Provenance,
}

/// From a delivery back to the posts behind it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Provenance {
    /// The incident that the alert or the item is of.
    incident_id: Option<IncidentId>,
    /// The rule that raised the alert.
    rule_id: Option<String>,
    /// The item that raised this revision, or that it tells of.
    item_id: Option<ItemId>,
    /// Its source.
    source: Option<String>,
    /// Where it was said.
    url: Option<String>,
    /// When it was said.
    said_at: Option<Timestamp>,
    /// When we had it.
    ingested_at: Option<Timestamp>,
    /// When the alert was raised.
    raised_at: Option<Timestamp>,
    /// When this person was decided to be told.
    decided_at: Timestamp,
    /// When the message was handed over.
    sent_at: Option<Timestamp>,
}

/// Whether somebody sees whole addresses of a person's: those of the web may have secrets in them.
fn sees_whole_addresses(viewer: &Claims, recipient: UserId) -> bool {
    viewer.sub == recipient || viewer.role >= Role::Admin
}

/// Whether one sees what a person was sent.
pub(super) fn may_see(claims: &Claims, recipient: UserId) -> bool {
    claims.sub == recipient || claims.role >= Role::Analyst
}

/// Deliveries on every channel but the inbox, newest first: one's own, and for analysts everybody's. Of others' addresses of the web only
/// admins see more than the host.
#[utoipa::path(get, path = "/api/notifications/deliveries", tag = "notifications", params(DeliveryParams, PageParams),
    responses((status = 200, body = List<LedgerEntry>), (status = 403, body = Problem)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    params: Params<DeliveryParams>,
    page: Params<PageParams>,
) -> Result<Json<List<LedgerEntry>>, Problem> {
    let (Query(params), Query(page)) = (params?, page?);
    let recipient = match params.recipient {
        None if claims.role < Role::Analyst => Some(claims.sub),
        Some(other) if !may_see(&claims, other) => {
            return Err(Problem::new(StatusCode::FORBIDDEN, "only analysts see what others were sent"));
        }
        recipient => recipient,
    };
    let word = |name: &str, word: &str| Problem::parameter(name, format!("there is no {name} {word:?}"));
    let filter = DeliveryFilter {
        alert: params.alert,
        recipient,
        channel: params
            .channel
            .map(|channel| Channel::parse(&channel).ok_or_else(|| word("channel", &channel)))
            .transpose()?,
        status: params
            .status
            .map(|status| DeliveryStatus::parse(&status).ok_or_else(|| word("status", &status)))
            .transpose()?,
    };
    let found = app.store.list_deliveries(&filter, page.limit()?, page.after()?).await?;
    let List { items, total, next } = found.into();
    Ok(Json(List {
        items: items.into_iter().map(|row| LedgerEntry::of(row, &claims)).collect(),
        total,
        next,
    }))
}

/// One delivery: each try, what its provider told, and where it came from.
#[utoipa::path(get, path = "/api/notifications/deliveries/{id}", tag = "notifications", params(("id" = String, Path)),
    responses((status = 200, body = DeliveryHistory), (status = 404, body = Problem)))]
pub async fn one(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<DeliveryId>, PathRejection>,
) -> Result<Json<DeliveryHistory>, Problem> {
    let Path(id) = path?;
    let found = app.store.delivery(id).await?.filter(|(row, _)| may_see(&claims, row.recipient));
    let (row, notification) = found.ok_or_else(|| Problem::not_found("delivery"))?;
    let revisions = match row.alert() {
        Some(alert) => app.store.alert_revisions(alert).await?,
        None => Vec::new(),
    };
    let alert = revisions.into_iter().find(|alert| alert.revision == row.revision);
    let about = notification.map(|one| one.about).unwrap_or_default();
    let item = match alert.as_ref().and_then(|alert| alert.item_id).or(about.item_id) {
        Some(item) => app.store.item(item).await?,
        None => None,
    };
    let provenance = Provenance {
        incident_id: alert.as_ref().map(|alert| alert.incident_id).or(about.incident_id),
        rule_id: alert.as_ref().map(|alert| alert.rule_id.clone()),
        item_id: item.as_ref().map(|item| item.id),
        source: item.as_ref().map(|item| item.source.clone()),
        url: item.as_ref().and_then(|item| item.url.clone()),
        said_at: item.as_ref().map(|item| item.timestamp),
        ingested_at: item.as_ref().map(|item| item.ingested_at),
        raised_at: alert.as_ref().map(|alert| alert.effective),
        decided_at: row.created_at,
        sent_at: row.sent_at,
    };
    let mut told = app.store.told_of(id).await?;
    if !sees_whole_addresses(&claims, row.recipient) {
        for why in told.iter_mut().filter_map(|one| one.why.as_mut()) {
            *why = words_for_others(why, &row.address);
        }
    }
    Ok(Json(DeliveryHistory { told, provenance, entry: LedgerEntry::of(row, &claims) }))
}

/// Sends one again that had failed, expired or was suppressed. What was corrected or withdrawn since is not: who had it is told of that.
#[utoipa::path(post, path = "/api/notifications/deliveries/{id}/retry", tag = "notifications", params(("id" = String, Path)),
    responses((status = 202), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn retry(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<DeliveryId>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path(id) = path?;
    let (row, _) = app.store.delivery(id).await?.ok_or_else(|| Problem::not_found("delivery"))?;
    let now = app.clock.now();
    let until = now.checked_add(worth(row.priority)).unwrap_or(Timestamp::MAX);
    let mut tx = app.store.begin(Durability::Power).await?;
    if let Some(alert) = row.alert() {
        refuse_superseded(&app, &mut *tx, alert, row.revision).await?;
    }
    if !tx.send_again(id, now, until).await? {
        let detail = format!(
            "it is {}: only what failed, expired or was suppressed is sent again",
            row.status.as_str()
        );
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let detail = json!({ "was": row.status, "reason": row.reason });
    let subject = format!("deliveries/{id}");
    tx.record_audit(&AuditEntry::new(now, claims.actor(), "delivery.retry", subject, detail)).await?;
    tx.commit().await?;
    app.outgoing.wake.notify_one();
    Ok(StatusCode::ACCEPTED)
}

/// Refuses what a newer revision has put right or withdrawn. Nobody raises one before the transaction ends.
async fn refuse_superseded(app: &App, tx: &mut dyn Tx, alert: AlertId, revision: u64) -> Result<(), Problem> {
    let Some(newest) = app.store.alert(alert).await? else { return Ok(()) };
    tx.alert_of(newest.incident_id).await?;
    let revisions = app.store.alert_revisions(alert).await?;
    let Some(by) = revisions.iter().rfind(|one| one.revision > revision && one.is_correction()) else {
        return Ok(());
    };
    let what = if by.kind == "cancel" { "withdrawn" } else { "corrected" };
    let detail = format!(
        "the alert was {what} since (revision {}), so revision {revision} is not sent again; send the delivery of that revision again",
        by.revision
    );
    Err(Problem::new(StatusCode::CONFLICT, detail))
}

/// How the providers do.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Providers {
    /// Each configured provider, in the order in which it is tried; a channel without one goes to the development outbox.
    items: Vec<LineHealth>,
    /// Deliveries that are still to leave.
    open_deliveries: u64,
}

/// How the providers do on this node, and how much waits.
#[utoipa::path(get, path = "/api/notifications/providers", tag = "notifications",
    responses((status = 200, body = Providers)))]
pub async fn providers(State(app): State<Arc<App>>) -> Result<Json<Providers>, Problem> {
    let items = app.outgoing.carriers.health(app.clock.now());
    Ok(Json(Providers { items, open_deliveries: app.store.open_deliveries().await? }))
}

/// Addresses that nothing is sent to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Suppressions {
    /// The newest thousand of them.
    items: Vec<Suppression>,
}

/// Which address.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AddressParams {
    /// `email`, `sms`, `push`, `webhook`.
    channel: String,
    /// The address.
    address: String,
}

/// Addresses that nothing is sent to, newest first: they bounced, are none, or their owner wants nothing. Of those of the web only admins
/// and their owner see more than the host.
#[utoipa::path(get, path = "/api/notifications/suppressions", tag = "notifications",
    responses((status = 200, body = Suppressions)))]
pub async fn suppressions(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
) -> Result<Json<Suppressions>, Problem> {
    let mut items = app.store.suppressions(None, MAX_SUPPRESSIONS).await?;
    if claims.role < Role::Admin {
        let own = app.store.contacts(claims.sub).await?;
        let is_own = |one: &Suppression| own.iter().any(|contact| contact.target.address() == one.address);
        for one in items.iter_mut().filter(|one| !is_own(one)) {
            one.why = words_for_others(&one.why, &one.address);
            one.address = shown_to_others(&one.address);
        }
    }
    Ok(Json(Suppressions { items }))
}

/// Lets messages go to an address again.
#[utoipa::path(delete, path = "/api/notifications/suppressions", tag = "notifications", params(AddressParams),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn unsuppress(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    params: Params<AddressParams>,
) -> Result<StatusCode, Problem> {
    let Query(AddressParams { channel, address }) = params?;
    let channel =
        Channel::parse(&channel).ok_or_else(|| Problem::parameter("channel", "there is no such channel"))?;
    let mut tx = app.store.begin(Durability::Power).await?;
    if !tx.unsuppress(channel, &address).await? {
        return Err(Problem::not_found("suppressed address"));
    }
    let subject = format!("suppressions/{}", channel.as_str());
    let detail = json!({ "address": address });
    let now = app.clock.now();
    tx.record_audit(&AuditEntry::new(now, claims.actor(), "suppression.lift", subject, detail)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
