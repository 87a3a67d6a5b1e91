//! Addresses in one form, so that one page is one page however it was reached.
//!
//! Scheme and host as the URL standard (WHATWG) writes them, without a default port, and without the parameters that only tell a site
//! where its visitors come from. Everything else may decide what a page shows and stays, in its order.

use url::Url;

/// Parameters by which visits are counted: how they begin …
const COUNTING: [&str; 7] = ["utm_", "mc_", "pk_", "piwik_", "matomo_", "hsa_", "at_"];
/// … and whole ones.
const COUNTED: [&str; 14] = [
    "fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "twclid", "yclid", "igshid", "igsh",
    "ref_src", "ref_url", "cmpid", "ncid",
];
/// Longer ones are left as they are.
const MAX_BYTES: usize = 4_096;

/// `address` in its one form; as it is where it is no web address.
#[must_use]
pub fn canonical(address: &str) -> String {
    let Some(mut url) = web(address) else { return address.to_owned() };
    let asked = url.query_pairs().count();
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !counts_visits(name))
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect();
    // Rewritten only where something goes: writing a query anew changes how its bytes are escaped.
    if kept.is_empty() {
        url.set_query(None);
    } else if kept.len() < asked {
        url.query_pairs_mut().clear().extend_pairs(kept);
    }
    // What a browser marked on the page that somebody copied the address from.
    if url.fragment().is_some_and(|fragment| fragment.is_empty() || fragment.starts_with(":~:")) {
        url.set_fragment(None);
    }
    url.into()
}

fn web(address: &str) -> Option<Url> {
    let address = address.trim();
    if address.len() > MAX_BYTES {
        return None;
    }
    Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn counts_visits(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    COUNTED.contains(&name.as_str()) || COUNTING.iter().any(|begin| name.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_page_has_one_address() {
        for (address, one) in [
            (
                "HTTPS://News.Example:443/a?utm_source=x&id=7&fbclid=1#:~:text=a",
                "https://news.example/a?id=7",
            ),
            ("https://news.example/a?utm_source=x", "https://news.example/a"),
            ("https://news.example/a?", "https://news.example/a"),
            ("https://news.example/a#part", "https://news.example/a#part"),
            ("http://bücher.example", "http://xn--bcher-kva.example/"),
            ("https://news.example/a/../b?q=a%20b&r", "https://news.example/b?q=a%20b&r"),
            // Not ours to change.
            ("urn:oid:2.49.0.1", "urn:oid:2.49.0.1"),
            ("no address", "no address"),
            ("", ""),
        ] {
            assert_eq!(canonical(address), one, "{address}");
            assert_eq!(canonical(&canonical(address)), one, "again: {address}");
        }
    }
}
