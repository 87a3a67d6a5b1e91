//! SendGrid: Mail Send v3, and its event webhook.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::anyhow;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use crisislens_notify::protocol::sendgrid::{SIGNATURE, TIMESTAMP, TOLERANCE_S};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::callback::{Callback, Story};
use crate::journal::Word;
use crate::{Entry, Shared, now};

const MAX_BYTES: usize = 30_000_000;
const MAX_RECIPIENTS: usize = 1_000;
const MAX_CUSTOM_ARGS: usize = 10_000;
/// What others could tell of a mail.
const FORGERIES: [Word; 3] = [Word::Unsigned, Word::Altered, Word::Old];
/// So old is what they have of long ago: it is no longer on its way.
const OLD_S: i64 = TOLERANCE_S + 60;

/// The key that signs events.
pub(crate) struct Keys {
    pair: EcdsaKeyPair,
    sent: AtomicU32,
}

impl Keys {
    pub(crate) fn generate() -> anyhow::Result<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_| anyhow!("no key"))?;
        Ok(Self { pair, sent: AtomicU32::new(0) })
    }

    /// As SendGrid shows it in its settings.
    pub(crate) fn public(&self) -> String {
        let der = AsDer::<PublicKeyX509Der<'_>>::as_der(self.pair.public_key());
        der.map(|der| STANDARD.encode(der.as_ref())).unwrap_or_default()
    }

    fn sign(&self, timestamp: &str, body: &[u8]) -> String {
        let signed = [timestamp.as_bytes(), body].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed);
        signature.map(|signature| STANDARD.encode(signature)).unwrap_or_default()
    }
}

pub(crate) async fn send(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    shared.faults.serve("sendgrid", || mail(&shared, &headers, &body)).await
}

fn mail(shared: &Arc<Shared>, headers: &HeaderMap, body: &Bytes) -> Response {
    let wanted = format!("Bearer {}", shared.settings.sendgrid_key);
    if headers.get(header::AUTHORIZATION).is_none_or(|value| *value != wanted) {
        return problem(
            StatusCode::UNAUTHORIZED,
            None,
            "The provided authorization grant is invalid, expired, or revoked",
        );
    }
    if body.len() >= MAX_BYTES {
        return problem(StatusCode::PAYLOAD_TOO_LARGE, None, "Content exceeds maximum size");
    }
    let Ok(mail) = serde_json::from_slice::<Value>(body) else {
        return problem(StatusCode::BAD_REQUEST, None, "Bad Request");
    };
    let id = URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes());
    let to = mail["personalizations"][0]["to"][0]["email"].as_str().unwrap_or_default().to_owned();
    let refused = check(&mail);
    shared.journal.note(Entry {
        provider: "sendgrid",
        at: now(),
        refused: refused.map(|(_, message)| message.to_owned()),
        id: id.clone(),
        to: to.clone(),
        message: mail.clone(),
    });
    if let Some((field, message)) = refused {
        return problem(StatusCode::BAD_REQUEST, Some(field), message);
    }
    if mail["mail_settings"]["sandbox_mode"]["enable"] == true {
        return StatusCode::OK.into_response();
    }
    tell(shared, &id, &to, &mail["personalizations"][0]["custom_args"]);
    (StatusCode::ACCEPTED, [("x-message-id", id)]).into_response()
}

/// The first thing that the API would refuse: which field, and its words.
fn check(mail: &Value) -> Option<(&'static str, &'static str)> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let people = list(&mail["personalizations"]);
    if people.is_empty() || people.len() > MAX_RECIPIENTS {
        return Some((
            "personalizations",
            "The personalizations field is required and must have at least one personalization.",
        ));
    }
    for person in &people {
        let to = list(&person["to"]);
        if to.is_empty() {
            return Some((
                "personalizations.0.to",
                "The to array is required for all personalization objects",
            ));
        }
        if to.iter().any(|to| !is_address(to["email"].as_str().unwrap_or_default())) {
            return Some(("personalizations.0.to.0.email", "Does not contain a valid address."));
        }
        if person["custom_args"].to_string().len() > MAX_CUSTOM_ARGS {
            return Some(("personalizations.0.custom_args", "Custom arguments exceed the maximum size"));
        }
    }
    let from = &mail["from"];
    if !is_address(from["email"].as_str().unwrap_or_default()) {
        return Some(("from.email", "Does not contain a valid address."));
    }
    if from["name"].as_str().is_some_and(|name| name.contains([';', ','])) {
        return Some(("from.name", "The name must not contain a semicolon or a comma."));
    }
    if mail["subject"].as_str().is_none_or(|subject| subject.is_empty() || subject.contains(['\r', '\n'])) {
        return Some(("subject", "The subject is required."));
    }
    let content = list(&mail["content"]);
    let kinds: Vec<&str> = content.iter().filter_map(|part| part["type"].as_str()).collect();
    if content.is_empty() || content.iter().any(|part| part["value"].as_str().is_none_or(str::is_empty)) {
        return Some((
            "content.0.value",
            "The content value must be a string at least one character in length.",
        ));
    }
    if kinds.iter().position(|kind| *kind == "text/plain").is_some_and(|place| place > 0) {
        return Some(("content", "If present, text/plain must be first."));
    }
    if list(&mail["categories"]).len() > 10 {
        return Some(("categories", "There is a limit of 10 categories."));
    }
    None
}

