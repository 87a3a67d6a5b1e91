//! Tokens of others, good and forged; and what they may do here.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crisislens_model::{Clock as _, Role, SystemClock};
use crisislens_state::sqlite::SqliteStore;
use crisislens_state::{Durability, Store};
use crisislens_stream::Health;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::*;

/// The public key of RFC 8037, appendix A …
pub const PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
/// … and the private one.
const PRIVATE: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
/// What comes before a private key of Ed25519 in PKCS #8.
const PKCS8_ED25519: [u8; 16] = *b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
const HEADER: &str = r#"{"typ":"JWT","alg":"EdDSA","kid":"one"}"#;

pub fn configured() -> config::Issuer {
    serde_json::from_value(json!({
        "issuer": "https://id.example", "audience": "crisislens", "jwks": "keys.json", "create_accounts": true,
    }))
    .unwrap()
}

/// A document with Ed25519 keys by name.
pub fn key_set(keys: &[(&str, &str)]) -> String {
    let key = |(kid, x): &(&str, &str)| json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x});
    json!({ "keys": keys.iter().map(key).collect::<Vec<_>>() }).to_string()
}

fn ed25519() -> EncodingKey {
    let private = URL_SAFE_NO_PAD.decode(PRIVATE).unwrap();
    EncodingKey::from_ed_der(&[&PKCS8_ED25519[..], &private].concat())
}

