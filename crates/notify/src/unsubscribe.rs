//! Links that end messages with one click and no signing in (RFC 8058): each says whose and which, and is signed.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crisislens_model::{Channel, UserId};
use uuid::Uuid;

/// What a link is signed for; a signature of ours for something else is none of a link.
const PURPOSE: &[u8] = b"crisislens unsubscribe 1\0";

/// Makes links and reads them.
#[derive(Debug, Clone)]
pub struct Unsubscribe(hmac::Key);

impl Unsubscribe {
    /// With this secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The link that ends a person's messages on a channel.
    #[must_use]
    pub fn link(&self, base: &str, user: UserId, channel: Channel) -> String {
        format!("{}/api/notifications/unsubscribe/{}", base.trim_end_matches('/'), self.token(user, channel))
    }

    /// The last part of the link.
    #[must_use]
    pub fn token(&self, user: UserId, channel: Channel) -> String {
        let signature = hmac::sign(&self.0, &signed(user, channel));
        let mut bytes = user.0.as_bytes().to_vec();
        bytes.push(channel as u8);
        bytes.extend_from_slice(signature.as_ref().get(..16).unwrap_or_default());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Whose messages a token ends, and where; none where it is not one of ours.
    #[must_use]
    pub fn read(&self, token: &str) -> Option<(UserId, Channel)> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (user, rest) = bytes.split_first_chunk::<16>()?;
        let user = UserId(Uuid::from_bytes(*user));
        let channel = Channel::ALL.into_iter().find(|channel| Some(&(*channel as u8)) == rest.first())?;
        // Compared as a whole, by a comparison that takes the same time for all.
        let ours = self.token(user, channel);
        aws_lc_rs::constant_time::verify_slices_are_equal(ours.as_bytes(), token.as_bytes()).ok()?;
        Some((user, channel))
    }
}

fn signed(user: UserId, channel: Channel) -> Vec<u8> {
    [PURPOSE, user.0.as_bytes(), channel.as_str().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use crisislens_testkit::sample;

    use super::*;

    #[test]
    fn a_link_ends_what_it_was_made_for_and_nothing_else_is_one() {
        let ours = Unsubscribe::new(b"secret");
        let link = ours.link("https://desk.example.org/", sample::user_id(1), Channel::Email);
        let token = link.strip_prefix("https://desk.example.org/api/notifications/unsubscribe/").unwrap();
        assert_eq!(ours.read(token), Some((sample::user_id(1), Channel::Email)));
        assert_eq!(Unsubscribe::new(b"other").read(token), None);
        for changed in 0..token.len() {
            let mut text = token.to_owned().into_bytes();
            text[changed] = if text[changed] == b'A' { b'B' } else { b'A' };
            assert_eq!(ours.read(std::str::from_utf8(&text).unwrap()), None, "changed at {changed}");
        }
        for hostile in ["", "A", "../../etc", &"A".repeat(10_000), "ü"] {
            assert_eq!(ours.read(hostile), None);
        }
    }
}
