//! Others whose tokens are taken.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crisislens_model::Role;
use serde::{Deserialize, Serialize};

use super::{Config, SecretUrl};

/// A way to sign that takes no shared secret (RFC 7518 §3, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SignatureAlgorithm {
    /// Ed25519.
    EdDSA,
    /// ECDSA on P-256.
    ES256,
    /// ECDSA on P-384.
    ES384,
    /// RSA, PKCS #1 v1.5, SHA-256.
    RS256,
    /// RSA, PKCS #1 v1.5, SHA-384.
    RS384,
    /// RSA, PKCS #1 v1.5, SHA-512.
    RS512,
    /// RSA, PSS, SHA-256.
    PS256,
    /// RSA, PSS, SHA-384.
    PS384,
    /// RSA, PSS, SHA-512.
    PS512,
}

/// How our own tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Signing {
    /// By a secret: only who has it can check them.
    #[default]
    HS256,
    /// By a key whose public half is published, so that others can check them.
    EdDSA,
}

/// Somebody whose tokens are taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// What `iss` says, to the letter.
    pub issuer: String,
    /// What `aud` must hold.
    pub audience: String,
    /// Where its public keys are (a JWK set): an https address, or a file.
    pub jwks: SecretUrl,
    /// Whether that address may lie in a private network.
    #[serde(default)]
    pub allow_private: bool,
    /// How its tokens may be signed.
    #[serde(default = "default_algorithms")]
    pub algorithms: Vec<SignatureAlgorithm>,
    /// Whether who comes for the first time gets an account.
    #[serde(default)]
    pub create_accounts: bool,
    /// The claim that names roles, with dots for what is in another (`realm_access.roles`); empty for none.
    #[serde(default)]
    pub role_claim: String,
    /// For how long its keys are taken while they cannot be read again, hours.
    #[serde(default = "default_keys_hours")]
    pub keys_hours: u64,
    /// Which of our roles its words are.
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
}

fn default_algorithms() -> Vec<SignatureAlgorithm> {
    vec![SignatureAlgorithm::EdDSA, SignatureAlgorithm::ES256, SignatureAlgorithm::RS256]
}

const fn default_keys_hours() -> u64 {
    24
}

impl Issuer {
    /// The address of its keys, where they are at one.
    #[must_use]
    pub fn jwks_url(&self) -> Option<reqwest::Url> {
        self.jwks.expose().contains("://").then(|| self.jwks.expose().parse().ok())?
    }

    /// The file of its keys, where they are in one.
    #[must_use]
    pub fn jwks_file(&self) -> Option<PathBuf> {
        let text = self.jwks.expose();
        (!text.is_empty() && !text.contains("://")).then(|| PathBuf::from(text))
    }

    fn problem(&self) -> Option<String> {
        let problem = if self.issuer.is_empty() || self.issuer == crate::auth::ISSUER {
            "issuer is what its tokens say in iss, and not ours"
        } else if self.audience.is_empty() {
            "audience is empty; name what its tokens for CrisisLens say in aud"
        } else if self.algorithms.is_empty() {
            "algorithms is empty; leave it out for EdDSA, ES256 and RS256"
        } else if self.role_claim.is_empty() && !self.roles.is_empty() {
            "roles says what words mean; role_claim must say where they stand"
        } else if !(1..=168).contains(&self.keys_hours) {
            "keys_hours is not between 1 and 168"
        } else if self.jwks_file().is_none() && !self.jwks_url().is_some_and(|url| may_be_asked(&url)) {
            "jwks is an https address or a file; http is taken of this machine only"
        } else {
            return None;
        };
        Some(format!("auth.issuers {:?}: {problem}", self.issuer))
    }
}

impl Config {
    pub(super) fn issuer_problems(&self) -> Vec<String> {
        let issuers = &self.auth.issuers;
        let mut problems: Vec<String> = issuers.iter().filter_map(Issuer::problem).collect();
        let names: BTreeSet<&str> = issuers.iter().map(|issuer| issuer.issuer.as_str()).collect();
        if names.len() < issuers.len() {
            problems.push("auth.issuers: every issuer is named once".to_owned());
        }
        problems
    }
}

/// Whether keys may be read from there: nobody on the way can exchange them.
fn may_be_asked(url: &reqwest::Url) -> bool {
    url.scheme() == "https" || url.scheme() == "http" && is_loopback(url)
}

/// Whether an address is on this machine.
pub fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    literal.map_or(host == "localhost", |address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(change: impl FnOnce(&mut Issuer)) -> Config {
        let mut issuer: Issuer = serde_json::from_value(serde_json::json!({
            "issuer": "https://id.example", "audience": "crisislens", "jwks": "https://id.example/keys",
        }))
        .unwrap();
        change(&mut issuer);
        let mut config = Config::default();
        config.auth.issuers.push(issuer);
        config
    }

    #[test]
    fn keys_come_over_tls_or_from_this_machine() {
        for (jwks, is_sound) in [
            ("https://id.example/keys", true),
            ("http://127.0.0.1:9/keys", true),
            ("http://[::1]:9/keys", true),
            ("http://localhost/keys", true),
            ("/etc/crisislens/keys.json", true),
            ("http://id.example/keys", false),
            ("http://localhost.example/keys", false),
            ("http://127.0.0.1.example/keys", false),
            ("ftp://id.example/keys", false),
            ("https://", false),
            ("", false),
        ] {
            let config = issuer(|issuer| issuer.jwks = jwks.into());
            assert_eq!(config.issuer_problems().is_empty(), is_sound, "{jwks}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        type Change = fn(&mut Issuer);
        let changes: [(Change, &str); 6] = [
            (|issuer| issuer.issuer = "crisislens".to_owned(), "not ours"),
            (|issuer| issuer.audience.clear(), "audience"),
            (|issuer| issuer.algorithms.clear(), "algorithms"),
            (|issuer| issuer.roles = [("ops".to_owned(), Role::Admin)].into(), "role_claim"),
            (|issuer| issuer.keys_hours = 0, "keys_hours"),
            (|issuer| issuer.jwks = "nowhere://".into(), "jwks"),
        ];
        for (change, said) in changes {
            let problems = issuer(change).issuer_problems().join("\n");
            assert!(problems.contains(said), "{said}: {problems}");
        }
        let mut twice = issuer(|_| {});
        twice.auth.issuers.push(twice.auth.issuers[0].clone());
        assert!(twice.issuer_problems().join("\n").contains("once"));
    }

    #[test]
    fn a_secret_is_no_way_for_others_to_sign() {
        for name in ["HS256", "HS384", "HS512", "none", "rs256"] {
            let text = format!(
                r#"[{{ issuer = "i", audience = "a", jwks = "k", algorithms = ["{name}"], roles = {{ ops = "admin" }} }}]"#
            );
            let set = ("auth.issuers".to_owned(), text.clone());
            assert!(Config::read(None, &[set]).is_err(), "{name}");
            let set = ("auth.issuers".to_owned(), text.replace(name, "PS256"));
            let config = Config::read(None, &[set]).unwrap();
            assert_eq!(config.auth.issuers[0].algorithms, [SignatureAlgorithm::PS256]);
            assert_eq!(config.auth.issuers[0].roles["ops"], Role::Admin);
        }
    }
}
