//! A Web Push service (RFC 8030) and the browsers behind it, whose keys it keeps, so that messages can be read in the journal.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::anyhow;
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::rand;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crisislens_notify::protocol::web_push::decrypt;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::named::{Named, created};
use crate::{Entry, Shared, now};

const MAX_BYTES: usize = 4_096;
const MAX_TOPIC: usize = 32;
const MAX_TOKEN_S: i64 = 24 * 3600;

/// Browsers by the name in their endpoints.
pub(crate) type Browsers = Named<Arc<Browser>>;

pub(crate) struct Browser {
    private: PrivateKey,
    auth: [u8; 16],
    /// Whose key the first message was signed with; others are refused from then on.
    sender: Mutex<Option<String>>,
}

impl Browsers {
    pub(crate) fn subscribe(&self, base_url: &str) -> anyhow::Result<Value> {
        let private = PrivateKey::generate(&ECDH_P256).map_err(|_| anyhow!("no key"))?;
        let mut auth = [0; 16];
        rand::fill(&mut auth).map_err(|_| anyhow!("no randomness"))?;
        let public = private.compute_public_key().map_err(|_| anyhow!("no key"))?;
        let id = self.add(Arc::new(Browser { private, auth, sender: Mutex::default() }));
        Ok(json!({
            "endpoint": format!("{base_url}/push/{id}"),
            "keys": { "p256dh": URL_SAFE_NO_PAD.encode(public.as_ref()), "auth": URL_SAFE_NO_PAD.encode(auth) },
        }))
    }
}

pub(crate) async fn new_subscription(State(shared): State<Arc<Shared>>) -> Response {
    created(shared.push.subscribe(&shared.base_url))
}

pub(crate) async fn send(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    shared.faults.serve("push", || message(&shared, &id, &headers, &body)).await
}

fn message(shared: &Shared, id: &str, headers: &HeaderMap, body: &[u8]) -> Response {
    let text =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let name = Uuid::new_v4().simple().to_string();
    let (read, refused) = match shared.push.find(id) {
        None => (None, Some((StatusCode::GONE, "the subscription is gone"))),
        Some(browser) => match check(&browser, &shared.base_url, &text, body) {
            Ok(read) => (Some(read), None),
            Err(refusal) => (None, Some(refusal)),
        },
    };
    shared.journal.note(Entry {
        provider: "push",
        at: now(),
        refused: refused.map(|(_, why)| why.to_owned()),
        id: name.clone(),
        to: id.to_owned(),
        message: json!({
            "text": read.map(|read| String::from_utf8_lossy(&read).into_owned()),
            "ttl": text("ttl"), "urgency": text("urgency"), "topic": text("topic"),
        }),
    });
    match refused {
        Some((status, why)) => (status, why).into_response(),
        None => {
            let location = [(header::LOCATION, format!("{}/push/messages/{name}", shared.base_url))];
            (StatusCode::CREATED, location).into_response()
        }
    }
}

/// What the browser reads; else what the service would refuse.
fn check(
    browser: &Browser,
    origin: &str,
    text: &impl Fn(&str) -> String,
    body: &[u8],
) -> Result<Vec<u8>, (StatusCode, &'static str)> {
    let bad = |why| Err((StatusCode::BAD_REQUEST, why));
    if text("ttl").parse::<u64>().is_err() {
        return bad("a TTL is required");
    }
    if !["", "very-low", "low", "normal", "high"].contains(&&*text("urgency")) {
        return bad("unknown urgency");
    }
    let topic = text("topic");
    if topic.len() > MAX_TOPIC || topic.contains(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
    {
        return bad("a topic has at most 32 characters of base64url");
    }
    if text("content-encoding") != "aes128gcm" {
        return bad("only aes128gcm is taken");
    }
    if body.len() > MAX_BYTES {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, "at most 4096 bytes"));
    }
    let key = authorised(&text("authorization"), origin)?;
    let mut sender = browser.sender.lock().unwrap_or_else(PoisonError::into_inner);
    if *sender.get_or_insert_with(|| key.clone()) != key {
        return Err((StatusCode::FORBIDDEN, "signed by another key"));
    }
    decrypt(&browser.private, &browser.auth, body)
        .map_err(|_| (StatusCode::BAD_REQUEST, "the browser cannot read it"))
}

/// The key that signed, where the token is right.
fn authorised(header: &str, origin: &str) -> Result<String, (StatusCode, &'static str)> {
    let missing = (StatusCode::UNAUTHORIZED, "VAPID authorization is required");
    let forbidden = |why| (StatusCode::FORBIDDEN, why);
    let parameters = header.strip_prefix("vapid ").ok_or(missing)?;
    let find =
        |name: &str| parameters.split(',').find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='));
    let (token, key) = find("t").zip(find("k")).ok_or(missing)?;
    let (signed, signature) = token.rsplit_once('.').ok_or(forbidden("BadJwtToken"))?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| forbidden("BadJwtToken"));
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, decode(key)?);
    public.verify(signed.as_bytes(), &decode(signature)?).map_err(|_| forbidden("BadJwtToken"))?;
    let claims = signed.split_once('.').map(|(_, claims)| claims).unwrap_or_default();
    let claims: Value = serde_json::from_slice(&decode(claims)?).map_err(|_| forbidden("BadJwtToken"))?;
    let now = now().as_second();
    let ends = claims["exp"].as_i64().unwrap_or_default();
    if claims["aud"] != origin || ends <= now || ends > now + MAX_TOKEN_S {
        return Err(forbidden("the token is for another service, or another time"));
    }
    if claims["sub"]
        .as_str()
        .is_none_or(|subject| !subject.starts_with("mailto:") && !subject.starts_with("https:"))
    {
        return Err(forbidden("BadJwtToken"));
    }
    Ok(key.to_owned())
}
