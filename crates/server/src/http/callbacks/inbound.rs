//! `/api/callbacks/twilio/inbound`: what people answer to short messages. `ACK` says that they see to the alert, `STOP` that they want no
//! more messages, `START` that they do.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Uri, header};
use crisislens_model::{Channel, Contact};
use crisislens_state::Durability;
use crisislens_state::ledger::{Acknowledgement, MAX_ADDRESS, Suppression};

use super::signed_form;
use crate::app::App;
use crate::http::notifications::acknowledge::escaped;
use crate::http::{Problem, alert_actions};

/// An answer is to what was sent within so long.
const ANSWERED_WITHIN: Duration = Duration::from_secs(24 * 3600);
/// Words by which somebody sees to an alert …
const SEEN_TO: [&str; 3] = ["ACK", "OK", "1"];
/// … wants no more messages …
const STOP: [&str; 8] = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE"];
/// … and wants them again.
const START: [&str; 3] = ["START", "YES", "UNSTOP"];

type Answer = ([(HeaderName, &'static str); 1], String);

/// A short message that somebody sent: a form, signed (HMAC) for the public address of this installation.
#[utoipa::path(post, path = "/api/callbacks/twilio/inbound", tag = "callbacks", request_body = String,
    responses((status = 200, content_type = "text/xml", description = "TwiML: what is answered, if anything", body = String), (status = 400, body = Problem),
        (status = 403, description = "it is not signed by Twilio, or Twilio is not set up", body = Problem)))]
pub async fn of_twilio(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Problem> {
    let form = signed_form(&app, &uri, &headers, &body)?;
    let value = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let from = value("From").filter(|from| !from.is_empty() && from.len() <= MAX_ADDRESS);
    let from = from.ok_or_else(|| Problem::bad_request("From is missing"))?;
    let word = value("Body").unwrap_or_default().trim().trim_end_matches(['.', '!']).to_uppercase();
    let is_one_of = |words: &[&str]| words.contains(&word.as_str());
    if is_one_of(&STOP) {
        stop(&app, from, &word).await?;
        // Twilio itself says that it has stopped.
        return Ok(answer(None));
    }
    if is_one_of(&START) {
        let mut tx = app.store.begin(Durability::Power).await?;
        tx.unsuppress(Channel::Sms, from).await?;
        tx.commit().await?;
        return Ok(answer(None));
    }
    if is_one_of(&SEEN_TO) {
        return see_to(&app, from).await;
    }
    Ok(answer(Some("Reply ACK to see to the last alert, STOP for no more messages.")))
}

async fn stop(app: &App, from: &str, word: &str) -> Result<(), Problem> {
    let suppression = Suppression {
        channel: Channel::Sms,
        address: from.to_owned(),
        why: format!("its owner answered {word}"),
        at: app.clock.now(),
    };
    let mut tx = app.store.begin(Durability::Power).await?;
    tx.suppress(&suppression).await?;
    tx.commit().await?;
    Ok(())
}

/// Acknowledges the newest alert that went to the telephone, for everybody to whom it went there and whose it still is.
async fn see_to(app: &App, from: &str) -> Result<Answer, Problem> {
    let now = app.clock.now();
    let since = now.checked_sub(ANSWERED_WITHIN).unwrap_or(now);
    let nothing = || answer(Some("No alert went to this number within a day."));
    let Some((alert, people)) = app.store.texted(from, since).await? else { return Ok(nothing()) };
    let mut acknowledgements = Vec::new();
    for user in people {
        let id = Contact::id_at(user, Channel::Sms, from);
        if app.store.contacts(user).await?.iter().any(|contact| contact.id == id) {
            let via = "sms".to_owned();
            acknowledgements.push(Acknowledgement { alert, user, via, at: now, expires_at: None });
        }
    }
    if acknowledgements.is_empty() {
        return Ok(nothing());
    }
    alert_actions::keep(app, &acknowledgements).await?;
    let title = app.store.alert(alert).await?.map(|alert| alert.title).unwrap_or_default();
    Ok(answer(Some(&format!("You see to: {title}"))))
}

/// TwiML.
fn answer(text: Option<&str>) -> Answer {
    let message = text.map(|text| format!("<Message>{}</Message>", escaped(text))).unwrap_or_default();
    let whole = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{message}</Response>");
    ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], whole)
}
