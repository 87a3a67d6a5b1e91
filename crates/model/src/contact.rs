//! Ways to reach a person beside their e-mail address and the inbox: telephones, browsers, devices, programs.

use serde::{Deserialize, Serialize};

use crate::{Channel, ContactId, Timestamp, UserId};

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Target {
    /// A telephone, for short messages.
    Phone {
        /// E.164: `+34600123456`.
        number: String,
    },
    /// A browser, by its own push service (RFC 8030).
    WebPush {
        /// Where its push service takes messages for it.
        endpoint: String,
        /// The browser's public key, base64url.
        p256dh: String,
        /// Its secret, base64url.
        auth: String,
    },
    /// An app, by the registration token that Firebase gave it.
    FcmToken {
        /// The token.
        token: String,
    },
    /// An app, by its Firebase installation.
    FcmInstallation {
        /// The installation's id.
        fid: String,
    },
    /// A program that takes Standard Webhooks.
    Webhook {
        /// Where it takes them.
        url: String,
        /// By which messages to it are signed, `whsec_…` or `whsk_…`; with two of them, by both.
        #[serde(default)]
        secrets: Vec<String>,
    },
}

impl Target {
    /// The channel that reaches it.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Phone { .. } => Channel::Sms,
            Self::WebPush { .. } | Self::FcmToken { .. } | Self::FcmInstallation { .. } => Channel::Push,
            Self::Webhook { .. } => Channel::Webhook,
        }
    }

    /// What it is known by: of two with the same one, one gets a message.
    #[must_use]
    pub fn address(&self) -> &str {
        match self {
            Self::Phone { number } => number,
            Self::WebPush { endpoint, .. } => endpoint,
            Self::FcmToken { token } => token,
            Self::FcmInstallation { fid } => fid,
            Self::Webhook { url, .. } => url,
        }
    }
}

/// Shorter parts of an address are no secret, and words of their own.
const MIN_SECRET: usize = 6;

/// An address as it is shown to others than its owner: of one of the web where it is, without the path and query, which may be a secret.
#[must_use]
pub fn shown_to_others(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}/…")
}

/// Words that may repeat an address, as receivers do in what they answer, for others than its owner.
#[must_use]
pub fn words_for_others(words: &str, address: &str) -> String {
    let mut words = words.replace(address, &shown_to_others(address));
    let Some((_, rest)) = address.split_once("://") else { return words };
    let Some(secret) = rest.find(['/', '?', '#', '\\']).and_then(|place| rest.get(place..)) else {
        return words;
    };
    let parts = secret.split(['/', '?', '#', '&', '=', '\\']).filter(|part| part.len() >= MIN_SECRET);
    for part in std::iter::once(secret).chain(parts).filter(|part| part.len() > 1) {
        words = words.replace(part, "…");
    }
    words
}

/// A way to reach a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Contact {
    /// Derived from person and address.
    pub id: ContactId,
    /// Whose.
    pub user: UserId,
    /// What its owner calls it.
    pub label: String,
    /// Where messages go.
    pub target: Target,
    /// When it was given.
    pub created_at: Timestamp,
}

impl Contact {
    /// The id that a person's contact of this address has.
    #[must_use]
    pub fn id_at(user: UserId, channel: Channel, address: &str) -> ContactId {
        ContactId(crate::id::derived(user.0, &format!("contact {} {address}", channel.as_str()), 1))
    }
}

#[cfg(test)]
mod tests {
    use super::{shown_to_others, words_for_others};

    #[test]
    fn of_an_address_of_the_web_others_see_where_it_is_and_no_more() {
        for (address, shown) in [
            ("https://bot.example/hook/T0KEN?key=hush#x", "https://bot.example/…"),
            ("https://ada:hush@bot.example:8443?key=hush", "https://bot.example:8443/…"),
            ("https://bot.example", "https://bot.example/…"),
            ("https://bot.example\\hush", "https://bot.example/…"),
            ("ada@example.org", "ada@example.org"),
            ("+34600123456", "+34600123456"),
        ] {
            assert_eq!(shown_to_others(address), shown);
        }
    }

    #[test]
    fn what_a_receiver_answers_shows_others_no_secret_of_its_address() {
        let address = "https://bot.example/hook/T0KEN-secret?key=hush-hush";
        for words in [
            "webhook: 404 Cannot POST /hook/T0KEN-secret?key=hush-hush",
            "webhook: 404 no such hook: T0KEN-secret",
            "webhook: https://bot.example/hook/T0KEN-secret?key=hush-hush is gone",
            "webhook: key hush-hush is not known",
        ] {
            let shown = words_for_others(words, address);
            assert!(!shown.contains("T0KEN") && !shown.contains("hush"), "{shown}");
            assert!(shown.starts_with("webhook: "), "{shown}");
        }
        assert_eq!(
            words_for_others("smtp: 550 ada@example.org", "ada@example.org"),
            "smtp: 550 ada@example.org"
        );
        assert_eq!(words_for_others("404", "https://bot.example"), "404");
    }
}
