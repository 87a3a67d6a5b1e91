//! The keys of our own tokens. Each secret of `auth.secret_file` is one to make and check HMACs with, and the seed of an Ed25519
//! pair, whose public half others can be given. Which of the two signs is configured; both are taken, so that it can be changed
//! without signing anybody out.

use std::collections::BTreeSet;

use anyhow::Context as _;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::header::{OurHeader, our_header};
use super::tokens::{AUDIENCE, Claims, ISSUER};
use crate::config::Signing;

/// What comes before a private key of Ed25519 in PKCS #8 (RFC 8410 §7).
const PKCS8_ED25519: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// Keeps the pair apart from whatever else is made of a secret.
const SEED: &[u8] = b"crisislens access token ed25519\0";

/// What signs and what checks.
pub struct SigningKeys {
    signing: Signing,
    header: Header,
    encoding: EncodingKey,
    /// The one that signs first, then those that were before it.
    secrets: Vec<DecodingKey>,
    /// The same as pairs.
    pairs: Vec<Pair>,
}

struct Pair {
    kid: String,
    decoding: DecodingKey,
    public: Value,
}

impl SigningKeys {
    /// Keys of these secrets, of which the first signs.
    pub fn of(secrets: &[&str], signing: Signing) -> anyhow::Result<Self> {
        let first = *secrets.first().context("there is no signing secret")?;
        let pairs = secrets.iter().map(|secret| Pair::of(secret)).collect::<anyhow::Result<Vec<_>>>()?;
        let (header, encoding) = match signing {
            Signing::HS256 => (Header::default(), EncodingKey::from_secret(first.as_bytes())),
            Signing::EdDSA => {
                let kid = pairs.first().map(|pair| pair.kid.clone());
                (Header { kid, ..Header::new(Algorithm::EdDSA) }, private_key(first))
            }
        };
        let secrets = secrets.iter().map(|secret| DecodingKey::from_secret(secret.as_bytes())).collect();
        Ok(Self { signing, header, encoding, secrets, pairs })
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Claims) -> anyhow::Result<String> {
        Ok(jsonwebtoken::encode(&self.header, claims, &self.encoding)?)
    }

    /// Whether a token says that it was signed by one of these keys.
    pub fn names(&self, token: &str) -> bool {
        match our_header(token) {
            Some(OurHeader::Secret) => true,
            Some(OurHeader::Pair(kid)) => self.pairs.iter().any(|pair| pair.kid == kid),
            None => false,
        }
    }

    /// What a token says, if one of these keys has signed it.
    pub fn verify(&self, token: &str) -> Option<Claims> {
        let by = |key: &DecodingKey, algorithm: Algorithm| {
            let mut validation = Validation::new(algorithm);
            validation.set_issuer(&[ISSUER]);
            validation.set_audience(&[AUDIENCE]);
            validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
            // The library reads the wall clock; ours decides instead.
            validation.validate_exp = false;
            jsonwebtoken::decode::<Claims>(token, key, &validation).ok().map(|token| token.claims)
        };
        match our_header(token)? {
            OurHeader::Secret => self.secrets.iter().find_map(|key| by(key, Algorithm::HS256)),
            OurHeader::Pair(kid) => {
                let pair = self.pairs.iter().find(|pair| pair.kid == kid)?;
                by(&pair.decoding, Algorithm::EdDSA)
            }
        }
    }

    /// The public keys (a JWK set), for those who check our tokens; none where a secret signs.
    pub fn document(&self) -> Option<Value> {
        // One that is written twice is one key.
        let mut seen = BTreeSet::new();
        let keys = self.pairs.iter().filter(|pair| seen.insert(&pair.kid)).map(|pair| &pair.public);
        matches!(self.signing, Signing::EdDSA).then(|| json!({ "keys": keys.collect::<Vec<_>>() }))
    }
}

