//! The upgrade request and its answer (RFC 6455 §4.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// What RFC 6455 §1.3 appends to the client's key.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Bytes of a client's key once it is decoded.
const KEY_BYTES: usize = 16;

/// What the answer says about compression, where it was agreed.
///
/// Without context takeover every message is compressed alone: then one compressed frame serves every connection, and a connection
/// keeps no window.
pub const DEFLATE_ANSWER: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// `Sec-WebSocket-Accept` for a client's `Sec-WebSocket-Key`; `None` if that is not 16 bytes in base64.
#[must_use]
pub fn accept(key: &str) -> Option<String> {
    let key = key.trim();
    if STANDARD.decode(key).ok()?.len() != KEY_BYTES {
        return None;
    }
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    Some(STANDARD.encode(digest))
}

/// Whether one of the offers in `Sec-WebSocket-Extensions` can be answered with [`DEFLATE_ANSWER`].
///
/// An offer with `server_max_window_bits` below 15 cannot: the server always uses the whole window.
#[must_use]
pub fn offers_deflate(extensions: &str) -> bool {
    extensions.split(',').any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        parts.next() == Some("permessage-deflate") && parts.all(is_taken)
    })
}

fn is_taken(parameter: &str) -> bool {
    let (name, value) = parameter
        .split_once('=')
        .map_or((parameter, None), |(name, value)| (name.trim_end(), Some(value.trim().trim_matches('"'))));
    match (name, value) {
        ("server_no_context_takeover" | "client_no_context_takeover" | "client_max_window_bits", None) => {
            true
        }
        ("client_max_window_bits", Some(bits)) => matches!(bits.parse::<u8>(), Ok(8..=15)),
        ("server_max_window_bits", Some(bits)) => bits == "15",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_key_is_that_of_the_rfc() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ==").as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        assert_eq!(accept("c2hvcnQ="), None);
        assert_eq!(accept("not base64!"), None);
    }

    #[test]
    fn only_offers_that_the_answer_fits_are_taken() {
        for taken in [
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits",
            "x-other, permessage-deflate; client_max_window_bits=10; server_no_context_takeover",
            "permessage-deflate; server_max_window_bits=9, permessage-deflate",
        ] {
            assert!(offers_deflate(taken), "{taken}");
        }
        for refused in [
            "",
            "x-webkit-deflate-frame",
            "permessage-deflate; server_max_window_bits=9",
            "permessage-deflate; client_max_window_bits=99",
            "permessage-deflate; unknown",
        ] {
            assert!(!offers_deflate(refused), "{refused}");
        }
    }
}
