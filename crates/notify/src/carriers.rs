//! The providers there are, each as a [`Provider`]: what it is asked and what its answers mean is in [`crate::provider`].

mod fcm;
mod smtp;

use std::sync::Arc;

use async_trait::async_trait;
use crisislens_model::{Target, Timestamp};
use reqwest::Url;

pub use fcm::FcmCarrier;
pub use smtp::{SmtpCarrier, SmtpSettings};

use crate::carrier::{Content, Parcel, Provider};
use crate::contents::push_payload;
use crate::protocol::standard_webhooks::Secret;
use crate::protocol::vapid::Vapid;
use crate::protocol::web_push::Keys;
use crate::provider::client::Client;
use crate::provider::sendgrid::{Mail, SendGrid};
use crate::provider::twilio::Twilio;
use crate::provider::web_push::Subscription;
use crate::provider::{Outcome, web_push, webhook};

/// A message of another channel was handed over: a mistake of ours.
fn not_mine() -> Outcome {
    Outcome::GiveUp { why: "this provider does not carry messages of the kind".to_owned() }
}

/// The host of an address that a person gave, with its port.
fn host(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default().unwrap_or_default()))
}

/// E-mail by SendGrid.
pub struct SendGridCarrier {
    /// Where it is.
    pub sendgrid: SendGrid,
    /// How it is reached.
    pub client: Client,
}

#[async_trait]
impl Provider for SendGridCarrier {
    fn name(&self) -> &'static str {
        "sendgrid"
    }

    fn replaces(&self) -> bool {
        false
    }

    async fn send(&self, parcel: &Parcel, now: Timestamp) -> Outcome {
        let Content::Mail { subject, text, html, unsubscribe } = &parcel.content else { return not_mine() };
        let request = self.sendgrid.request(&Mail {
            delivery_id: &parcel.delivery.to_string(),
            to: &parcel.address,
            subject,
            text,
            html: Some(html),
            unsubscribe: unsubscribe.as_deref(),
            category: parcel.category,
        });
        match self.client.post(request).await {
            Ok(answer) => self.sendgrid.outcome(&answer, now),
            Err(failure) => failure.into(),
        }
    }
}

/// Short messages by Twilio.
pub struct TwilioCarrier {
    /// Where it is.
    pub twilio: Twilio,
    /// How it is reached.
    pub client: Client,
}

#[async_trait]
impl Provider for TwilioCarrier {
    fn name(&self) -> &'static str {
        "twilio"
    }

    fn replaces(&self) -> bool {
        false
    }

    async fn send(&self, parcel: &Parcel, now: Timestamp) -> Outcome {
        let Content::Short { text } = &parcel.content else { return not_mine() };
        let delivery = parcel.delivery.to_string();
        let request = self.twilio.request(&parcel.address, text, parcel.worth.as_secs(), &delivery);
        match self.client.post(request).await {
            Ok(answer) => self.twilio.outcome(&answer, now),
            Err(failure) => failure.into(),
        }
    }
}

/// Push messages to browsers, by their own push services.
pub struct WebPushCarrier {
    /// Who we are.
    pub vapid: Arc<Vapid>,
    /// How they are reached; the endpoint is the browser's word, so it must reach public addresses alone.
    pub client: Client,
}

#[async_trait]
impl Provider for WebPushCarrier {
    fn name(&self) -> &'static str {
        "web_push"
    }

    fn reaches(&self, target: Option<&Target>) -> bool {
        matches!(target, Some(Target::WebPush { .. }))
    }

    fn host(&self, target: Option<&Target>) -> Option<String> {
        let Some(Target::WebPush { endpoint, .. }) = target else { return None };
        host(endpoint)
    }

    fn replaces(&self) -> bool {
        true
    }

    async fn send(&self, parcel: &Parcel, now: Timestamp) -> Outcome {
        let (Content::Push { title, body, link }, Some(Target::WebPush { endpoint, p256dh, auth })) =
            (&parcel.content, &parcel.target)
        else {
            return not_mine();
        };
        let keys = match Keys::parse(p256dh, auth) {
            Ok(keys) => keys,
            Err(error) => return Outcome::Suppress { why: error.to_string() },
        };
        let subscription = Subscription { endpoint: endpoint.clone(), keys };
        let payload = push_payload(parcel, title, body, link).to_string();
        let delivery = (parcel.delivery.0, parcel.priority);
        match web_push::request(&self.vapid, &subscription, delivery, payload.as_bytes(), now) {
            Err(error) => Outcome::GiveUp { why: error.to_string() },
            Ok(request) => match self.client.post(request).await {
                Ok(answer) => web_push::outcome(&answer, now),
                Err(failure) => failure.into(),
            },
        }
    }
}

/// Other programs, by Standard Webhooks.
pub struct WebhookCarrier {
    /// How they are reached; the address is a person's word, so it must reach public addresses alone.
    pub client: Client,
}

#[async_trait]
impl Provider for WebhookCarrier {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn host(&self, target: Option<&Target>) -> Option<String> {
        let Some(Target::Webhook { url, .. }) = target else { return None };
        host(url)
    }

    fn replaces(&self) -> bool {
        // `webhook-id` is the same for every try: receivers drop what they have had.
        true
    }

    async fn send(&self, parcel: &Parcel, now: Timestamp) -> Outcome {
        let (Content::Webhook { body }, Some(Target::Webhook { url, secrets })) =
            (&parcel.content, &parcel.target)
        else {
            return not_mine();
        };
        let secrets: Result<Vec<Secret>, _> = secrets.iter().map(|secret| Secret::parse(secret)).collect();
        let secrets = match secrets {
            Ok(secrets) => secrets,
            Err(error) => return Outcome::GiveUp { why: error.to_string() },
        };
        let body = body.to_string().into_bytes();
        if body.len() > webhook::MAX_BYTES {
            return Outcome::GiveUp { why: format!("over {} bytes", webhook::MAX_BYTES) };
        }
        let request =
            webhook::request(url, &secrets, &format!("msg_{}", parcel.delivery.0.simple()), body, now);
        match self.client.post(request).await {
            Ok(answer) => webhook::outcome(&answer, now),
            Err(failure) => failure.into(),
        }
    }
}
