//! How messages leave: by the development outbox, or by providers.

mod warnings;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::secret::Secret;
use super::{Config, SecretUrl};

/// How messages leave. A channel for which no provider is named goes to the development outbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notify {
    /// Where people open this installation, `https://desk.example.org`: for links in messages, and for what providers call back.
    pub public_url: String,
    /// Somebody who was told of an alert on a channel is told again of what has grown of it after so long, unless it got worse or is
    /// corrected, seconds.
    pub repeat_after_s: u64,
    /// Messages of a channel that are being handed over at once.
    pub at_once: usize,
    /// A message that a node has taken and not accounted for within so many seconds is another's; 5 at least. A provider has two thirds
    /// of it to answer in.
    pub lease_s: u64,
    /// A message that SendGrid or Twilio may have is handed over again if they say nothing of it for so many seconds.
    pub heard_within_s: u64,
    /// Who carries e-mail, in the order in which they are tried: `smtp`, `sendgrid`.
    pub email: Vec<EmailProvider>,
    /// Who carries short messages: `twilio`.
    pub sms: Vec<SmsProvider>,
    /// How telephone numbers begin that get short messages, `+91`: others cannot be given, and nothing is sent to those that were. Empty
    /// for any.
    pub sms_prefixes: Vec<String>,
    /// Who carries push messages: `web_push` to browsers, `fcm` to apps.
    pub push: Vec<PushProvider>,
    /// Who carries webhooks: `webhook`.
    pub webhook: Vec<WebhookProvider>,
    /// A mail server.
    pub smtp: Smtp,
    /// SendGrid.
    pub sendgrid: SendGrid,
    /// Twilio.
    pub twilio: Twilio,
    /// Firebase Cloud Messaging.
    pub fcm: Fcm,
    /// Web Push and webhooks: addresses that people give.
    pub outside: Outside,
}

/// Carriers of e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmailProvider {
    /// A mail server.
    Smtp,
    /// SendGrid.
    Sendgrid,
}

/// Carriers of short messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmsProvider {
    /// Twilio.
    Twilio,
}

/// Carriers of push messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushProvider {
    /// The push services of browsers.
    WebPush,
    /// Firebase.
    Fcm,
}

/// Carriers of webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebhookProvider {
    /// This program itself.
    Webhook,
}

/// A mail server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Smtp {
    /// `smtps://user:password@mail.example.org` for TLS, `smtp://…?tls=required` for STARTTLS, `smtp://…` for a server on this machine.
    pub url: SecretUrl,
    /// The sender, `CrisisLens <alerts@example.org>`.
    pub from: String,
}

impl Default for Smtp {
    fn default() -> Self {
        Self { url: SecretUrl::default(), from: "CrisisLens <crisislens@localhost>".to_owned() }
    }
}

/// SendGrid.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SendGrid {
    /// Where it is.
    pub base_url: String,
    /// The API key.
    pub key: Secret,
    /// The verified sender's address.
    pub from: String,
    /// The sender's name.
    pub from_name: String,
    /// The public key by which its events are checked, as its settings of the event webhook show it; without, none is taken.
    pub webhook_key: String,
    /// Mails are checked and not sent.
    pub sandbox: bool,
}

impl Default for SendGrid {
    fn default() -> Self {
        Self {
            base_url: "https://api.sendgrid.com".to_owned(),
            key: Secret::default(),
            from: String::new(),
            from_name: "CrisisLens".to_owned(),
            webhook_key: String::new(),
            sandbox: false,
        }
    }
}

/// Twilio.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Twilio {
    /// Where it is.
    pub base_url: String,
    /// The account, `AC…`.
    pub account_sid: String,
    /// Its token.
    pub token: Secret,
    /// A number, or a messaging service, `MG…`.
    pub from: String,
}

impl Default for Twilio {
    fn default() -> Self {
        Self {
            base_url: "https://api.twilio.com".to_owned(),
            account_sid: String::new(),
            token: Secret::default(),
            from: String::new(),
        }
    }
}

/// Firebase Cloud Messaging.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fcm {
    /// Where it is.
    pub base_url: String,
    /// The file of the service account, JSON as Google hands it out.
    pub service_account: PathBuf,
}

impl Default for Fcm {
    fn default() -> Self {
        Self { base_url: "https://fcm.googleapis.com".to_owned(), service_account: PathBuf::new() }
    }
}

/// Addresses that people give.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outside {
    /// Whom push services can ask about our messages, `mailto:desk@example.org` or an `https:` address.
    pub subject: String,
    /// Whether they may be addresses of your own network.
    pub allow_private: bool,
}

impl Default for Notify {
    fn default() -> Self {
        Self {
            public_url: String::new(),
            repeat_after_s: 15 * 60,
            at_once: 128,
            lease_s: 30,
            heard_within_s: 120,
            email: Vec::new(),
            sms: Vec::new(),
            sms_prefixes: Vec::new(),
            push: Vec::new(),
            webhook: Vec::new(),
            smtp: Smtp::default(),
            sendgrid: SendGrid::default(),
            twilio: Twilio::default(),
            fcm: Fcm::default(),
            outside: Outside::default(),
        }
    }
}

