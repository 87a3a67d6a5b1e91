//! The header of a token, before its signature is looked at.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::Reached;

// The server is a binary, of which nothing can be used from outside: this file of it stands alone, and is compiled once more here.
#[path = "../../../crates/server/src/auth/header.rs"]
mod header;

/// The bytes are a token, and once more the header of one.
pub fn token(data: &[u8]) -> Reached {
    let mut reached = Reached::new();
    let as_header = format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(data));
    for token in [String::from_utf8_lossy(data).as_ref(), &as_header] {
        let is_ours = is_ours(token);
        if is_ours {
            check(token);
        }
        reached.insert(if is_ours { "ours" } else { "not_ours" }.to_owned());
    }
    reached
}

/// Whether the header of a token is one of ours.
pub(crate) fn is_ours(token: &str) -> bool {
    header::our_header(token).is_some()
}

/// Only these headers are ours, whatever order and spaces it is written with.
fn check(token: &str) {
    let header = token.split('.').next().expect("a text has a first part");
    let header = URL_SAFE_NO_PAD.decode(header).expect("the header is base64");
    let header: Value = serde_json::from_slice(&header).expect("the header is JSON");
    let ours = match header.get("kid") {
        None => json!({"alg": "HS256", "typ": "JWT"}),
        Some(kid) => {
            json!({"alg": "EdDSA", "typ": "JWT", "kid": kid.as_str().expect("a key's name is a text")})
        }
    };
    assert_eq!(header, ours);
}
