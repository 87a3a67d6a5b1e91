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
    alg: String,
    typ: String,
    kid: Option<String>,
}

/// The header of a token, if it is one of ours.
pub(super) fn our_header(token: &str) -> Option<OurHeader> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let header = token.split('.').next().and_then(|header| URL_SAFE_NO_PAD.decode(header).ok())?;
    // A list of the values would be read as the same.
    if !header.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    let written: Written = serde_json::from_slice(&header).ok()?;
    match (written.alg.as_str(), written.typ.as_str(), written.kid) {
        ("HS256", "JWT", None) => Some(OurHeader::Secret),
        ("EdDSA", "JWT", Some(kid)) => Some(OurHeader::Pair(kid)),
        _ => None,
    }
}
