//! What messages leave by: the configured providers, their secrets, and who checks what they tell.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crisislens_model::Channel;
use crisislens_notify::acknowledge::Acknowledge;
use crisislens_notify::cap::Seal;
use crisislens_notify::carrier::Carriers;
use crisislens_notify::carriers::{
    FcmCarrier, SendGridCarrier, SmtpCarrier, SmtpSettings, TwilioCarrier, WebPushCarrier, WebhookCarrier,
};
use crisislens_notify::contents::Contents;
use crisislens_notify::protocol::vapid::Vapid;
use crisislens_notify::protocol::{sendgrid, twilio};
use crisislens_notify::provider::client::Client;
use crisislens_notify::provider::sendgrid::SendGrid;
use crisislens_notify::provider::twilio::Twilio;
use crisislens_notify::unsubscribe::Unsubscribe;
use crisislens_notify::{Rules, Sender, SenderOptions, Teller, Templates};
use crisislens_sources::{AddressPolicy, GuardedClient};
use crisislens_state::{Durability, Store};
use rand::Rng;
use reqwest::Url;
use tokio::sync::Notify;

use crate::app::App;
use crate::config::{Config, EmailProvider, PushProvider, SmsProvider, WebhookProvider};

/// Where Twilio tells what became of messages.
pub const TWILIO_CALLBACK: &str = "/api/callbacks/twilio";
/// Longest wait for a connection to a provider.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Everything that messages leave by.
pub struct Outgoing {
    /// Who carries what.
    pub carriers: Arc<Carriers>,
    /// What messages say.
    pub contents: Arc<Contents>,
    /// Links that end e-mails.
    pub unsubscribe: Unsubscribe,
    /// Links by which people say that they see to an alert.
    pub acknowledge: Acknowledge,
    /// By whose name browsers are asked for subscriptions.
    pub vapid: Arc<Vapid>,
    /// Checks what SendGrid tells; without, nothing of it is taken.
    pub sendgrid: Option<sendgrid::Checker>,
    /// Checks what Twilio tells; without, nothing of it is taken.
    pub twilio: Option<twilio::Checker>,
    /// Signs alerts for other systems; without, they are not signed.
    pub seal: Option<Seal>,
    /// Wakes who sends.
    pub wake: Arc<Notify>,
}

impl Outgoing {
    /// As it is configured. Secrets of our own are made up once and kept in the store.
    pub async fn open(config: &Config, store: &dyn Store) -> anyhow::Result<Self> {
        let notify = &config.notify;
        let mut tx = store.begin(Durability::Power).await?;
        let secret: [u8; 32] = rand::rng().random();
        let secret = tx.setting_or("notify.unsubscribe", &URL_SAFE_NO_PAD.encode(secret)).await?;
        let private = tx.setting_or("notify.vapid", &Vapid::generate()?).await?;
        tx.commit().await?;
        let subject = Some(notify.outside.subject.as_str()).filter(|subject| !subject.is_empty());
        let vapid = Vapid::new(&private, subject.unwrap_or("https://crisislens.example"));
        let vapid = Arc::new(vapid.context("notify.outside.subject")?);
        let unsubscribe = Unsubscribe::new(secret.as_bytes());
        let acknowledge = Acknowledge::new(secret.as_bytes());
        let public_url =
            Some(notify.public_url.trim_end_matches('/').to_owned()).filter(|url| !url.is_empty());
        let contents = Contents {
            templates: Arc::new(Templates::shipped()?),
            public_url,
            unsubscribe: unsubscribe.clone(),
            acknowledge: acknowledge.clone(),
        };
        let token = notify.twilio.token.expose();
        Ok(Self {
            carriers: Arc::new(carriers(config, &vapid)?),
            contents: Arc::new(contents),
            unsubscribe,
            acknowledge,
            vapid,
            sendgrid: sendgrid::Checker::new(&notify.sendgrid.webhook_key),
            twilio: (!token.is_empty()).then(|| twilio::Checker::new(token)),
            seal: config.seal()?,
            wake: Arc::default(),
        })
    }

    /// What choosing recipients works with.
    pub fn teller(&self, app: &App) -> Teller {
        Teller {
            store: Arc::clone(&app.store),
            templates: Arc::clone(&self.contents.templates),
            clock: Arc::clone(&app.clock),
            rules: rules(&app.config),
            relay: Arc::clone(&app.relay),
            sender: Arc::clone(&self.wake),
        }
    }

