//! Twilio: messages of the API 2010-04-01, and status callbacks.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crisislens_notify::protocol::segments::segments;
use crisislens_notify::protocol::twilio::{Checker, SIGNATURE};
use crisislens_notify::provider::twilio::MAX_CHARS;
use serde_json::json;
use uuid::Uuid;

use crate::callback::{Callback, Story};
use crate::journal::Word;
use crate::{Entry, Shared, now};

/// Twilio's own test numbers, and what sending to them comes to.
const NUMBERS: [(&str, u32, &str); 4] = [
    ("+15005550001", 21_211, "The 'To' number is not a valid phone number."),
    ("+15005550002", 21_612, "The 'To' phone number is not currently reachable via SMS."),
    ("+15005550004", 21_610, "Attempt to send to unsubscribed recipient"),
    ("+15005550009", 21_614, "'To' number is not a valid mobile number"),
];
/// What is taken and then not delivered, with the code of the callback.
const UNDELIVERED: &str = "+15005550010";
/// What others could tell of a message; its signature has no time.
const FORGERIES: [Word; 2] = [Word::Unsigned, Word::Altered];

pub(crate) async fn send(
    State(shared): State<Arc<Shared>>,
    Path(account): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    shared.faults.serve("twilio", || message(&shared, &account, &headers, &body)).await
}

fn message(shared: &Arc<Shared>, account: &str, headers: &HeaderMap, body: &[u8]) -> Response {
    let settings = &shared.settings;
    let user = STANDARD.encode(format!("{}:{}", settings.twilio_account, settings.twilio_token));
    if account != settings.twilio_account
        || headers.get(header::AUTHORIZATION).is_none_or(|value| *value != format!("Basic {user}"))
    {
        return problem(StatusCode::UNAUTHORIZED, 20_003, "Authenticate");
    }
    let form = form(body);
    let field = |name: &str| form.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str());
    let (to, text) = (field("To").unwrap_or_default(), field("Body").unwrap_or_default());
    let from = field("From").or(field("MessagingServiceSid")).unwrap_or_default();
    let sid = format!("SM{}", Uuid::new_v4().simple());
    let refused = check(to, from, text, field("StatusCallback"), field("ValidityPeriod"));
    let count = segments(text).count;
    shared.journal.note(Entry {
        provider: "twilio",
        at: now(),
        refused: refused.map(|(_, message)| message.to_owned()),
        id: sid.clone(),
        to: to.to_owned(),
        message: json!({
            "from": from, "body": text, "segments": count, "status_callback": field("StatusCallback"),
        }),
    });
    if let Some((code, message)) = refused {
        return problem(StatusCode::BAD_REQUEST, code, message);
    }
    if let Some(url) = field("StatusCallback") {
        tell(shared, url, &sid, to, from);
    }
    let created = json!({
        "sid": sid, "account_sid": account, "to": to, "from": from, "body": text, "status": "queued",
        "num_segments": count.to_string(), "error_code": null, "error_message": null, "price": null,
        "direction": "outbound-api", "api_version": "2010-04-01",
        "uri": format!("/2010-04-01/Accounts/{account}/Messages/{sid}.json"),
    });
    (StatusCode::CREATED, axum::Json(created)).into_response()
}

/// The first thing that Twilio would refuse: its code and words.
fn check(
    to: &str,
    from: &str,
    text: &str,
    callback: Option<&str>,
    validity: Option<&str>,
) -> Option<(u32, &'static str)> {
    let is_number = |text: &str| {
        text.strip_prefix('+').is_some_and(|digits| {
            (7..=15).contains(&digits.len())
                && digits.bytes().all(|byte| byte.is_ascii_digit())
                && !digits.starts_with('0')
        })
    };
    if !is_number(to) {
        return Some((21_211, "The 'To' number is not a valid phone number."));
    }
    if let Some((_, code, message)) = NUMBERS.iter().find(|(number, ..)| *number == to) {
        return Some((*code, message));
    }
    if !is_number(from) && !from.starts_with("MG") {
        return Some((21_606, "The 'From' number is not a valid, message-capable Twilio phone number"));
    }
    if text.is_empty() {
        return Some((21_602, "Message body is required."));
    }
    if text.chars().count() > MAX_CHARS {
        return Some((21_617, "The concatenated message body exceeds the 1600 character limit."));
    }
    if validity
        .is_some_and(|text| text.parse::<u32>().map_or(true, |seconds| !(1..=36_000).contains(&seconds)))
    {
        return Some((21_635, "ValidityPeriod is out of range"));
    }
    let host = |url: &str| {
        url.split_once("://").map(|(_, rest)| rest.split(['/', ':']).next().unwrap_or_default().to_owned())
    };
    if callback.is_some_and(|url| host(url).is_none_or(|host| host.is_empty() || host.contains('_'))) {
        return Some((21_609, "The 'StatusCallback' URL is not a valid URL"));
    }
    None
}

fn problem(status: StatusCode, code: u32, message: &str) -> Response {
    let body = json!({
        "code": code, "message": message, "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
        "status": status.as_u16(),
    });
    (status, axum::Json(body)).into_response()
}

/// sent, and delivered or not.
fn tell(shared: &Arc<Shared>, url: &str, sid: &str, to: &str, from: &str) {
    let plan = shared.faults.callbacks();
    let last = if to == UNDELIVERED { "undelivered" } else { "delivered" };
    let (url, sid, to, from) = (url.to_owned(), sid.to_owned(), to.to_owned(), from.to_owned());
    let (account, checker) =
        (shared.settings.twilio_account.clone(), Checker::new(&shared.settings.twilio_token));
    let (message, recipient) = (sid.clone(), to.clone());
    let make = move |which: usize, word: Word| {
        let status = match which {
            _ if word.is_forged() => "undelivered",
            0 => "sent",
            _ => last,
        };
        let mut form: Vec<(String, String)> = [
            ("MessageSid", &*sid),
            ("SmsSid", &*sid),
            ("MessageStatus", status),
            ("SmsStatus", status),
            ("To", &*to),
            ("From", &*from),
            ("AccountSid", &*account),
            ("ApiVersion", "2010-04-01"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        if status == "undelivered" {
            form.push(("ErrorCode".to_owned(), "30005".to_owned()));
        }
        let signature = checker.sign(&url, if word == Word::Altered { &[] } else { &form });
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
        let mut headers = vec![
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("i-twilio-idempotency-token", Uuid::new_v4().to_string()),
        ];
        headers.extend((word != Word::Unsigned).then_some((SIGNATURE, signature)));
        Callback { url: url.clone(), headers, body: body.into_bytes(), event: status }
    };
    let story = Story { provider: "twilio", message, to: recipient, steps: 2, forgeries: &FORGERIES, make };
    shared.callbacks.tell(story, &plan);
}

/// The pairs of a form.
pub(crate) fn form(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}
