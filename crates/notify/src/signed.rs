//! The last part of links that need no signing in: what a link says, and our signature for one purpose.

use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Bytes of a signature that a token carries.
const SIGNATURE: usize = 16;

/// Signs for a purpose, and knows what it signed; a signature of ours for another purpose is none.
#[derive(Debug, Clone)]
pub struct Signer {
    key: hmac::Key,
    purpose: &'static [u8],
}

impl Signer {
    /// With this secret. The purpose ends with a zero, so that none begins another.
    #[must_use]
    pub fn new(secret: &[u8], purpose: &'static [u8]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret), purpose }
    }

    /// What is said, and its signature.
    #[must_use]
    pub fn token(&self, said: &[u8]) -> String {
        let signature = hmac::sign(&self.key, &[self.purpose, said].concat());
        URL_SAFE_NO_PAD.encode([said, signature.as_ref().get(..SIGNATURE).unwrap_or_default()].concat())
    }

    /// What a token says; none where it is not one of ours.
    #[must_use]
    pub fn read(&self, token: &str) -> Option<Vec<u8>> {
        let mut said = URL_SAFE_NO_PAD.decode(token).ok()?;
        said.truncate(said.len().checked_sub(SIGNATURE)?);
        // Compared as a whole, by a comparison that takes the same time for all.
        let ours = self.token(&said);
        constant_time::verify_slices_are_equal(ours.as_bytes(), token.as_bytes()).ok()?;
        Some(said)
    }
}
