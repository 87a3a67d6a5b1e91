//! Firebase Cloud Messaging, HTTP v1, and the endpoint of its access tokens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::anyhow;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::twilio::form;
use crate::{Entry, Shared, now};

const PROJECT: &str = "crisislens-fake";
const EMAIL: &str = "desk@crisislens-fake.iam.gserviceaccount.com";
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
const TOKEN_S: i64 = 3_599;
const MAX_BYTES: usize = 4_096;
const MAX_TTL_S: u64 = 2_419_200;

/// A service account, and the access tokens that were given for it.
pub(crate) struct Account {
    pair: RsaKeyPair,
    pem: String,
    token_uri: String,
    given: Mutex<HashMap<String, i64>>,
}

impl Account {
    pub(crate) fn generate(base_url: &str) -> anyhow::Result<Self> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| anyhow!("no RSA key"))?;
        let der =
            AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| anyhow!("the RSA key cannot be written"))?;
        let base64 = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> =
            base64.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
        Ok(Self { pair, pem, token_uri: format!("{base_url}/oauth/token"), given: Mutex::default() })
    }

    pub(crate) fn json(&self) -> String {
        json!({
            "type": "service_account", "project_id": PROJECT, "client_email": EMAIL, "private_key": self.pem,
            "token_uri": self.token_uri,
        })
        .to_string()
    }

    fn is_given(&self, token: &str, now: i64) -> bool {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.get(token).is_some_and(|ends| *ends > now)
    }

    /// Checks an assertion (RFC 7523); else what is wrong with it.
    fn check(&self, assertion: &str, now: i64) -> Result<(), &'static str> {
        let (signed, signature) = assertion.rsplit_once('.').ok_or("Invalid JWT")?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "Invalid JWT Signature.")?;
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.pair.public_key().as_ref());
        public.verify(signed.as_bytes(), &signature).map_err(|_| "Invalid JWT Signature.")?;
        let claims = signed.split_once('.').and_then(|(_, claims)| URL_SAFE_NO_PAD.decode(claims).ok());
        let claims: Value =
            serde_json::from_slice(&claims.ok_or("Invalid JWT")?).map_err(|_| "Invalid JWT")?;
        let number = |name: &str| claims[name].as_i64().unwrap_or_default();
        if claims["iss"] != EMAIL || claims["aud"] != self.token_uri {
            return Err("Invalid issuer or audience");
        }
        if claims["scope"] != SCOPE {
            return Err("Invalid OAuth scope");
        }
        let is_timely = (number("iat") - now).abs() <= 300
            && number("exp") > now
            && number("exp") - number("iat") <= 3_600;
        if is_timely {
            Ok(())
        } else {
            Err("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.")
        }
    }
}

pub(crate) async fn service_account(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], shared.fcm.json())
}

pub(crate) async fn token(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    shared.faults.serve("oauth", || grant(&shared.fcm, &body)).await
}

fn grant(account: &Account, body: &[u8]) -> Response {
    let form = form(body);
    let field = |name: &str| form.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str());
    let now = now().as_second();
    if field("grant_type") != Some("urn:ietf:params:oauth:grant-type:jwt-bearer") {
        return refused("unsupported_grant_type", "Invalid grant_type");
    }
    if let Err(why) = account.check(field("assertion").unwrap_or_default(), now) {
        return refused("invalid_grant", why);
    }
    let token = format!("ya29.{}", Uuid::new_v4().simple());
    let mut given = account.given.lock().unwrap_or_else(PoisonError::into_inner);
    given.retain(|_, ends| *ends > now);
    given.insert(token.clone(), now + TOKEN_S);
    axum::Json(json!({ "access_token": token, "expires_in": TOKEN_S, "token_type": "Bearer" }))
        .into_response()
}

fn refused(error: &str, description: &str) -> Response {
    let body = json!({ "error": error, "error_description": description });
    (StatusCode::BAD_REQUEST, axum::Json(body)).into_response()
}

