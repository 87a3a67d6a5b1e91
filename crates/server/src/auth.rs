//! Who somebody is: passwords (Argon2id), access tokens (JWT, RFC 7519 with the rules of RFC 8725), one-time tickets.

mod header;
mod issuers;
mod passwords;
mod revoked;
mod signing;
mod tokens;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crisislens_model::Timestamp;
use sha2::{Digest, Sha256};

pub use issuers::{Issuers, account_id, watch as watch_issuers};
pub use passwords::{Crowded, NO_PASSWORD, PASSWORD_LENGTH, Passwords, password_problem};
pub use revoked::{Revoked, Withdrawn, watch as watch_revocations};
pub use tokens::{Claims, Grant, ISSUER, TICKET_SECONDS, TokenError, Tokens};

use crate::app::App;

/// Longest token that is looked at; those of others name more than ours.
pub const MAX_TOKEN_BYTES: usize = 8192;

impl App {
    /// Who an access token is of, be it ours or that of somebody whose tokens are taken.
    pub async fn authenticate(&self, token: &str) -> Result<Claims, TokenError> {
        if self.issuers.is_empty() || self.tokens.keys.names(token) {
            return self.tokens.check(token);
        }
        let claims = self.issuers.check(token, &*self.store, self.clock.now()).await?;
        self.tokens.still_holds(claims.sub, claims.grant())?;
        Ok(claims)
    }
}

/// A random word of 256 bits.
#[must_use]
pub fn random_word() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// What is stored of a refresh token.
#[must_use]
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// When a refresh token made now ends.
#[must_use]
pub fn refresh_end(now: Timestamp, days: u64) -> Timestamp {
    let seconds = i64::try_from(days).unwrap_or(7) * 86_400;
    Timestamp::from_second(now.as_second() + seconds).unwrap_or(now)
}

/// An address in the form it is stored, if it looks like one.
#[must_use]
pub fn normal_email(text: &str) -> Option<String> {
    let email = text.trim().to_lowercase();
    let (local, domain) = email.split_once('@')?;
    let sound = !local.is_empty()
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && email.len() <= 254
        && !email.chars().any(|c| c.is_whitespace() || c.is_control())
        && !email.contains([',', ';', '<', '>', '(', ')', '[', ']', '\\', '"', ':'])
        && !domain.split('.').any(str::is_empty)
        && !domain.contains('@');
    sound.then_some(email)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_could_end_a_header_are_no_addresses() {
        for text in ["a,b@c.d", "a;b@c.d", "<a@b.c>", "a@b.c>", "a@b..c", "a@b", "@b.c", "a b@c.d"] {
            assert_eq!(normal_email(text), None, "{text}");
        }
        assert_eq!(normal_email(" Ada@Example.ORG "), Some("ada@example.org".to_owned()));
    }
}
