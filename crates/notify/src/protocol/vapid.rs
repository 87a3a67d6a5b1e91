//! Who sends a push message (VAPID, RFC 8292): a token, signed by the application server's key, for one push service at a time.

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

/// A token counts for so long; push services take no more than a day.
pub const LIFETIME_S: i64 = 12 * 3600;

/// An application server's key.
pub struct Vapid {
    pair: EcdsaKeyPair,
    public: String,
    subject: String,
}

/// Why a key or a subject is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VapidError {
    /// The key has another form.
    #[error("a VAPID key is base64url of 32 bytes")]
    Key,
    /// Nobody could be reached there.
    #[error(
        "{0:?} is no subject: a mailto: or https: address by which a push service can reach you, and no local one"
    )]
    Subject(String),
    /// The address of a push service cannot be read.
    #[error("{0:?} is no https address")]
    Endpoint(String),
    /// The cryptography failed.
    #[error("the token cannot be signed")]
    Signature,
}

impl Vapid {
    /// With the private key, base64url, and a `mailto:` or `https:` address for the push service's operators.
    ///
    /// # Errors
    /// One of the two has another form; push services would refuse every message.
    pub fn new(private: &str, subject: &str) -> Result<Self, VapidError> {
        if !is_reachable(subject) {
            return Err(VapidError::Subject(subject.to_owned()));
        }
        let bytes = URL_SAFE_NO_PAD.decode(private.trim_end_matches('=')).map_err(|_| VapidError::Key)?;
        let key = PrivateKey::from_private_key(&ECDH_P256, &bytes).map_err(|_| VapidError::Key)?;
        let public = key.compute_public_key().map_err(|_| VapidError::Key)?;
        let public = public.as_ref();
        let pair =
            EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &bytes, public);
        Ok(Self {
            pair: pair.map_err(|_| VapidError::Key)?,
            public: URL_SAFE_NO_PAD.encode(public),
            subject: subject.to_owned(),
        })
    }

    /// A new private key.
    ///
    /// # Errors
    /// The machine has no randomness.
    pub fn generate() -> Result<String, VapidError> {
        use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
        let key = PrivateKey::generate(&ECDH_P256).map_err(|_| VapidError::Key)?;
        let bytes: EcPrivateKeyBin<'_> = key.as_be_bytes().map_err(|_| VapidError::Key)?;
        Ok(URL_SAFE_NO_PAD.encode(bytes.as_ref()))
    }

    /// The public key, base64url, as browsers want it to subscribe.
    #[must_use]
    pub fn public(&self) -> &str {
        &self.public
    }

    /// The `Authorization` of a message to this endpoint.
    ///
    /// # Errors
    /// The endpoint is no https address.
    pub fn authorization(&self, endpoint: &str, now: i64) -> Result<String, VapidError> {
        let audience = origin(endpoint).ok_or_else(|| VapidError::Endpoint(endpoint.to_owned()))?;
        let claims = json!({ "aud": audience, "exp": now + LIFETIME_S, "sub": self.subject });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({ "typ": "JWT", "alg": "ES256" })), part(&claims));
        let signature =
            self.pair.sign(&SystemRandom::new(), signed.as_bytes()).map_err(|_| VapidError::Signature)?;
        Ok(format!("vapid t={signed}.{}, k={}", URL_SAFE_NO_PAD.encode(signature), self.public))
    }
}

/// Scheme, host and port. Plain http is for push services on this machine, in tests.
fn origin(endpoint: &str) -> Option<String> {
    let (scheme, rest) = endpoint.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().filter(|authority| !authority.is_empty())?;
    let is_local = authority.starts_with("127.0.0.1:") || authority.starts_with("localhost:");
    (scheme == "https" || (scheme == "http" && is_local)).then(|| format!("{scheme}://{authority}"))
}

/// Whether somebody could be reached there. Apple's service refuses every message of a local subject.
fn is_reachable(subject: &str) -> bool {
    let host = match (subject.strip_prefix("mailto:"), subject.strip_prefix("https://")) {
        (Some(address), _) => address.rsplit_once('@').map(|(_, host)| host),
        (_, Some(rest)) => rest.split(['/', ':', '?']).next(),
        _ => None,
    };
    host.is_some_and(|host| {
        let host = host.to_ascii_lowercase();
        host.contains('.')
            && ![".local", ".localhost", ".invalid", ".test"].iter().any(|end| host.ends_with(end))
    })
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    /// RFC 8292, section 2.4, as the working group's text has it.
    #[test]
    fn the_published_token_verifies_with_its_key() {
        let key = "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";
        let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"ES256"}"#);
        let claims = URL_SAFE_NO_PAD
            .encode(r#"{"aud":"https://push.example.net","exp":1453523768,"sub":"mailto:push@example.com"}"#);
        let signature =
            "i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA";
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, URL_SAFE_NO_PAD.decode(key).unwrap());
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        public.verify(format!("{header}.{claims}").as_bytes(), &signature).unwrap();
    }

    #[test]
    fn tokens_are_for_one_service_and_half_a_day() {
        let private = Vapid::generate().unwrap();
        let vapid = Vapid::new(&private, "mailto:desk@example.org").unwrap();
        let header = vapid.authorization("https://push.example.net:8443/send/abc", 1_000).unwrap();
        let (token, key) = header.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
        assert_eq!(key, vapid.public());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(
            claims,
            json!({ "aud": "https://push.example.net:8443", "exp": 44_200, "sub": "mailto:desk@example.org" })
        );
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, URL_SAFE_NO_PAD.decode(key).unwrap());
        public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    }

    #[test]
    fn what_push_services_would_refuse_is_refused_at_the_start() {
        let private = Vapid::generate().unwrap();
        for subject in [
            "",
            "desk@example.org",
            "mailto:desk",
            "mailto:root@localhost",
            "https://desk.local/",
            "mailto:a@b.invalid",
        ] {
            let refused = Vapid::new(&private, subject).err();
            assert_eq!(refused, Some(VapidError::Subject(subject.to_owned())));
        }
        for private in ["", "rubbish!", "AAAA"] {
            assert_eq!(Vapid::new(private, "mailto:a@example.org").err(), Some(VapidError::Key), "{private}");
        }
        let vapid = Vapid::new(&private, "https://example.org").unwrap();
        for endpoint in ["http://push.example.net/x", "push.example.net", "https://"] {
            assert!(vapid.authorization(endpoint, 0).is_err(), "{endpoint}");
        }
    }
}
