//! Web origins (RFC 6454): which may open live connections, and whose ticket a request may bring.
//!
//! Browsers say the origin with every WebSocket, with every request to another origin and with every POST; with a plain GET to the
//! page's own server they do not. Programs can say what they like: all this is about what a page makes a browser do.

use axum::http::{HeaderMap, header};

const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// The one origin that a request says, if it says one; what is no text is refused with the rest.
pub fn stated(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("null"))
}

/// Whether a browser's origin may open live connections: our own host, or one of the list. Programs send none.
pub fn is_allowed(allowed: &[String], headers: &HeaderMap) -> bool {
    stated(headers).is_none_or(|origin| is_own(origin, headers) || allowed.iter().any(|one| one == origin))
}

/// Whether a ticket made by a page of `bound` (by a program where that is none) may be used by this request.
///
/// A page's ticket is for pages of its origin, a program's for programs. The only page that does not say its origin is one of our
/// own that opens a stream.
pub fn may_use_ticket(bound: Option<&str>, headers: &HeaderMap) -> bool {
    match (bound, stated(headers)) {
        (Some(bound), Some(stated)) => bound == stated,
        // Some programs state the server's own origin; a page of ours gains nothing by a program's ticket.
        (None, Some(stated)) => is_own(stated, headers),
        (None, None) => true,
        (Some(bound), None) => {
            let is_socket = headers.contains_key(header::UPGRADE);
            // Browsers send it over TLS and on this machine only.
            let is_elsewhere = headers.get(SEC_FETCH_SITE).is_some_and(|site| site != "same-origin");
            !is_socket && !is_elsewhere && is_own(bound, headers)
        }
    }
}

/// Whether an origin is the host that was asked.
fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| {
        origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) == Some(host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: (&str, &str) = ("host", "crisis.example:8000");
    const SOCKET: (&str, &str) = ("upgrade", "websocket");

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in [OWN].iter().chain(all) {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn a_ticket_is_used_where_it_was_made() {
        let (desk, own) = ("https://desk.example", "https://crisis.example:8000");
        let by = |origin| ("origin", origin);
        for (bound, request, is_taken) in [
            (None, &[][..], true),
            (None, &[SOCKET], true),
            (None, &[by(desk)], false),
            (None, &[by(own), SOCKET], true),
            (Some(desk), &[by(desk)], true),
            (Some(desk), &[by(desk), SOCKET], true),
            (Some(desk), &[by("https://desk.example:444")], false),
            (Some(desk), &[by("http://desk.example")], false),
            (Some(desk), &[by("https://desk.example.evil.example")], false),
            (Some(desk), &[by(own)], false),
            (Some(desk), &[by("null")], false),
            (Some(desk), &[], false),
            (Some(desk), &[("sec-fetch-site", "same-origin")], false),
            (Some(own), &[by(own), SOCKET], true),
            (Some(own), &[SOCKET], false),
            // A stream of our own page: browsers say no origin then.
            (Some(own), &[("sec-fetch-site", "same-origin")], true),
            (Some(own), &[], true),
            (Some(own), &[("sec-fetch-site", "same-site")], false),
            (Some(own), &[("sec-fetch-site", "cross-site")], false),
            (Some(own), &[("sec-fetch-site", "none")], false),
        ] {
            assert_eq!(may_use_ticket(bound, &headers(request)), is_taken, "{bound:?} {request:?}");
        }
    }

    #[test]
    fn an_origin_that_is_no_text_is_nobodys() {
        let mut odd = headers(&[]);
        odd.insert(header::ORIGIN, axum::http::HeaderValue::from_bytes(b"https://\xff").unwrap());
        assert!(!is_allowed(&["https://desk.example".to_owned()], &odd));
        assert!(!may_use_ticket(None, &odd) && !may_use_ticket(Some("https://desk.example"), &odd));
    }
}
