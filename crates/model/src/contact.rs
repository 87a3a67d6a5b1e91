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

/// An address as it is shown to others than its owner: of one of the web where it is, without the path and query, which may be a secret.
#[must_use]
pub fn shown_to_others(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}/…")
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
    use super::shown_to_others;

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
}
