//! Links by which somebody says, with no signing in, that they see to an alert: each says whose and which, and is signed.

use crisislens_model::{AlertId, UserId};
use uuid::Uuid;

use crate::signed::Signer;

/// Makes links and reads them.
#[derive(Debug, Clone)]
pub struct Acknowledge(Signer);

impl Acknowledge {
    /// With this secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(Signer::new(secret, b"crisislens acknowledge 1\0"))
    }

    /// The link by which a person acknowledges an alert.
    #[must_use]
    pub fn link(&self, base: &str, alert: AlertId, user: UserId) -> String {
        format!("{}/api/notifications/acknowledge/{}", base.trim_end_matches('/'), self.token(alert, user))
    }

    /// The last part of the link.
    #[must_use]
    pub fn token(&self, alert: AlertId, user: UserId) -> String {
        self.0.token(&[alert.0.as_bytes().as_slice(), user.0.as_bytes()].concat())
    }

    /// Which alert a token acknowledges, and for whom; none where it is not one of ours.
    #[must_use]
    pub fn read(&self, token: &str) -> Option<(AlertId, UserId)> {
        let said = self.0.read(token)?;
        let (alert, rest) = said.split_first_chunk::<16>()?;
        let user = rest.try_into().ok()?;
        Some((AlertId(Uuid::from_bytes(*alert)), UserId(Uuid::from_bytes(user))))
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
