//! The public keys of an issuer, as its document lists them (JWK sets, RFC 7517 §5). Each key is for one algorithm.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::Value;

use super::claims::OutsideClaims;
use crate::config::SignatureAlgorithm;

/// Shortest and longest RSA modulus, bytes.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// A key with its one algorithm.
pub struct Key {
    algorithm: SignatureAlgorithm,
    decoding: DecodingKey,
}

/// Keys by name.
pub type Keys = HashMap<String, Arc<Key>>;

/// A key as a document has it; what else stands there is not looked at.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

/// The keys of a document that can check a signature made by one of `allowed`. Keys that are not understood are passed over, as
/// are those without a name; of two with the same name the first counts.
pub fn read(document: &[u8], allowed: &[SignatureAlgorithm]) -> Result<Keys, String> {
    #[derive(Deserialize)]
    struct Document {
        keys: Vec<Value>,
    }
    let document: Document =
        serde_json::from_slice(document).map_err(|error| format!("it is no JWK set: {error}"))?;
    let mut keys = Keys::new();
    for key in document.keys {
        let Some((name, key)) = serde_json::from_value::<Jwk>(key).ok().and_then(Jwk::key) else { continue };
        if allowed.contains(&key.algorithm) {
            keys.entry(name).or_insert_with(|| Arc::new(key));
        }
    }
    if keys.is_empty() {
        return Err("it names no key that could be used; see auth.issuers, algorithms".to_owned());
    }
    Ok(keys)
}

impl Jwk {
    fn key(self) -> Option<(String, Key)> {
        let is_for_signatures = self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|one| one == "verify"));
        if !is_for_signatures || self.kid.is_empty() {
            return None;
        }
        let algorithm = self.algorithm()?;
        let decoding = match self.kty.as_str() {
            "OKP" => DecodingKey::from_ed_components(&self.x?),
            "EC" => DecodingKey::from_ec_components(&self.x?, &self.y?),
            _ => {
                let (modulus, exponent) = (self.n?, self.e?);
                let bytes = URL_SAFE_NO_PAD.decode(&modulus).ok()?;
                let length = bytes.iter().skip_while(|byte| **byte == 0).count();
                if !RSA_BYTES.contains(&length) {
                    return None;
                }
                DecodingKey::from_rsa_components(&modulus, &exponent)
            }
        };
        Some((self.kid, Key { algorithm, decoding: decoding.ok()? }))
    }

    /// The one algorithm: what the key itself says, if it is of its type, else what is usual for the type.
    fn algorithm(&self) -> Option<SignatureAlgorithm> {
        use SignatureAlgorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
        let possible: &[SignatureAlgorithm] = match (self.kty.as_str(), self.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => &[EdDSA],
            ("EC", Some("P-256")) => &[ES256],
            ("EC", Some("P-384")) => &[ES384],
            ("RSA", _) => &[RS256, RS384, RS512, PS256, PS384, PS512],
            _ => return None,
        };
        match &self.alg {
            None => possible.first().copied(),
            Some(stated) => possible.iter().copied().find(|one| name(*one) == *stated),
        }
    }
}

/// As it stands in headers and keys.
fn name(algorithm: SignatureAlgorithm) -> String {
    format!("{algorithm:?}")
}

impl Key {
    /// What a token says, if this key has signed it, and by its own algorithm.
    pub fn verify(&self, token: &str, algorithm: SignatureAlgorithm) -> Option<OutsideClaims> {
        if self.algorithm != algorithm {
            return None;
        }
        let mut validation = Validation::new(library(algorithm));
        // The claims are checked by us, with our clock.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        jsonwebtoken::decode(token, &self.decoding, &validation).ok().map(|token| token.claims)
    }
}

const fn library(algorithm: SignatureAlgorithm) -> Algorithm {
    match algorithm {
        SignatureAlgorithm::EdDSA => Algorithm::EdDSA,
        SignatureAlgorithm::ES256 => Algorithm::ES256,
        SignatureAlgorithm::ES384 => Algorithm::ES384,
        SignatureAlgorithm::RS256 => Algorithm::RS256,
        SignatureAlgorithm::RS384 => Algorithm::RS384,
        SignatureAlgorithm::RS512 => Algorithm::RS512,
        SignatureAlgorithm::PS256 => Algorithm::PS256,
        SignatureAlgorithm::PS384 => Algorithm::PS384,
        SignatureAlgorithm::PS512 => Algorithm::PS512,
    }
}
