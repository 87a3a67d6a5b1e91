//! `/api/notifications/devices`: telephones, browsers, apps and programs that a person is reached by.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use crisislens_model::object::Object;
use crisislens_model::{Channel, Contact, ContactId, Target};
use crisislens_notify::targets;
use crisislens_state::Durability;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::auth::Claims;
use crate::http::Problem;
use crate::outgoing;

/// Most devices of a person.
const MOST: usize = 20;
/// Longest label, characters.
const MAX_LABEL: usize = 100;

/// A way to reach oneself.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    /// What one calls it.
    label: String,
    /// Where messages go.
    target: Target,
}

/// A device, and how it does.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Device {
    /// The device.
    #[serde(flatten)]
    contact: Contact,
    /// Nothing goes to it any more, and why; missing where all is well. A program or a browser that was gone gets messages again once it is added anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<String>,
}

/// One's devices.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Devices {
    /// The devices, first first. Secrets of webhooks are not shown again.
    items: Vec<Device>,
    /// How many.
    total: u64,
    /// Always null: all of them fit on a page.
    next: Option<String>,
}

/// By whose name a browser is asked for a subscription (RFC 8292).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PushKey {
    /// The public key, base64url: `applicationServerKey`.
    key: String,
}

/// One's own devices: telephones, browsers, apps and programs that one is reached by.
#[utoipa::path(get, path = "/api/notifications/devices", tag = "notifications",
    responses((status = 200, body = Devices)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
) -> Result<Json<Devices>, Problem> {
    let suppressed = app.store.suppressed_contacts(claims.sub).await?;
    let device = |contact: Contact| {
        let (channel, address) = (contact.target.channel(), contact.target.address());
        let why = suppressed.iter().find(|one| one.channel == channel && one.address == address);
        Device { suppressed: why.map(|one| one.why.clone()), contact: without_secrets(contact) }
    };
    let items: Vec<Device> = app.store.contacts(claims.sub).await?.into_iter().map(device).collect();
    Ok(Json(Devices { total: items.len() as u64, items, next: None }))
}

/// Adds a device, or takes the place of the one that has the same address. To a program or a browser that was gone messages go again.
#[utoipa::path(post, path = "/api/notifications/devices", tag = "notifications", request_body = NewDevice,
    responses((status = 201, body = Contact), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn add(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    body: Result<Json<Object<NewDevice>>, JsonRejection>,
) -> Result<(StatusCode, Json<Contact>), Problem> {
    let Json(Object(NewDevice { label, target })) = body?;
    let length = label.trim().chars().count();
    if length == 0 || length > MAX_LABEL || label.chars().any(char::is_control) {
        return Err(Problem::field("label", format!("has 1 to {MAX_LABEL} characters")));
    }
    let allow_private = app.config.notify.outside.allow_private;
    let public = |url: &str| if allow_private { Ok(()) } else { outgoing::public(url) };
    Problem::of_fields(targets::problems(&target, public, &app.config.notify.sms_prefixes))?;
    let id = Contact::id_at(claims.sub, target.channel(), target.address());
    let mut tx = app.store.begin(Durability::Power).await?;
    // Many at once, on whichever node, are counted one after the other.
    let others = tx.contacts_to_add_to(claims.sub).await?;
    if others.len() >= MOST && others.iter().all(|other| other.id != id) {
        let detail = format!("there are {MOST} devices already; remove one first");
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let contact = Contact { id, user: claims.sub, label, target, created_at: app.clock.now() };
    tx.put_contact(&contact).await?;
    // Of these nothing but their own answers ends an address: complaints, bounces and STOP are of e-mail and telephones.
    if matches!(contact.target.channel(), Channel::Webhook | Channel::Push) {
        tx.unsuppress(contact.target.channel(), contact.target.address()).await?;
    }
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(without_secrets(contact))))
}

/// Removes a device: what waits to go there does not leave any more.
#[utoipa::path(delete, path = "/api/notifications/devices/{id}", tag = "notifications", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn remove(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<ContactId>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path(id) = path?;
    let mut tx = app.store.begin(Durability::Power).await?;
    if !tx.delete_contact(claims.sub, id).await? {
        return Err(Problem::not_found("device"));
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The key that a browser is asked for a subscription with.
#[utoipa::path(get, path = "/api/notifications/push-key", tag = "notifications",
    responses((status = 200, body = PushKey)))]
pub async fn push_key(State(app): State<Arc<App>>) -> Json<PushKey> {
    Json(PushKey { key: app.outgoing.vapid.public().to_owned() })
}

fn without_secrets(mut contact: Contact) -> Contact {
    if let Target::Webhook { secrets, .. } = &mut contact.target {
        for secret in secrets {
            "***".clone_into(secret);
        }
    }
    contact
}