fn signed(header: &str, payload: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

fn payload(change: impl FnOnce(&mut Map<String, Value>)) -> String {
    let now = SystemClock.now().as_second();
    let mut payload = json!({
        "iss": "https://id.example", "aud": "crisislens", "sub": "ada", "iat": now, "exp": now + 600, "name": "Ada",
    });
    change(payload.as_object_mut().unwrap());
    payload.to_string()
}

fn with(name: &'static str, value: Value) -> String {
    payload(|claims| drop(claims.insert(name.to_owned(), value)))
}

struct Desk {
    issuers: Issuers,
    store: Arc<dyn Store>,
    _dir: TempDir,
}

impl Desk {
    async fn open(issuers: &[(config::Issuer, String)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut configured = Vec::new();
        for (number, (issuer, keys)) in issuers.iter().enumerate() {
            let file = dir.path().join(format!("{number}.json"));
            std::fs::write(&file, keys).unwrap();
            configured.push(config::Issuer { jwks: file.to_str().unwrap().into(), ..issuer.clone() });
        }
        let issuers = Issuers::open(&configured, &Health::default()).unwrap();
        issuers.read().await;
        Self {
            issuers,
            store: Arc::new(SqliteStore::open(&dir.path().join("state.db")).await.unwrap()),
            _dir: dir,
        }
    }

    async fn of(issuer: config::Issuer) -> Self {
        Self::open(&[(issuer, key_set(&[("one", PUBLIC)]))]).await
    }

    async fn check(&self, token: &str) -> Result<Claims, TokenError> {
        self.issuers.check(token, &*self.store, SystemClock.now()).await
    }

    async fn says(&self, payload: &str) -> Result<Claims, TokenError> {
        self.check(&signed(HEADER, payload, &ed25519(), Algorithm::EdDSA)).await
    }
}

#[tokio::test]
async fn a_token_with_another_header_is_refused() {
    let desk = Desk::of(configured()).await;
    for header in [
        HEADER,
        r#"{"alg":"EdDSA","kid":"one"}"#,
        r#"{"typ":"at+jwt","alg":"EdDSA","kid":"one"}"#,
        // Passed over: only configured keys count.
        r#"{"alg":"EdDSA","kid":"one","jku":"http://127.0.0.1:1/keys","x5t":"AA"}"#,
    ] {
        let taken = desk.check(&signed(header, &payload(|_| {}), &ed25519(), Algorithm::EdDSA)).await;
        assert!(taken.is_ok(), "{header}");
    }
    for header in [
        r#"{"alg":"none","kid":"one"}"#,
        r#"{"alg":"eddsa","kid":"one"}"#,
        r#"{"alg":"ES256","kid":"one"}"#,
        r#"{"alg":"RS256","kid":"one"}"#,
        r#"{"alg":"PS256","kid":"one"}"#,
        r#"{"alg":["EdDSA"],"kid":"one"}"#,
        r#"{"kid":"one"}"#,
        r#"{"alg":"EdDSA"}"#,
        r#"{"alg":"EdDSA","kid":""}"#,
        r#"{"alg":"EdDSA","kid":null}"#,
        r#"{"alg":"EdDSA","kid":["one"]}"#,
        r#"{"alg":"EdDSA","kid":"two"}"#,
        r#"{"alg":"EdDSA","kid":"../one"}"#,
        r#"{"alg":"EdDSA","kid":"one","kid":"one"}"#,
        r#"{"alg":"EdDSA","kid":"one","crit":["exp"]}"#,
        r#"{"alg":"EdDSA","kid":"one","crit":["b64"],"b64":false}"#,
        r#"{"alg":"EdDSA","kid":"one","crit":[]}"#,
        r#"{"alg":"EdDSA","kid":"one","crit":null}"#,
        r#"{"alg":"EdDSA","kid":"one","typ":"logout+jwt"}"#,
        r#"{"alg":"EdDSA","kid":"one","typ":7}"#,
        r#"["EdDSA","one"]"#,
        r#"["EdDSA","one","JWT",false]"#,
        "[]",
        "",
    ] {
        let refused = desk.check(&signed(header, &payload(|_| {}), &ed25519(), Algorithm::EdDSA)).await;
        assert_eq!(refused.err(), Some(TokenError::Invalid), "{header}");
    }
    let long = format!(r#"{{"alg":"EdDSA","kid":"{}"}}"#, "k".repeat(200));
    let refused = desk.check(&signed(&long, &payload(|_| {}), &ed25519(), Algorithm::EdDSA)).await;
    assert_eq!(refused.err(), Some(TokenError::Invalid));
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret_and_an_attackers_key_is_none_of_ours() {
    let desk = Desk::of(configured()).await;
    let header = r#"{"typ":"JWT","alg":"HS256","kid":"one"}"#;
    let public = URL_SAFE_NO_PAD.decode(PUBLIC).unwrap();
    for secret in [PUBLIC.as_bytes(), &public, b""] {
        let token = signed(header, &payload(|_| {}), &EncodingKey::from_secret(secret), Algorithm::HS256);
        assert_eq!(desk.check(&token).await.err(), Some(TokenError::Invalid));
    }
    let attacker = EncodingKey::from_ed_der(&[&PKCS8_ED25519[..], &[7; 32]].concat());
    let jwk = serde_json::to_string(&Jwk::from_encoding_key(&attacker, Algorithm::EdDSA).unwrap()).unwrap();
    for header in [HEADER, &format!(r#"{{"alg":"EdDSA","kid":"one","jwk":{jwk}}}"#)] {
        let token = signed(header, &payload(|_| {}), &attacker, Algorithm::EdDSA);
        assert_eq!(desk.check(&token).await.err(), Some(TokenError::Invalid), "{header}");
    }
}

#[tokio::test]
async fn a_token_whose_claims_are_missing_or_of_another_kind_is_refused() {
    let desk = Desk::of(configured()).await;
    let now = SystemClock.now().as_second();
    for sound in [
        with("aud", json!(["another", "crisislens"])),
        with("exp", json!(now as f64 + 600.5)),
        with("nbf", json!(now)),
        with("iat", json!(now + 10)),
        payload(|claims| drop(claims.remove("iat"))),
        with("name", json!(7)),
    ] {
        assert!(desk.says(&sound).await.is_ok(), "{sound}");
    }
    for name in ["iss", "aud", "sub", "exp"] {
        let without = payload(|claims| drop(claims.remove(name)));
        for forged in [without, with(name, Value::Null)] {
            assert_eq!(desk.says(&forged).await.err(), Some(TokenError::Invalid), "{forged}");
        }
    }
    for (name, value) in [
        ("iss", json!("https://id.example/")),
        ("iss", json!("https://ID.example")),
        ("iss", json!("crisislens")),
        ("iss", json!(["https://id.example"])),
        ("aud", json!("another")),
        ("aud", json!(["another"])),
        ("aud", json!([])),
        ("aud", json!({"crisislens": true})),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("sub", json!("a\u{0}b")),
        ("sub", json!("x".repeat(300))),
        ("exp", json!((now + 600).to_string())),
        ("exp", json!([now + 600])),
        ("exp", json!(1e300)),
        ("exp", json!(-1)),
        ("nbf", json!(now + 120)),
        ("nbf", json!(now.to_string())),
        ("nbf", Value::Null),
        ("iat", json!(now + 120)),
        ("iat", json!("now")),
        ("iat", Value::Null),
    ] {
        let forged = with(name, value);
        assert_eq!(desk.says(&forged).await.err(), Some(TokenError::Invalid), "{forged}");
    }
    let twice = payload(|_| {}).replacen('{', r#"{"sub":"eve","#, 1);
    assert_eq!(desk.says(&twice).await.err(), Some(TokenError::Invalid));
    assert_eq!(desk.says(&with("exp", json!(now))).await.err(), Some(TokenError::Expired));
    assert_eq!(desk.store.users().await.unwrap().len(), 1, "nobody else has got an account");
}

#[tokio::test]
async fn a_token_that_is_not_whole_is_refused() {
    let desk = Desk::of(configured()).await;
    let good = signed(HEADER, &payload(|_| {}), &ed25519(), Algorithm::EdDSA);
    let parts: Vec<_> = good.split('.').collect();
    let [header, body, signature] = parts[..] else { panic!("{good}") };
    for token in [
        format!("{header}.{body}"),
        format!("{header}.{body}."),
        format!("{header}..{signature}"),
        format!("{header}.{body}.{}", &signature[2..]),
        format!("{good}.{signature}"),
        format!("{good}="),
        format!(" {good}"),
        good.replacen(body, &URL_SAFE_NO_PAD.encode(with("sub", json!("eve"))), 1),
        format!("{header}.{}.{signature}", "A".repeat(1 << 20)),
        "…….…….…….".to_owned(),
        String::new(),
    ] {
        assert_eq!(desk.check(&token).await.err(), Some(TokenError::Invalid), "{token:.60}");
    }
}

/// A pair of keys as a document has the one and a signer the other.
fn pair(kid: &str, algorithm: Algorithm, stated: Option<&str>) -> (Value, EncodingKey) {
    let key = if algorithm == Algorithm::ES256 {
        EncodingKey::from_ec_der(&KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap().serialize_der())
    } else {
        let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        // Without what PKCS #8 puts around it.
        EncodingKey::from_rsa_der(&pair.serialize_der()[26..])
    };
    let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&key, algorithm).unwrap()).unwrap();
    let fields = jwk.as_object_mut().unwrap();
    fields.remove("alg");
    fields.insert("kid".to_owned(), json!(kid));
    fields.extend(stated.map(|stated| ("alg".to_owned(), json!(stated))));
    (jwk, key)
}

#[tokio::test]
async fn a_key_is_for_the_algorithm_that_it_states_or_that_its_type_has() {
    let (es, es_key) = pair("es", Algorithm::ES256, None);
    let (rs, rs_key) = pair("rs", Algorithm::RS256, None);
    let (ps, ps_key) = pair("ps", Algorithm::RS256, Some("PS256"));
    let (mut enc, enc_key) = pair("enc", Algorithm::RS256, None);
    enc["use"] = json!("enc");
    let (mut wrap, wrap_key) = pair("wrap", Algorithm::ES256, None);
    wrap["key_ops"] = json!(["wrapKey"]);
    let (odd, odd_key) = pair("odd", Algorithm::RS256, Some("ES256"));
    let oct = json!({"kty": "oct", "kid": "oct", "k": URL_SAFE_NO_PAD.encode("secret"), "alg": "HS256"});
    let strange = json!({"kty": "PQC", "kid": "strange"});
    let nameless = json!({"kty": "OKP", "crv": "Ed25519", "x": PUBLIC});
    let again = json!({"kty": "OKP", "crv": "Ed25519", "x": PUBLIC, "kid": "es"});
    let keys = json!({ "keys": [strange, nameless, oct, 7, es, rs, ps, enc, wrap, odd, again] }).to_string();
    let all: Vec<_> = ["ES256", "RS256", "PS256", "EdDSA"].map(Value::from).into();
    let wide = config::Issuer { algorithms: serde_json::from_value(all.into()).unwrap(), ..configured() };
    let desk = Desk::open(&[(wide, keys.clone())]).await;
    let usual = Desk::open(&[(configured(), keys)]).await;
    let token = |kid: &str, key: &EncodingKey, algorithm: Algorithm| {
        let header = format!(r#"{{"alg":"{algorithm:?}","kid":"{kid}"}}"#);
        signed(&header, &payload(|_| {}), key, algorithm)
    };
    for (kid, key, algorithm) in [
        ("es", &es_key, Algorithm::ES256),
        ("rs", &rs_key, Algorithm::RS256),
        ("ps", &ps_key, Algorithm::PS256),
    ] {
        let token = token(kid, key, algorithm);
        assert!(desk.check(&token).await.is_ok(), "{kid}");
        assert_eq!(usual.check(&token).await.is_ok(), kid != "ps", "{kid}: only what is configured");
    }
    let secret = EncodingKey::from_secret(b"secret");
    for (kid, key, algorithm) in [
        ("rs", &rs_key, Algorithm::PS256),
        ("rs", &rs_key, Algorithm::RS512),
        ("ps", &ps_key, Algorithm::RS256),
        ("enc", &enc_key, Algorithm::RS256),
        ("wrap", &wrap_key, Algorithm::ES256),
        ("odd", &odd_key, Algorithm::RS256),
        ("oct", &secret, Algorithm::HS256),
        ("es", &ed25519(), Algorithm::EdDSA),
    ] {
        let refused = desk.check(&token(kid, key, algorithm)).await;
        assert_eq!(refused.err(), Some(TokenError::Invalid), "{kid} {algorithm:?}");
    }
}

#[tokio::test]
async fn keys_are_one_issuers_also_where_another_calls_its_own_the_same() {
    let other = config::Issuer { issuer: "https://other.example".to_owned(), ..configured() };
    let (jwk, other_key) = pair("one", Algorithm::ES256, None);
    let other_keys = json!({ "keys": [jwk] }).to_string();
    let desk = Desk::open(&[(configured(), key_set(&[("one", PUBLIC)])), (other, other_keys)]).await;
    let theirs = with("iss", json!("https://other.example"));
    let header = r#"{"alg":"ES256","kid":"one"}"#;
    let own = desk.check(&signed(header, &theirs, &other_key, Algorithm::ES256)).await.unwrap();
    let ada = desk.says(&payload(|_| {})).await.unwrap();
    assert_ne!(own.sub, ada.sub, "the same subject at another issuer is another person");
    let forged = desk.check(&signed(header, &payload(|_| {}), &other_key, Algorithm::ES256)).await;
    assert_eq!(forged.err(), Some(TokenError::Invalid));
    assert_eq!(desk.says(&theirs).await.err(), Some(TokenError::Invalid));
}

#[tokio::test]
async fn who_comes_first_gets_an_account_where_that_is_wanted_and_it_stays_theirs() {
    let desk = Desk::of(configured()).await;
    let first = desk.says(&payload(|_| {})).await.unwrap();
    assert_eq!((first.name.as_str(), first.role, first.sid), ("Ada", Role::Viewer, None));
    assert_eq!(first.sub, account_id("https://id.example", "ada"));
    let mut tx = desk.store.begin(Durability::Process).await.unwrap();
    tx.set_role(first.sub, Role::Approver, SystemClock.now()).await.unwrap();
    tx.commit().await.unwrap();
    let again = desk.says(&with("name", json!("Eve"))).await.unwrap();
    assert_eq!((again.sub, again.role, again.generation), (first.sub, Role::Approver, 1));
    assert_eq!(again.name, "Ada", "the account's, not the token's");
    let audit = desk.store.audit(10, None).await.unwrap();
    assert_eq!((audit.total, audit.items[0].action.as_str()), (1, "users.outside"));
    let for_ever = desk.says(&with("exp", json!(253_402_300_799_i64))).await.unwrap();
    assert!(for_ever.exp <= SystemClock.now().as_second() + MAX_SECONDS);

    let strict = config::Issuer { create_accounts: false, ..configured() };
    let strict = Desk::of(strict).await;
    assert_eq!(strict.says(&payload(|_| {})).await.err(), Some(TokenError::NoAccount));
    assert!(strict.store.users().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_token_never_gives_more_than_it_names_nor_than_the_account_has() {
    let roles = [("desk".to_owned(), Role::Analyst), ("lead".to_owned(), Role::Approver)];
    let mapped =
        config::Issuer { role_claim: "access.roles".to_owned(), roles: roles.into(), ..configured() };
    let desk = Desk::of(mapped).await;
    let named = |sub: &str, roles: Value| {
        payload(|claims| {
            claims.insert("sub".to_owned(), json!(sub));
            claims.insert("access".to_owned(), json!({ "roles": roles }));
        })
    };
    for (sub, roles, role) in [
        ("a", json!(["desk", "lead", "cook"]), Role::Approver),
        ("b", json!("desk"), Role::Analyst),
        ("c", json!(["cook", 7]), Role::Viewer),
        ("d", json!({"lead": true}), Role::Viewer),
        ("a", json!(["desk"]), Role::Analyst),
        ("a", json!(["lead"]), Role::Approver),
        ("b", json!(["lead"]), Role::Analyst),
    ] {
        let claims = desk.says(&named(sub, roles.clone())).await.unwrap();
        assert_eq!(claims.role, role, "{sub} {roles}");
    }
}