    /// Hands deliveries over.
    pub fn sender(&self, app: &App) -> Sender {
        let notify = &app.config.notify;
        Sender {
            store: Arc::clone(&app.store),
            carriers: Arc::clone(&self.carriers),
            contents: Arc::clone(&self.contents),
            clock: Arc::clone(&app.clock),
            wake: Arc::clone(&self.wake),
            options: SenderOptions {
                at_once: notify.at_once,
                lease: Duration::from_secs(notify.lease_s),
                heard_within: Duration::from_secs(notify.heard_within_s),
            },
        }
    }
}

/// What is the same for everybody who may be told of something.
pub fn rules(config: &Config) -> Rules {
    Rules { repeat_after: Duration::from_secs(config.notify.repeat_after_s) }
}

fn carriers(config: &Config, vapid: &Arc<Vapid>) -> anyhow::Result<Carriers> {
    let notify = &config.notify;
    let mut carriers = Carriers::default();
    let client = Client::new(plain()?);
    for provider in &notify.email {
        match provider {
            EmailProvider::Smtp => {
                let domain = notify.smtp.from.rsplit('@').next().unwrap_or_default().trim_end_matches('>');
                let settings = SmtpSettings {
                    url: notify.smtp.url.expose().to_owned(),
                    from: notify.smtp.from.clone(),
                    domain: domain.to_owned(),
                };
                let carrier = SmtpCarrier::new(&settings).context("notify.smtp")?;
                carriers.add(Channel::Email, Arc::new(carrier));
            }
            EmailProvider::Sendgrid => {
                let sendgrid = SendGrid {
                    base_url: notify.sendgrid.base_url.clone(),
                    key: notify.sendgrid.key.expose().to_owned(),
                    from: notify.sendgrid.from.clone(),
                    from_name: notify.sendgrid.from_name.clone(),
                    sandbox: notify.sendgrid.sandbox,
                };
                carriers.add(Channel::Email, Arc::new(SendGridCarrier { sendgrid, client: client.clone() }));
            }
        }
    }
    for SmsProvider::Twilio in &notify.sms {
        let base = notify.public_url.trim_end_matches('/');
        let twilio = Twilio {
            base_url: notify.twilio.base_url.clone(),
            account_sid: notify.twilio.account_sid.clone(),
            token: notify.twilio.token.expose().to_owned(),
            from: notify.twilio.from.clone(),
            callback_url: (!base.is_empty()).then(|| format!("{base}{TWILIO_CALLBACK}")),
        };
        carriers.add(Channel::Sms, Arc::new(TwilioCarrier { twilio, client: client.clone() }));
    }
    let outside = || anyhow::Ok(outside(notify.outside.allow_private)?);
    for provider in &notify.push {
        match provider {
            PushProvider::WebPush => {
                let carrier = WebPushCarrier { vapid: Arc::clone(vapid), client: outside()? };
                carriers.add(Channel::Push, Arc::new(carrier));
            }
            PushProvider::Fcm => {
                let path = &notify.fcm.service_account;
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("notify.fcm.service_account: cannot read {}", path.display()))?;
                let account = serde_json::from_str(&text).with_context(|| {
                    format!("notify.fcm.service_account: {} is no service account", path.display())
                })?;
                let carrier = FcmCarrier::new(account, notify.fcm.base_url.clone(), client.clone());
                carriers.add(Channel::Push, Arc::new(carrier));
            }
        }
    }
    for WebhookProvider::Webhook in &notify.webhook {
        carriers.add(Channel::Webhook, Arc::new(WebhookCarrier { client: outside()? }));
    }
    carriers.sms_prefixes.clone_from(&notify.sms_prefixes);
    Ok(carriers)
}

/// For addresses that the operator has given.
pub fn plain() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .user_agent(concat!("CrisisLens/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .build()
}

/// For addresses that people have given.
fn outside(allow_private: bool) -> reqwest::Result<Client> {
    let policy = if allow_private { AddressPolicy::AllowPrivate } else { AddressPolicy::PublicOnly };
    let client = GuardedClient::without_redirects(policy)?.unchecked();
    let check = if allow_private { |url: &str| check(AddressPolicy::AllowPrivate, url) } else { public };
    Ok(Client::checked(client, check))
}

/// Whether an address that a person gives is one that messages may go to; names are looked at again when they are resolved.
pub fn public(url: &str) -> Result<(), String> {
    check(AddressPolicy::PublicOnly, url)
}

fn check(policy: AddressPolicy, url: &str) -> Result<(), String> {
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    policy.check(&url).map_err(|error| error.to_string())
}
