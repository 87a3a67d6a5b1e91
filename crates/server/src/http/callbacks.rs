//! `/api/callbacks/sendgrid` and `/api/callbacks/twilio`: providers tell what became of messages. What is not signed by them is refused;
//! what comes twice, late or out of order changes nothing.

pub mod inbound;

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use crisislens_model::{Channel, DeliveryId};
use crisislens_notify::protocol::{sendgrid, twilio};
use crisislens_notify::receipts::{self, Receipt};
use crisislens_state::Durability;
use crisislens_state::ledger::{MAX_ADDRESS, MAX_NAME, ProviderEvent, Suppression};

use super::Problem;
use crate::app::App;

/// Where SendGrid tells what became of messages.
pub const SENDGRID: &str = "/api/callbacks/sendgrid";

/// What SendGrid tells of mails: an array of events, signed (ECDSA).
#[utoipa::path(post, path = "/api/callbacks/sendgrid", tag = "callbacks", request_body = String,
    responses((status = 204), (status = 400, body = Problem), (status = 403, description = "it is not signed by SendGrid, or no key is set", body = Problem)))]
pub async fn of_sendgrid(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let checker = app
        .outgoing
        .sendgrid
        .as_ref()
        .ok_or_else(|| refused("set notify.sendgrid.webhook_key to take what SendGrid tells"))?;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let now = app.clock.now().as_second();
    if !checker.is_theirs(header(sendgrid::TIMESTAMP), &body, header(sendgrid::SIGNATURE), now) {
        return Err(refused("it is not signed by SendGrid, or too long ago"));
    }
    let receipts = receipts::of_sendgrid(&body)
        .map_err(|error| Problem::bad_request(format!("not an array of events: {error}")))?;
    take(&app, "sendgrid", Channel::Email, receipts).await
}

/// What Twilio tells of short messages: a form, signed (HMAC) for the public address of this installation.
#[utoipa::path(post, path = "/api/callbacks/twilio", tag = "callbacks", request_body = String,
    responses((status = 204), (status = 400, body = Problem), (status = 403, description = "it is not signed by Twilio, or Twilio is not set up", body = Problem)))]
pub async fn of_twilio(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let form = signed_form(&app, &uri, &headers, &body)?;
    let mut receipt = receipts::of_twilio(&form)
        .ok_or_else(|| Problem::bad_request("MessageSid or MessageStatus is missing"))?;
    let query = uri.query().unwrap_or_default();
    receipt.delivery = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "delivery")
        .map(|(_, value)| value.into_owned());
    take(&app, "twilio", Channel::Sms, vec![receipt]).await
}

/// A form that Twilio has signed.
fn signed_form(
    app: &App,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Vec<(String, String)>, Problem> {
    let checker = app
        .outgoing
        .twilio
        .as_ref()
        .ok_or_else(|| refused("set notify.twilio.token to take what Twilio tells"))?;
    // As it was told to Twilio, not as a proxy has made it.
    let base = app.config.notify.public_url.trim_end_matches('/');
    let url = format!("{base}{}", uri.path_and_query().map_or(uri.path(), |whole| whole.as_str()));
    let form: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
    let signature = headers.get(twilio::SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !checker.is_theirs(&url, &form, signature) {
        return Err(refused("it is not signed by Twilio for this address"));
    }
    Ok(form)
}

fn refused(why: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, why)
}

async fn take(
    app: &App,
    provider: &str,
    channel: Channel,
    receipts: Vec<Receipt>,
) -> Result<StatusCode, Problem> {
    let now = app.clock.now();
    let mut ends: HashMap<String, Suppression> = HashMap::new();
    for receipt in receipts.iter().filter(|receipt| receipt.ends_address) {
        if let Some(address) = receipt.to.as_ref().filter(|address| address.len() <= MAX_ADDRESS) {
            let words = receipt.why.as_deref().unwrap_or_default();
            let why = format!("{provider}: {} {words}", receipt.event).trim_end().to_owned();
            let suppression = Suppression { channel, address: address.clone(), why, at: now };
            ends.insert(receipt.key.clone(), suppression);
        }
    }
    let mut tx = app.store.begin(Durability::Power).await?;
    let events: Vec<ProviderEvent> = receipts
        .into_iter()
        .map(|receipt| ProviderEvent {
            key: receipt.key,
            delivery: receipt.delivery.and_then(|id| id.parse().ok()).map(DeliveryId),
            message: receipt.message.filter(|name| name.len() <= MAX_NAME),
            event: receipt.event,
            status: receipt.status,
            why: receipt.why,
            at: receipt.at.unwrap_or(now),
        })
        .collect();
    let told = events.len() as u64;
    let new = tx.take_events(provider, &events).await?;
    // What comes again ends nothing that an admin has let go on meanwhile.
    for suppression in new.iter().filter_map(|key| ends.get(key)) {
        tx.suppress(suppression).await?;
    }
    let new = new.len() as u64;
    tx.commit().await?;
    let provider = provider.to_owned();
    metrics::counter!("crisislens_notify_provider_events_total", "provider" => provider.clone(), "new" => "true").increment(new);
    metrics::counter!("crisislens_notify_provider_events_total", "provider" => provider, "new" => "false")
        .increment(told - new);
    Ok(StatusCode::NO_CONTENT)
}
