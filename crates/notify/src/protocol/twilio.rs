//! Who calls back for a short message: Twilio signs the address and the form.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The header with the signature.
pub const SIGNATURE: &str = "x-twilio-signature";

/// Checks callbacks by an account's token.
pub struct Checker(hmac::Key);

impl Checker {
    /// With the account's token.
    #[must_use]
    pub fn new(token: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes()))
    }

    /// The signature of a form that was posted to `url`: the whole public address as it was given to Twilio, with its query.
    #[must_use]
    pub fn sign(&self, url: &str, form: &[(String, String)]) -> String {
        STANDARD.encode(hmac::sign(&self.0, signed(url, form).as_bytes()))
    }

    /// Whether the form came from Twilio. The port of the address may have been left out or added on the way.
    #[must_use]
    pub fn is_theirs(&self, url: &str, form: &[(String, String)], signature: &str) -> bool {
        let Ok(tag) = STANDARD.decode(signature) else { return false };
        spellings(url).iter().any(|url| hmac::verify(&self.0, signed(url, form).as_bytes(), &tag).is_ok())
    }

    /// The same for a body that is no form: its SHA-256 stands in the query as `bodySHA256`.
    #[must_use]
    pub fn is_their_body(&self, url: &str, body: &[u8], signature: &str) -> bool {
        let hash: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
        let stated = url
            .split_once('?')
            .and_then(|(_, query)| query.split('&').find_map(|pair| pair.strip_prefix("bodySHA256=")));
        stated == Some(hash.as_str()) && self.is_theirs(url, &[], signature)
    }
}

/// Address, then each name with its values, in order; a pair that comes twice counts once.
fn signed(url: &str, form: &[(String, String)]) -> String {
    let mut pairs: Vec<&(String, String)> = form.iter().collect();
    pairs.sort();
    pairs.dedup();
    pairs.into_iter().fold(url.to_owned(), |text, (name, value)| text + name + value)
}

/// The address as it is, and with its port left out or said.
fn spellings(url: &str) -> Vec<String> {
    let mut all = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else { return all };
    let standard = if scheme == "https" { "443" } else { "80" };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            all.push(format!("{scheme}://{host}{path}"));
        }
        _ => all.push(format!("{scheme}://{authority}:{standard}{path}")),
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";

    fn form(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn call() -> Vec<(String, String)> {
        form(&[
            ("To", "+18005551212"),
            ("Digits", "1234"),
            ("CallSid", "CA1234567890ABCDE"),
            ("From", "+14158675309"),
            ("Caller", "+14158675309"),
        ])
    }

    #[test]
    fn signatures_are_those_that_twilio_makes() {
        let checker = Checker::new("12345");
        let several = form(&[
            ("Sid", "CA123"),
            ("SidAccount", "AC123"),
            ("Digits", "5678"),
            ("Digits", "1234"),
            ("Digits", "1234"),
        ]);
        for (url, form, signature) in [
            (URL, call(), "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            ("https://mycompany.com:443/myapp.php?foo=1&bar=2", call(), "kvajT1Ptam85bY51eRf/AJRuM3w="),
            ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", call(), "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
            ("http://mycompany.com:80/myapp.php?foo=1&bar=2", call(), "0ZXoZLH/DfblKGATFgpif+LLRf4="),
            (URL, several, "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
        ] {
            assert_eq!(checker.sign(url, &form), signature, "{url}");
            assert!(checker.is_theirs(url, &form, signature));
        }
    }

    #[test]
    fn a_port_that_a_proxy_added_or_left_out_does_no_harm() {
        let checker = Checker::new("12345");
        assert!(checker.is_theirs(
            "https://mycompany.com:443/myapp.php?foo=1&bar=2",
            &call(),
            "RSOYDt4T1cUTdK1PDd93/VVr8B8="
        ));
        assert!(checker.is_theirs(URL, &call(), "kvajT1Ptam85bY51eRf/AJRuM3w="));
    }

    #[test]
    fn what_was_changed_or_made_by_others_is_refused() {
        let checker = Checker::new("12345");
        let signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
        let mut changed = call();
        changed[0].1 = "+18005551213".to_owned();
        assert!(!checker.is_theirs(URL, &changed, signature));
        assert!(!checker.is_theirs("https://mycompany.com/myapp.php?foo=1&bar=3", &call(), signature));
        assert!(!Checker::new("12346").is_theirs(URL, &call(), signature));
        assert!(!checker.is_theirs(URL, &call(), "") && !checker.is_theirs(URL, &call(), "rubbish!"));
    }

    #[test]
    fn a_body_is_named_by_its_hash() {
        let (checker, body) = (Checker::new("12345"), br#"{"property": "value", "boolean": true}"#);
        let hash = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
        let url = format!("{URL}&bodySHA256={hash}");
        let signature = "a9nBmqA0ju/hNViExpshrM61xv4=";
        assert!(checker.is_their_body(&url, body, signature));
        assert!(!checker.is_their_body(&url, b"{}", signature));
        assert!(!checker.is_their_body(URL, body, signature));
    }
}
