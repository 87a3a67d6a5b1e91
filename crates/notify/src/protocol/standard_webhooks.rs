//! Signatures of webhooks (Standard Webhooks 1.0): over id, time and body, by a shared secret (`v1`) or a key pair (`v1a`).

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The header with the message's id, the same for every try.
pub const ID: &str = "webhook-id";
/// The header with the time of the try, in seconds since 1970.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// The header with the signatures, separated by spaces.
pub const SIGNATURE: &str = "webhook-signature";
/// Seconds by which a receiver's clock may differ.
pub const TOLERANCE_S: i64 = 300;

/// A secret that signs.
pub enum Secret {
    /// Shared with the receiver: `whsec_…`.
    Shared(Box<hmac::Key>),
    /// Of which the receiver has the public half: `whsk_…`.
    Pair(Ed25519KeyPair),
}

/// Why a secret is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It begins with something else.
    #[error("a webhook secret begins with whsec_ or whsk_")]
    Prefix,
    /// What follows is not base64 of so many bytes.
    #[error("what follows whsec_ is base64 of 24 to 64 bytes, and what follows whsk_ of 32 or 64")]
    Length,
}

impl Secret {
    /// Reads a secret in the form that people exchange.
    ///
    /// # Errors
    /// It has another form.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| SecretError::Length);
        if let Some(shared) = text.strip_prefix("whsec_") {
            let bytes = decode(shared)?;
            if !(24..=64).contains(&bytes.len()) {
                return Err(SecretError::Length);
            }
            return Ok(Self::Shared(Box::new(hmac::Key::new(hmac::HMAC_SHA256, &bytes))));
        }
        let pair = decode(text.strip_prefix("whsk_").ok_or(SecretError::Prefix)?)?;
        // The long form has the public half behind the seed.
        let pair = match pair.split_at_checked(32) {
            Some((seed, [])) => Ed25519KeyPair::from_seed_unchecked(seed),
            Some((seed, public)) => Ed25519KeyPair::from_seed_and_public_key(seed, public),
            None => return Err(SecretError::Length),
        };
        pair.map(Self::Pair).map_err(|_| SecretError::Length)
    }

    /// One signature, with its version.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let signed = signed(id, timestamp, body);
        match self {
            Self::Shared(key) => format!("v1,{}", STANDARD.encode(hmac::sign(key, &signed))),
            Self::Pair(pair) => format!("v1a,{}", STANDARD.encode(pair.sign(&signed))),
        }
    }

    /// What a receiver needs to check signatures, where that is no secret: `whpk_…`.
    #[must_use]
    pub fn public(&self) -> Option<String> {
        match self {
            Self::Shared(_) => None,
            Self::Pair(pair) => Some(format!("whpk_{}", STANDARD.encode(pair.public_key()))),
        }
    }
}

/// The value of [`SIGNATURE`]: by every secret that is in use, so that a receiver may change to a new one in its own time.
#[must_use]
pub fn signatures(secrets: &[Secret], id: &str, timestamp: i64, body: &[u8]) -> String {
    secrets.iter().map(|secret| secret.sign(id, timestamp, body)).collect::<Vec<_>>().join(" ")
}

/// Whether one of `header`'s signatures is by the shared `secret`, of this message, and not of another time than `now`.
#[must_use]
pub fn verify(secret: &hmac::Key, (id, timestamp, body): (&str, i64, &[u8]), header: &str, now: i64) -> bool {
    (now - timestamp).abs() <= TOLERANCE_S
        && header.split(' ').filter_map(|one| one.strip_prefix("v1,")).any(|one| {
            STANDARD
                .decode(one)
                .is_ok_and(|tag| hmac::verify(secret, &signed(id, timestamp, body), &tag).is_ok())
        })
}

/// The same for a public key, `whpk_…`.
#[must_use]
pub fn verify_pair(public: &str, (id, timestamp, body): (&str, i64, &[u8]), header: &str, now: i64) -> bool {
    let Some(Ok(public)) = public.strip_prefix("whpk_").map(|text| STANDARD.decode(text)) else {
        return false;
    };
    let key = UnparsedPublicKey::new(&ED25519, public);
    (now - timestamp).abs() <= TOLERANCE_S
        && header.split(' ').filter_map(|one| one.strip_prefix("v1a,")).any(|one| {
            STANDARD.decode(one).is_ok_and(|tag| key.verify(&signed(id, timestamp, body), &tag).is_ok())
        })
}

fn signed(id: &str, timestamp: i64, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", timestamp.to_string().as_bytes(), b".", body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_standard() {
        for (secret, id, timestamp, body, expected) in [
            (
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                r#"{"test": 2432232314}"#,
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
            (
                "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
                "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                1_649_367_553,
                r#"{"email":"test@example.com","username":"test_user"}"#,
                "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
            ),
        ] {
            let secret = Secret::parse(secret).unwrap();
            assert_eq!(secret.sign(id, timestamp, body.as_bytes()), expected);
            let Secret::Shared(key) = &secret else { panic!("it is shared") };
            let message = (id, timestamp, body.as_bytes());
            assert!(verify(key, message, expected, timestamp + TOLERANCE_S));
            assert!(!verify(key, message, expected, timestamp + TOLERANCE_S + 1), "replayed");
            assert!(!verify(key, (id, timestamp + 1, body.as_bytes()), expected, timestamp));
            assert!(!verify(key, (id, timestamp, b"{}"), expected, timestamp));
        }
    }

    #[test]
    fn a_key_pair_signs_what_its_public_half_checks() {
        let seed = STANDARD.encode([7; 32]);
        let secret = Secret::parse(&format!("whsk_{seed}")).unwrap();
        let public = secret.public().unwrap();
        let header = secret.sign("msg_1", 100, b"{}");
        assert!(header.starts_with("v1a,") && verify_pair(&public, ("msg_1", 100, b"{}"), &header, 100));
        assert!(!verify_pair(&public, ("msg_2", 100, b"{}"), &header, 100));
        let long = [&[7; 32][..], &STANDARD.decode(&public[5..]).unwrap()].concat();
        let again = Secret::parse(&format!("whsk_{}", STANDARD.encode(long))).unwrap();
        assert_eq!(again.sign("msg_1", 100, b"{}"), header);
    }

    #[test]
    fn during_rotation_each_secret_signs() {
        let texts = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"];
        let secrets = texts.map(|text| Secret::parse(text).unwrap());
        let header = signatures(&secrets, "msg_1", 100, b"{}");
        assert_eq!(header.split(' ').count(), 2);
        for secret in &secrets {
            let Secret::Shared(key) = secret else { panic!("it is shared") };
            assert!(verify(key, ("msg_1", 100, b"{}"), &header, 100));
        }
    }

    #[test]
    fn secrets_of_another_form_are_refused() {
        let long = format!("whsec_{}", STANDARD.encode([0; 65]));
        for (text, error) in [
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", SecretError::Prefix),
            ("whsec_c2hvcnQ=", SecretError::Length),
            ("whsec_!", SecretError::Length),
            (long.as_str(), SecretError::Length),
            ("whsk_c2hvcnQ=", SecretError::Length),
        ] {
            assert_eq!(Secret::parse(text).err(), Some(error), "{text}");
        }
    }
}
