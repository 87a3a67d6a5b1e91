//! The header of a token. The library looks at its algorithm only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// Ours have some 450 bytes.
const MAX_TOKEN_BYTES: usize = 4096;

/// Which of our keys a header names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum OurHeader {
    /// A secret.
    Secret,
    /// The pair of this name.
    Pair(String),
}

/// The header of our tokens, and all that may stand in it: no key, no address of one, no extension that would have to be
/// understood (`crit`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    alg: OurAlgorithm,
    #[serde(rename = "typ")]
    _typ: OurType,
    kid: Option<String>,
}

#[derive(Deserialize)]
enum OurAlgorithm {
    HS256,
    EdDSA,
}

#[derive(Deserialize)]
enum OurType {
    #[serde(rename = "JWT")]
    Jwt,
}

/// The header of a token, if it is one of ours.
pub(super) fn our_header(token: &str) -> Option<OurHeader> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let header = token.split('.').next().and_then(|header| URL_SAFE_NO_PAD.decode(header).ok())?;
    let written: Written = serde_json::from_slice(&header).ok()?;
    match (written.alg, written.kid) {
        (OurAlgorithm::HS256, None) => Some(OurHeader::Secret),
        (OurAlgorithm::EdDSA, Some(kid)) => Some(OurHeader::Pair(kid)),
        _ => None,
    }
}
