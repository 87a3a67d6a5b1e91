//! Programs that take Standard Webhooks 1.0: each checks signature and time by a secret of its own, and keeps what it got by its id.

use std::sync::Arc;

use anyhow::anyhow;
use aws_lc_rs::{hmac, rand};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crisislens_notify::protocol::standard_webhooks::{ID, SIGNATURE, TIMESTAMP, verify};
use serde_json::{Value, json};

use crate::named::{Named, created};
use crate::{Entry, Shared, now};

/// The programs' secrets.
pub(crate) type Programs = Named<hmac::Key>;

impl Programs {
    pub(crate) fn open(&self, base_url: &str) -> anyhow::Result<Value> {
        let mut secret = [0; 32];
        rand::fill(&mut secret).map_err(|_| anyhow!("no randomness"))?;
        let id = self.add(hmac::Key::new(hmac::HMAC_SHA256, &secret));
        Ok(json!({
            "url": format!("{base_url}/webhook/{id}"), "secret": format!("whsec_{}", STANDARD.encode(secret)),
        }))
    }
}

pub(crate) async fn new_program(State(shared): State<Arc<Shared>>) -> Response {
    created(shared.webhook.open(&shared.base_url))
}

pub(crate) async fn send(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    shared.faults.serve("webhook", || message(&shared, &id, &headers, &body)).await
}

fn message(shared: &Shared, id: &str, headers: &HeaderMap, body: &[u8]) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let refused = match shared.webhook.find(id) {
        None => Some((StatusCode::GONE, "the program is gone")),
        Some(secret) => {
            let signed = text(TIMESTAMP).parse().ok().map(|stamp: i64| (text(ID), stamp, body));
            let is_ours =
                signed.is_some_and(|signed| verify(&secret, signed, text(SIGNATURE), now().as_second()));
            (!is_ours).then_some((StatusCode::UNAUTHORIZED, "the signature does not hold"))
        }
    };
    shared.journal.note(Entry {
        provider: "webhook",
        at: now(),
        refused: refused.map(|(_, why)| why.to_owned()),
        id: text(ID).to_owned(),
        to: id.to_owned(),
        message: serde_json::from_slice(body).unwrap_or_default(),
    });
    refused.map_or_else(|| StatusCode::NO_CONTENT.into_response(), IntoResponse::into_response)
}