fn is_address(text: &str) -> bool {
    let parts = text.split_once('@').filter(|(local, host)| !local.is_empty() && host.contains('.'));
    parts.is_some() && text.is_ascii() && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn problem(status: StatusCode, field: Option<&str>, message: &str) -> Response {
    let body = json!({ "errors": [{ "message": message, "field": field, "help": null }] });
    (status, axum::Json(body)).into_response()
}

/// Why it drops messages, by what an address has behind `dropped`.
const DROPS: [(&str, &str); 6] = [
    ("-unsubscribed", "Unsubscribed Address"),
    ("-spam-report", "Spam Reporting Address"),
    ("-invalid", "Invalid"),
    ("-quota", "Recipient List over Package Quota"),
    ("-spam-content", "Spam Content (if Spam Checker app is enabled)"),
    ("-header", "Invalid SMTPAPI header"),
];

fn drop_reason(to: &str) -> &'static str {
    let kind = to.strip_prefix("dropped").unwrap_or_default();
    DROPS.iter().find(|(name, _)| kind.starts_with(name)).map_or("Bounced Address", |(_, reason)| reason)
}

/// processed, delivered, and for some a bounce after that; addresses that begin with `bounce` or `dropped` get what they say.
fn tell(shared: &Arc<Shared>, id: &str, to: &str, arguments: &Value) {
    let Some(url) = shared.settings.sendgrid_webhook.clone() else { return };
    let plan = shared.faults.callbacks();
    let number = shared.sendgrid.sent.fetch_add(1, Ordering::Relaxed) + 1;
    let is_late = plan.late_bounce_every > 0 && number.is_multiple_of(plan.late_bounce_every);
    let kinds: Vec<&'static str> = match to {
        to if to.starts_with("bounce") => vec!["processed", "bounce"],
        to if to.starts_with("dropped") => vec!["dropped"],
        _ if is_late => vec!["processed", "delivered", "bounce"],
        _ => vec!["processed", "delivered"],
    };
    let steps = kinds.len();
    let (message, recipient) = (id.to_owned(), to.to_owned());
    let (id, to, arguments, keys) = (id.to_owned(), to.to_owned(), arguments.clone(), Arc::clone(shared));
    let make = move |which: usize, word: Word| {
        let kind = if word.is_forged() { "bounce" } else { kinds.get(which).copied().unwrap_or_default() };
        let now = now().as_second() - if word == Word::Old { OLD_S } else { 0 };
        let mut event = json!({
            "email": to, "event": kind, "timestamp": now, "sg_event_id": URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes()),
            "sg_message_id": format!("{id}.filter0001.16648.5515E0B88.0"), "smtp-id": format!("<{id}@ismtpd>"),
        });
        if kind == "bounce" {
            event["type"] = json!("bounce");
            event["status"] = json!("5.1.1");
            event["reason"] = json!("550 5.1.1 The email account that you tried to reach does not exist");
        } else if kind == "dropped" {
            event["reason"] = json!(drop_reason(&to));
        }
        if let (Some(event), Some(arguments)) = (event.as_object_mut(), arguments.as_object()) {
            event.extend(arguments.clone());
        }
        let body = format!("{}\r\n", json!([event])).into_bytes();
        let stamp = now.to_string();
        let signature = keys.sendgrid.sign(&stamp, if word == Word::Altered { b"[]\r\n" } else { &body });
        let mut headers = vec![("content-type", "application/json".to_owned())];
        if word != Word::Unsigned {
            headers.extend([(SIGNATURE, signature), (TIMESTAMP, stamp)]);
        }
        Callback { url: url.clone(), headers, body, event: kind }
    };
    let story = Story { provider: "sendgrid", message, to: recipient, steps, forgeries: &FORGERIES, make };
    shared.callbacks.tell(story, &plan);
}