impl Pair {
    fn of(secret: &str) -> anyhow::Result<Self> {
        let jwk = Jwk::from_encoding_key(&private_key(secret), Algorithm::EdDSA)?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256)?;
        let decoding = DecodingKey::from_jwk(&jwk)?;
        let mut public = serde_json::to_value(&jwk)?;
        public["kid"] = json!(kid);
        public["use"] = json!("sig");
        Ok(Self { kid, decoding, public })
    }
}

fn private_key(secret: &str) -> EncodingKey {
    let seed = Sha256::new().chain_update(SEED).chain_update(secret.as_bytes()).finalize();
    EncodingKey::from_ed_der(&[&PKCS8_ED25519[..], &seed[..]].concat())
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tests::claims;
    use super::*;
    use crate::config::SignatureAlgorithm;

    const OLD: &str = "the old secret, of more than thirty-two bytes";
    const NEW: &str = "the new secret, of more than thirty-two bytes";

    fn keys(secrets: &[&str], signing: Signing) -> SigningKeys {
        SigningKeys::of(secrets, signing).unwrap()
    }

    #[test]
    fn either_way_to_sign_is_taken_under_every_secret_and_no_other() {
        let claims = claims();
        for signing in [Signing::HS256, Signing::EdDSA] {
            let token = keys(&[OLD], signing).sign(&claims).unwrap();
            for taking in [Signing::HS256, Signing::EdDSA] {
                for secrets in [&[OLD][..], &[NEW, OLD]] {
                    let keys = keys(secrets, taking);
                    assert!(keys.names(&token));
                    assert_eq!(keys.verify(&token).unwrap().jti, claims.jti, "{signing:?} {taking:?}");
                }
                assert!(keys(&[NEW], taking).verify(&token).is_none());
            }
        }
    }

    #[test]
    fn what_is_published_checks_our_tokens_and_makes_none() {
        assert_eq!(keys(&[NEW, OLD], Signing::HS256).document(), None);
        let keys = keys(&[NEW, OLD, NEW], Signing::EdDSA);
        let document = keys.document().unwrap();
        let listed = document["keys"].as_array().unwrap();
        assert_eq!(listed.len(), 2);
        for key in listed {
            let mut names: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
            names.sort_unstable();
            assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"], "and no private half");
        }
        // As another service reads it.
        let read =
            super::super::issuers::read_keys(document.to_string().as_bytes(), &[SignatureAlgorithm::EdDSA])
                .unwrap();
        let token = keys.sign(&claims()).unwrap();
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert!(read[header.kid.as_deref().unwrap()].verify(&token, SignatureAlgorithm::EdDSA).is_some());
    }

    #[test]
    fn a_public_key_signs_nothing_and_a_name_of_ours_proves_nothing() {
        let keys = keys(&[NEW], Signing::EdDSA);
        let document = keys.document().unwrap();
        let (kid, x) = (&document["keys"][0]["kid"], document["keys"][0]["x"].as_str().unwrap());
        let by_public =
            jsonwebtoken::encode(&Header::default(), &claims(), &EncodingKey::from_secret(x.as_bytes()));
        assert!(keys.verify(&by_public.unwrap()).is_none());
        let header = Header { kid: kid.as_str().map(str::to_owned), ..Header::new(Algorithm::EdDSA) };
        let by_other = jsonwebtoken::encode(&header, &claims(), &private_key(OLD)).unwrap();
        assert!(keys.names(&by_other) && keys.verify(&by_other).is_none());
        let nameless = Header::new(Algorithm::EdDSA);
        let nameless = jsonwebtoken::encode(&nameless, &claims(), &private_key(NEW)).unwrap();
        assert!(!keys.names(&nameless) && keys.verify(&nameless).is_none());
        let named = Header { kid: header.kid, ..Header::default() };
        let named =
            jsonwebtoken::encode(&named, &claims(), &EncodingKey::from_secret(NEW.as_bytes())).unwrap();
        assert!(keys.verify(&named).is_none());
    }
}
