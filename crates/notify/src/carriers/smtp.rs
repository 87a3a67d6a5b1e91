//! E-mail by a mail server (SMTP), with TLS and connections that are kept.

use std::time::Duration;

use async_trait::async_trait;
use crisislens_model::Timestamp;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::PoolConfig;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::not_mine;
use crate::carrier::{Content, Parcel, Provider};
use crate::provider::Outcome;

/// Longest wait for the server, at each command.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Connections that are kept.
const CONNECTIONS: u32 = 8;

/// Which server, and who we are.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// `smtps://user:password@mail.example.org`, `smtp://…?tls=required` for STARTTLS, `smtp://…` for none.
    pub url: String,
    /// The sender, `CrisisLens <alerts@example.org>`.
    pub from: String,
    /// The part behind the `@` of message ids.
    pub domain: String,
}

/// A mail server.
pub struct SmtpCarrier {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    domain: String,
}

/// Settings that say no server or no sender.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The address of the server.
    #[error("the address of the mail server cannot be read: {0}")]
    Url(String),
    /// The sender.
    #[error("the sender is no mail address: {0}")]
    From(String),
}

impl SmtpCarrier {
    /// With these settings; nothing is connected yet.
    ///
    /// # Errors
    /// They say no server or no sender.
    pub fn new(settings: &SmtpSettings) -> Result<Self, SmtpError> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&settings.url)
            .map_err(|error| SmtpError::Url(error.to_string()))?;
        let from = settings.from.parse().map_err(|_| SmtpError::From(settings.from.clone()))?;
        let transport =
            builder.timeout(Some(TIMEOUT)).pool_config(PoolConfig::new().max_size(CONNECTIONS)).build();
        Ok(Self { transport, from, domain: settings.domain.clone() })
    }

    fn message(&self, parcel: &Parcel) -> Result<Message, String> {
        let Content::Mail { subject, text, html, unsubscribe } = &parcel.content else {
            return Err("not a mail".to_owned());
        };
        let to: lettre::Address = parcel.address.parse().map_err(|_| "the address is none".to_owned())?;
        let mut builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            // The same for every try: whoever gets it twice can tell.
            .message_id(Some(format!("<{}@{}>", parcel.delivery, self.domain)));
        if let Some(url) = unsubscribe {
            builder = builder
                .raw_header(raw("List-Unsubscribe", format!("<{url}>")))
                .raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
        }
        builder
            .multipart(MultiPart::alternative_plain_html(text.clone(), html.clone()))
            .map_err(|error| error.to_string())
    }
}

fn raw(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

#[async_trait]
impl Provider for SmtpCarrier {
    fn name(&self) -> &'static str {
        "smtp"
    }

    fn replaces(&self) -> bool {
        // By Message-ID: servers and readers that look at it show one.
        true
    }

    async fn send(&self, parcel: &Parcel, _now: Timestamp) -> Outcome {
        if !matches!(parcel.content, Content::Mail { .. }) {
            return not_mine();
        }
        let message = match self.message(parcel) {
            Ok(message) => message,
            Err(why) => return Outcome::GiveUp { why },
        };
        // It comes to its end though nobody waits for it any more: a connection that is left in the middle of a command is not to be used again.
        let transport = self.transport.clone();
        match tokio::spawn(async move { transport.send(message).await }).await {
            Ok(Ok(_)) => {
                Outcome::Accepted { provider_id: Some(format!("{}@{}", parcel.delivery, self.domain)) }
            }
            Ok(Err(error)) => outcome(&error),
            Err(error) => Outcome::Unknown { why: error.to_string() },
        }
    }
}

/// What the server's answer means (RFC 5321, RFC 3463): 4xx not now, 5xx not this one; of those, 5.1.x and 5.2.1 are the address's
/// fault and 5.7.x ours.
fn outcome(error: &lettre::transport::smtp::Error) -> Outcome {
    let why = {
        use std::error::Error as _;
        let source = error.source().map(ToString::to_string).unwrap_or_default();
        one_line(&format!("{error} {source}"))
    };
    let enhanced = ["5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"];
    if error.is_transient() {
        return Outcome::Retry { after: None, why };
    }
    if error.is_permanent() {
        let code = error.status().map(u16::from);
        if enhanced.iter().any(|code| why.split_whitespace().any(|word| word == *code)) {
            return Outcome::Suppress { why };
        }
        if why.contains(" 5.7.") || matches!(code, Some(530 | 534 | 535)) {
            return Outcome::Configuration { why };
        }
        return Outcome::GiveUp { why };
    }
    if error.is_tls() {
        return Outcome::Configuration { why };
    }
    // Before the text was sent nothing was taken; lettre does not say when it broke off.
    if error.is_client() { Outcome::GiveUp { why } } else { Outcome::Unknown { why } }
}

fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().filter(|character| !character.is_control()).take(300).collect()
}
