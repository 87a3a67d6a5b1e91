//! `/api/callbacks/twilio/inbound`: what people answer to short messages. `ACK` says that they see to the alert, `STOP` that they want no
//! more messages, `START` that they do.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Uri, header};
use crisislens_model::{Channel, Contact, Timestamp};
use crisislens_state::escalations::ANSWERED;
use crisislens_state::ledger::{Acknowledgement, MAX_ADDRESS, MAX_NAME, Suppression};
use crisislens_state::{Durability, Tx};

use super::signed_form;
use crate::app::App;
use crate::http::notifications::acknowledge::{NOT_CALLED, escaped};
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
    let message = value("MessageSid").filter(|name| !name.is_empty() && name.len() <= MAX_NAME);
    let message = message.ok_or_else(|| Problem::bad_request("MessageSid is missing"))?;
    let word = value("Body").unwrap_or_default().trim().trim_end_matches(['.', '!']).to_uppercase();
    let is_one_of = |words: &[&str]| words.contains(&word.as_str());
    let now = app.clock.now();
    let mut tx = app.store.begin(Durability::Power).await?;
    // A form that is sent again says nothing new: an old START lifts no newer STOP, an old ACK is to no newer alert.
    if !tx.take_answer("twilio", message, now).await? {
        return Ok(answer(None));
    }
    if is_one_of(&STOP) {
        let why = format!("{ANSWERED}{word}");
        tx.suppress(&Suppression { channel: Channel::Sms, address: from.to_owned(), why, at: now }).await?;
        tx.commit().await?;
        // Twilio itself says that it has stopped.
        return Ok(answer(None));
    }
    if is_one_of(&START) {
        tx.lift_answered(from).await?;
        tx.commit().await?;
        return Ok(answer(None));
    }
    if is_one_of(&SEEN_TO) {
        return see_to(tx, &app, from, now).await;
    }
    tx.commit().await?;
    Ok(answer(Some("Reply ACK to see to the last alert, STOP for no more messages.")))
}

/// Acknowledges the alert that last went to the telephone, for everybody to whom it went there and whose it still is.
async fn see_to(tx: Box<dyn Tx>, app: &App, from: &str, now: Timestamp) -> Result<Answer, Problem> {
    let since = now.checked_sub(ANSWERED_WITHIN).unwrap_or(now);
    let nothing = || answer(Some("No alert went to this number within a day."));
    let Some((alert, people)) = app.store.texted(from, since).await? else {
        tx.commit().await?;
        return Ok(nothing());
    };
    let mut acknowledgements = Vec::new();
    for user in people {
        let id = Contact::id_at(user, Channel::Sms, from);
        if app.store.contacts(user).await?.iter().any(|contact| contact.id == id) {
            let via = "sms".to_owned();
            acknowledgements.push(Acknowledgement { alert, user, via, at: now, expires_at: None });
        }
    }
    if acknowledgements.is_empty() {
        tx.commit().await?;
        return Ok(nothing());
    }
    alert_actions::keep_in(tx, app, &acknowledgements).await?;
    let mut rests = false;
    for one in &acknowledgements {
        rests |= app.store.may_rest(alert, one.user).await?;
    }
    let title = app.store.alert(alert).await?.map(|alert| alert.title).unwrap_or_default();
    let calls = if rests { String::new() } else { format!(".{NOT_CALLED}") };
    Ok(answer(Some(&format!("You see to: {title}{calls}"))))
}

/// TwiML.
fn answer(text: Option<&str>) -> Answer {
    let message = text.map(|text| format!("<Message>{}</Message>", escaped(text))).unwrap_or_default();
    let whole = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{message}</Response>");
    ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], whole)
}
