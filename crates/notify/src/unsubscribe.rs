//! Links that end messages with one click and no signing in (RFC 8058): each says whose and which, and is signed.

use crisislens_model::{Channel, UserId};
use uuid::Uuid;

use crate::signed::Signer;

/// Makes links and reads them.
#[derive(Debug, Clone)]
pub struct Unsubscribe(Signer);

impl Unsubscribe {
    /// With this secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(Signer::new(secret, b"crisislens unsubscribe 1\0"))
    }

    /// The link that ends a person's messages on a channel.
    #[must_use]
    pub fn link(&self, base: &str, user: UserId, channel: Channel) -> String {
        format!("{}/api/notifications/unsubscribe/{}", base.trim_end_matches('/'), self.token(user, channel))
    }

    /// The last part of the link.
    #[must_use]
    pub fn token(&self, user: UserId, channel: Channel) -> String {
        self.0.token(&[user.0.as_bytes().as_slice(), &[channel as u8]].concat())
    }

    /// Whose messages a token ends, and where; none where it is not one of ours.
    #[must_use]
    pub fn read(&self, token: &str) -> Option<(UserId, Channel)> {
        let said = self.0.read(token)?;
        let (user, rest) = said.split_first_chunk::<16>()?;
        let channel = Channel::ALL.into_iter().find(|channel| rest == [*channel as u8])?;
        Some((UserId(Uuid::from_bytes(*user)), channel))
    }
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
