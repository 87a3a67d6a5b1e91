//! What a token of somebody else says, and what of it must be so (RFC 7519, RFC 8725).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crisislens_model::Timestamp;
use crisislens_model::wording::harmless_name;
use serde::de::{DeserializeOwned, Error, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};

use crate::auth::{MAX_TOKEN_BYTES, TokenError};
use crate::config::{Issuer, SignatureAlgorithm};

/// Its clock may be ahead of ours by so much, seconds.
const LEEWAY_S: i64 = 30;
/// Longest name of a key, and of a subject, bytes.
const MAX_KID: usize = 128;
const MAX_SUBJECT: usize = 255;
/// Most words of a role claim that are looked at.
const MAX_WORDS: usize = 256;

/// The header of a token. Keys and addresses of keys in it are never looked at.
#[derive(Debug, Deserialize)]
pub struct OutsideHeader {
    pub alg: SignatureAlgorithm,
    pub kid: String,
    #[serde(default)]
    typ: Option<String>,
    /// Extensions that must be understood: we know none.
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

impl OutsideHeader {
    /// The header of `token`, if it is one that we could take.
    pub fn of(token: &str) -> Option<Self> {
        if token.len() > MAX_TOKEN_BYTES || token.split('.').count() != 3 {
            return None;
        }
        let header: Self = part(token, 0)?;
        let typ = header.typ.as_deref().map(str::to_ascii_lowercase);
        let is_ours_to_read = matches!(
            typ.as_deref(),
            None | Some("jwt" | "at+jwt" | "application/jwt" | "application/at+jwt")
        );
        let is_sound = !header.crit && !header.kid.is_empty() && header.kid.len() <= MAX_KID;
        (is_sound && is_ours_to_read).then_some(header)
    }
}

/// Who a token says that made it: unchecked, to choose among issuers that are configured.
pub fn claimed_issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claimed {
        iss: String,
    }
    part::<Claimed>(token, 1).map(|claimed| claimed.iss)
}

fn part<T: DeserializeOwned>(token: &str, number: usize) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(number)?).ok()?;
    // A list of the values would be read as the same.
    bytes.trim_ascii_start().starts_with(b"{").then(|| serde_json::from_slice(&bytes).ok())?
}

fn present<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(from).map(|_| true)
}

/// What a token says, once its signature is good.
#[derive(Debug, Deserialize)]
pub struct OutsideClaims {
    pub iss: String,
    pub sub: String,
    aud: Audience,
    pub exp: Seconds,
    #[serde(default, deserialize_with = "not_null")]
    nbf: Option<Seconds>,
    #[serde(default, deserialize_with = "not_null")]
    iat: Option<Seconds>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Seconds since 1970: a number, perhaps with a fraction (RFC 7519 §2), never a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seconds(pub i64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = Number::deserialize(from)?;
        let seconds = number.as_f64().map(f64::floor);
        let seconds = seconds.filter(|seconds| (0.0..=253_402_300_799.0).contains(seconds));
        seconds.map(|seconds| Self(seconds as i64)).ok_or_else(|| D::Error::custom("no time"))
    }
}

fn not_null<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Seconds>, D::Error> {
    Seconds::deserialize(from).map(Some)
}

impl OutsideClaims {
    /// Whether it is of this issuer, for us, and holds now.
    pub fn check(&self, issuer: &Issuer, now: Timestamp) -> Result<(), TokenError> {
        let now = now.as_second();
        let is_for_us = match &self.aud {
            Audience::One(one) => *one == issuer.audience,
            Audience::Many(many) => many.contains(&issuer.audience),
        };
        let has_subject =
            (1..=MAX_SUBJECT).contains(&self.sub.len()) && !self.sub.chars().any(char::is_control);
        let has_begun = [self.nbf, self.iat].into_iter().flatten().all(|from| from.0 <= now + LEEWAY_S);
        if self.iss != issuer.issuer || !is_for_us || !has_subject || !has_begun {
            return Err(TokenError::Invalid);
        }
        if self.exp.0 <= now { Err(TokenError::Expired) } else { Ok(()) }
    }

    /// What colleagues see, as far as the token says it.
    pub fn name(&self) -> Option<String> {
        let names = ["name", "preferred_username", "email"];
        let mut named = names.into_iter().filter_map(|claim| self.others.get(claim)?.as_str());
        named.find_map(|name| Some(harmless_name(name)).filter(|name| !name.is_empty()))
    }

    /// The words of a claim: a text, or a list of them.
    pub fn words(&self, claim: &str) -> Vec<&str> {
        let mut names = claim.split('.');
        let first = names.next().and_then(|name| self.others.get(name));
        match names.fold(first, |value, name| value?.get(name)) {
            Some(Value::String(word)) => vec![word],
            Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).take(MAX_WORDS).collect(),
            _ => Vec::new(),
        }
    }
}