pub(crate) async fn send(
    State(shared): State<Arc<Shared>>,
    Path((project, call)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    shared.faults.serve("fcm", || message(&shared, &project, &call, &headers, &body)).await
}

fn message(shared: &Shared, project: &str, call: &str, headers: &HeaderMap, body: &[u8]) -> Response {
    if call != "messages:send" || project != PROJECT {
        return problem(StatusCode::NOT_FOUND, "NOT_FOUND", None, "Requested entity was not found.", None);
    }
    let token =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if token.is_none_or(|token| !shared.fcm.is_given(token, now().as_second())) {
        let why = "Request had invalid authentication credentials.";
        return problem(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", None, why, None);
    }
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = &request["message"];
    let targets = ["token", "fid", "topic", "condition"];
    let target = targets.iter().find_map(|name| message[*name].as_str());
    let refused = check(message, body.len());
    let id = format!("projects/{PROJECT}/messages/{}", Uuid::new_v4().simple());
    shared.journal.note(Entry {
        provider: "fcm",
        at: now(),
        refused: refused.as_ref().map(|(_, _, _, why, _)| (*why).to_owned()),
        id: id.clone(),
        to: target.unwrap_or_default().to_owned(),
        message: message.clone(),
    });
    match refused {
        Some((status, word, code, why, field)) => problem(status, word, Some(code), why, field),
        None => axum::Json(json!({ "name": id })).into_response(),
    }
}

type Refusal = (StatusCode, &'static str, &'static str, &'static str, Option<&'static str>);

/// The first thing that FCM would refuse. Targets that begin with `gone` or `other` are no more, or another sender's.
fn check(message: &Value, bytes: usize) -> Option<Refusal> {
    let invalid =
        |why, field| Some((StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", "INVALID_ARGUMENT", why, field));
    let targets: Vec<&str> = ["token", "fid", "topic", "condition"]
        .into_iter()
        .filter(|name| message[*name].is_string())
        .collect();
    let [target] = targets.as_slice() else {
        return invalid("Exactly one of token, fid, topic or condition is required", Some("message"));
    };
    let to = message[*target].as_str().unwrap_or_default();
    if to.is_empty() {
        return invalid(
            "The registration token is not a valid FCM registration token",
            Some("message.token"),
        );
    }
    if to.starts_with("gone") {
        return Some((
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "UNREGISTERED",
            "Requested entity was not found.",
            None,
        ));
    }
    if to.starts_with("other") {
        return Some((
            StatusCode::FORBIDDEN,
            "PERMISSION_DENIED",
            "SENDER_ID_MISMATCH",
            "SenderId mismatch",
            None,
        ));
    }
    if bytes > MAX_BYTES {
        return invalid("Message is too big", None);
    }
    let is_reserved = |name: &str| name == "from" || name == "gcm" || name.starts_with("google.");
    for (name, value) in message["data"].as_object().into_iter().flatten() {
        if is_reserved(name) || !value.is_string() {
            return invalid("Invalid data payload key or value", Some("message.data"));
        }
    }
    let ttl = message["android"]["ttl"].as_str();
    if ttl.is_some_and(|ttl| {
        ttl.strip_suffix('s').and_then(|ttl| ttl.parse::<u64>().ok()).is_none_or(|ttl| ttl > MAX_TTL_S)
    }) {
        return invalid("Invalid value at 'message.android.ttl'", Some("message.android.ttl"));
    }
    None
}

fn problem(status: StatusCode, word: &str, code: Option<&str>, why: &str, field: Option<&str>) -> Response {
    let mut details = Vec::new();
    details.extend(code.map(
        |code| json!({ "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code }),
    ));
    details.extend(field.map(|field| {
        json!({ "@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{ "field": field, "description": why }] })
    }));
    let body =
        json!({ "error": { "code": status.as_u16(), "message": why, "status": word, "details": details } });
    (status, axum::Json(body)).into_response()
}
