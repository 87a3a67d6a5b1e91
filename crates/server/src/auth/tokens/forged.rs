//! Tokens that are not ours, and that none of them is taken.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crisislens_model::{Clock as _, SystemClock};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::TokenError;
use super::tests::{SECRET, claims, store, tokens};

/// Header and payload as given, signed with the secret as HMAC-SHA-256.
pub(super) fn signed(header: &str, payload: &str, secret: &[u8]) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let key = EncodingKey::from_secret(secret);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

pub(super) const OURS: &str = r#"{"typ":"JWT","alg":"HS256"}"#;

fn payload(change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> String {
    let mut payload = serde_json::to_value(claims()).unwrap();
    change(payload.as_object_mut().unwrap());
    payload.to_string()
}

#[test]
fn a_token_with_another_header_is_not_ours_even_if_it_is_signed_with_our_secret() {
    let tokens = tokens();
    assert!(tokens.check(&signed(OURS, &payload(|_| {}), SECRET)).is_ok());
    for header in [
        r#"{"typ":"JWT","alg":"none"}"#,
        r#"{"typ":"JWT","alg":"None"}"#,
        r#"{"typ":"JWT","alg":"hs256"}"#,
        r#"{"typ":"JWT","alg":"HS384"}"#,
        r#"{"typ":"JWT","alg":"HS512"}"#,
        r#"{"typ":"JWT","alg":"RS256"}"#,
        r#"{"typ":"JWT","alg":"ES256"}"#,
        r#"{"typ":"JWT","alg":""}"#,
        r#"{"typ":"JWT","alg":["HS256"]}"#,
        r#"{"typ":"JWT"}"#,
        r#"{"alg":"HS256"}"#,
        r#"{"typ":"JWE","alg":"HS256"}"#,
        r#"{"typ":"JWT","alg":"HS256","crit":["exp"]}"#,
        r#"{"typ":"JWT","alg":"HS256","crit":["b64"],"b64":false}"#,
        r#"{"typ":"JWT","alg":"HS256","jku":"https://example.org/keys"}"#,
        r#"{"typ":"JWT","alg":"HS256","x5u":"https://example.org/cert"}"#,
        r#"{"typ":"JWT","alg":"HS256","jwk":{"kty":"oct","k":"AA"}}"#,
        r#"{"typ":"JWT","alg":"HS256","kid":"../../dev/null"}"#,
        r#"{"typ":"JWT","alg":"HS256","kid":null,"crit":null}"#,
        r#"{"typ":"JWT","alg":"EdDSA"}"#,
        r#"{"typ":"JWT","alg":"EdDSA","kid":"ours"}"#,
        r#"{"typ":"JWT","alg":"HS256","zip":"DEF"}"#,
        r#"{"typ":"JWT","alg":"HS256","alg":"HS256"}"#,
        "[]",
        "{",
        "",
    ] {
        let token = signed(header, &payload(|_| {}), SECRET);
        assert_eq!(tokens.check(&token).err(), Some(TokenError::Invalid), "{header}");
    }
}

#[test]
fn a_token_whose_claims_are_missing_or_of_another_kind_is_not_ours() {
    let tokens = tokens();
    let refused = |payload: &str, why: &str| {
        let refused = tokens.check(&signed(OURS, payload, SECRET)).err();
        assert_eq!(refused, Some(TokenError::Invalid), "{why}: {payload}");
    };
    for name in ["iss", "aud", "sub", "name", "role", "typ", "iat", "exp", "jti"] {
        refused(&payload(|claims| drop(claims.remove(name))), name);
        refused(&payload(|claims| drop(claims.insert(name.to_owned(), Value::Null))), name);
    }
    let later = SystemClock.now().as_second() + 600;
    for (name, value) in [
        ("exp", json!(later.to_string())),
        ("exp", json!(later as f64 + 0.5)),
        ("exp", json!([later])),
        ("exp", json!(1e300)),
        ("iss", json!("somebody")),
        ("iss", json!(["crisislens"])),
        ("iss", json!("crisislens ")),
        ("aud", json!("another service")),
        ("aud", json!(["another", "service"])),
        ("sub", json!("somebody")),
        ("sub", json!(7)),
        ("role", json!("root")),
        ("role", json!(["admin"])),
        ("typ", json!("ticket")),
        ("typ", json!("refresh")),
        ("gen", json!("0")),
        ("sid", json!("no id")),
    ] {
        refused(&payload(|claims| drop(claims.insert(name.to_owned(), value.clone()))), name);
    }
    let twice = payload(|_| {}).replacen('{', &format!("{{\"exp\":{later},"), 1);
    refused(&twice, "a claim twice");
    let past = payload(|claims| drop(claims.insert("exp".to_owned(), json!(later - 600))));
    assert_eq!(tokens.check(&signed(OURS, &past, SECRET)).err(), Some(TokenError::Expired));
}

#[tokio::test]
async fn a_token_that_is_not_whole_or_not_signed_by_us_is_not_ours() {
    let (tokens, (_dir, store)) = (tokens(), store().await);
    let good = signed(OURS, &payload(|_| {}), SECRET);
    let parts: Vec<_> = good.split('.').collect();
    let [header, body, signature] = parts[..] else { panic!("{good}") };
    let long = payload(|claims| drop(claims.insert("name".to_owned(), json!("x".repeat(5_000)))));
    for token in [
        signed(OURS, &payload(|_| {}), b"another secret, and long enough to be taken"),
        signed(OURS, &payload(|_| {}), b""),
        signed(OURS, &long, SECRET),
        format!("{header}.{body}."),
        format!("{header}.{body}"),
        format!("{header}..{signature}"),
        format!(".{body}.{signature}"),
        format!("{header}.{body}.{}", &signature[1..]),
        format!("{header}.{body}.{signature}="),
        format!("{header}.{body}.{signature}.{signature}.{signature}"),
        format!(" {good}"),
        format!("{good}\n"),
        good.replacen(body, &URL_SAFE_NO_PAD.encode(payload(|_| {})), 1),
        "\u{0}".to_owned(),
        "…….…….…….".to_owned(),
        String::new(),
    ] {
        assert_eq!(tokens.check(&token).err(), Some(TokenError::Invalid), "{token}");
    }
    assert_eq!(
        tokens.redeem(&good, &*store).await.err(),
        Some(TokenError::Invalid),
        "an access token is no ticket"
    );
    let ticket = tokens.ticket(&claims(), None).unwrap();
    assert_eq!(tokens.check(&ticket).err(), Some(TokenError::Invalid), "a ticket is no access token");
}