impl Config {
    pub(super) fn notify_problems(&self) -> Vec<String> {
        let notify = &self.notify;
        let mut problems = Vec::new();
        let mut want = |is_missing: bool, name: &str, why: &str| {
            if is_missing {
                problems.push(format!("notify.{name}: {why}"));
            }
        };
        let is_web = |url: &str| url.starts_with("https://") || url.starts_with("http://");
        want(
            !notify.public_url.is_empty() && !is_web(&notify.public_url),
            "public_url",
            "is not https://HOST[:PORT]",
        );
        want(notify.repeat_after_s > 7 * 24 * 3600, "repeat_after_s", "is at most 604800");
        want(
            !(5..=3600).contains(&notify.lease_s),
            "lease_s",
            "is not between 5 and 3600; providers have two thirds of it to answer in",
        );
        want(notify.heard_within_s > 3600, "heard_within_s", "is at most 3600");
        want(!(1..=4096).contains(&notify.at_once), "at_once", "is not between 1 and 4096");
        let is_prefix = |prefix: &String| {
            prefix.strip_prefix('+').is_some_and(|digits| {
                (1..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
            })
        };
        want(
            !notify.sms_prefixes.iter().all(is_prefix),
            "sms_prefixes",
            "has what is not + and 1 to 15 digits, as +91",
        );
        if notify.email.contains(&EmailProvider::Smtp) {
            let url = notify.smtp.url.expose();
            want(
                !(url.starts_with("smtp://") || url.starts_with("smtps://")),
                "smtp.url",
                "is not smtps://[USER:PASSWORD@]HOST[:PORT]",
            );
            want(!notify.smtp.from.contains('@'), "smtp.from", "is no mail address");
        }
        if notify.email.contains(&EmailProvider::Sendgrid) {
            let sendgrid = &notify.sendgrid;
            want(sendgrid.key.is_empty(), "sendgrid.key", "is missing");
            want(!sendgrid.from.contains('@'), "sendgrid.from", "is no mail address");
            want(!is_web(&sendgrid.base_url), "sendgrid.base_url", "is not https://HOST");
        }
        let checker = crisislens_notify::protocol::sendgrid::Checker::new;
        let key = &notify.sendgrid.webhook_key;
        want(
            !key.is_empty() && checker(key).is_none(),
            "sendgrid.webhook_key",
            "is no public key as SendGrid shows it (base64)",
        );
        if notify.sms.contains(&SmsProvider::Twilio) {
            let twilio = &notify.twilio;
            want(!twilio.account_sid.starts_with("AC"), "twilio.account_sid", "is not AC…");
            want(twilio.token.is_empty(), "twilio.token", "is missing");
            want(
                !(twilio.from.starts_with('+') || twilio.from.starts_with("MG")),
                "twilio.from",
                "is neither a number, +…, nor a messaging service, MG…",
            );
            want(!is_web(&twilio.base_url), "twilio.base_url", "is not https://HOST");
        }
        if notify.push.contains(&PushProvider::Fcm) {
            want(
                !notify.fcm.service_account.is_file(),
                "fcm.service_account",
                "there is no such file; download it in the Firebase console",
            );
        }
        if notify.push.contains(&PushProvider::WebPush) {
            let subject = &notify.outside.subject;
            want(
                !(subject.starts_with("mailto:") || subject.starts_with("https://")),
                "outside.subject",
                "is neither mailto:ADDRESS nor https://…, by which push services can ask about messages",
            );
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_that_is_named_needs_its_settings_and_each_that_is_missing_is_said() {
        let notify = Notify {
            email: vec![EmailProvider::Smtp, EmailProvider::Sendgrid],
            sms: vec![SmsProvider::Twilio],
            push: vec![PushProvider::WebPush, PushProvider::Fcm],
            ..Notify::default()
        };
        let problems = Config { notify, ..Config::default() }.notify_problems().join("\n");
        for name in
            ["smtp.url", "sendgrid.key", "sendgrid.from", "twilio.account_sid", "twilio.token", "twilio.from"]
        {
            assert!(problems.contains(&format!("notify.{name}:")), "{name}: {problems}");
        }
        assert!(problems.contains("fcm.service_account") && problems.contains("outside.subject"));
    }

    #[test]
    fn keys_are_shown_nowhere() {
        let sendgrid = SendGrid { key: "SG.secret".into(), ..SendGrid::default() };
        let twilio = Twilio { token: "hush".into(), ..Twilio::default() };
        let config = Config { notify: Notify { sendgrid, twilio, ..Notify::default() }, ..Config::default() };
        let shown = format!("{config:?} {}", serde_json::to_string(&config).unwrap());
        assert!(!shown.contains("SG.secret") && !shown.contains("hush"), "{shown}");
        assert!(shown.contains("***"));
    }
}
