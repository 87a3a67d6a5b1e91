//! The header of a token. The library looks at its algorithm only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// Ours have some 450 bytes.
const MAX_TOKEN_BYTES: usize = 4096;

/// The header of our tokens, and all that may stand in it: no key, no address of one, no extension that would have to be
/// understood (`crit`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OurHeader {
    alg: String,
    typ: String,
}

/// Whether the header of a token is one of ours.
pub(super) fn has_our_header(token: &str) -> bool {
    if token.len() > MAX_TOKEN_BYTES {
        return false;
    }
    let header = token.split('.').next().and_then(|header| URL_SAFE_NO_PAD.decode(header).ok());
    header.is_some_and(|header| is_ours(&header))
}

fn is_ours(header: &[u8]) -> bool {
    // A list of both values would be read as the same.
    let is_object = header.trim_ascii_start().starts_with(b"{");
    let header = serde_json::from_slice::<OurHeader>(header);
    is_object && header.is_ok_and(|header| header.alg == "HS256" && header.typ == "JWT")
}
