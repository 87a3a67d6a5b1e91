//! Links by which somebody says, with no signing in, that they see to an alert: each says whose and which, and is signed.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crisislens_model::{AlertId, UserId};
use uuid::Uuid;

/// What a link is signed for; a signature of ours for something else is none of a link.
const PURPOSE: &[u8] = b"crisislens acknowledge 1\0";

/// Makes links and reads them.
#[derive(Debug, Clone)]
pub struct Acknowledge(hmac::Key);

impl Acknowledge {
    /// With this secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The link by which a person acknowledges an alert.
    #[must_use]
    pub fn link(&self, base: &str, alert: AlertId, user: UserId) -> String {
        format!("{}/api/notifications/acknowledge/{}", base.trim_end_matches('/'), self.token(alert, user))
    }

    /// The last part of the link.
    #[must_use]
    pub fn token(&self, alert: AlertId, user: UserId) -> String {
        let said = [alert.0.as_bytes().as_slice(), user.0.as_bytes()].concat();
        let signature = hmac::sign(&self.0, &[PURPOSE, said.as_slice()].concat());
        URL_SAFE_NO_PAD.encode([said.as_slice(), signature.as_ref().get(..16).unwrap_or_default()].concat())
    }

    /// Which alert a token acknowledges, and for whom; none where it is not one of ours.
    #[must_use]
    pub fn read(&self, token: &str) -> Option<(AlertId, UserId)> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (alert, rest) = bytes.split_first_chunk::<16>()?;
        let (user, _) = rest.split_first_chunk::<16>()?;
        let (alert, user) = (AlertId(Uuid::from_bytes(*alert)), UserId(Uuid::from_bytes(*user)));
        // Compared as a whole, by a comparison that takes the same time for all.
        let ours = self.token(alert, user);
        aws_lc_rs::constant_time::verify_slices_are_equal(ours.as_bytes(), token.as_bytes()).ok()?;
        Some((alert, user))
    }
}

#[cfg(test)]
mod tests {
    use crisislens_model::Channel;
    use crisislens_testkit::sample;

    use super::*;
    use crate::unsubscribe::Unsubscribe;

    #[test]
    fn a_link_acknowledges_what_it_was_made_for_and_nothing_else_is_one() {
        let ours = Acknowledge::new(b"secret");
        let (alert, user) = (sample::alert(1, 1).id, sample::user_id(1));
        let link = ours.link("https://desk.example.org/", alert, user);
        let token = link.strip_prefix("https://desk.example.org/api/notifications/acknowledge/").unwrap();
        assert_eq!(ours.read(token), Some((alert, user)));
        assert_eq!(Acknowledge::new(b"other").read(token), None);
        for changed in 0..token.len() {
            let mut text = token.to_owned().into_bytes();
            text[changed] = if text[changed] == b'A' { b'B' } else { b'A' };
            assert_eq!(ours.read(std::str::from_utf8(&text).unwrap()), None, "changed at {changed}");
        }
        let other = Unsubscribe::new(b"secret").token(user, Channel::Email);
        for hostile in ["", "A", "../../etc", &"A".repeat(10_000), "ü", &other] {
            assert_eq!(ours.read(hostile), None);
        }
    }
}
