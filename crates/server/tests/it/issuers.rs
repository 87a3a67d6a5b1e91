//! Tokens that somebody else makes, whose public keys are in a document.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crisislens_model::{Clock as _, SystemClock};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::socket::{Events, Socket};
use crate::support::{PASSWORD, PATIENCE, Server, eventually, text};

/// What comes before a private key of Ed25519 in PKCS #8.
const PKCS8_ED25519: [u8; 16] = *b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
const ISSUER: &str = "https://id.example";
const STRICT: &str = "https://strict.example";

fn key(seed: u8) -> EncodingKey {
    EncodingKey::from_ed_der(&[&PKCS8_ED25519[..], &[seed; 32]].concat())
}

fn key_set(seed: u8, kid: &str) -> String {
    let mut jwk =
        serde_json::to_value(Jwk::from_encoding_key(&key(seed), Algorithm::EdDSA).unwrap()).unwrap();
    jwk["kid"] = json!(kid);
    json!({ "keys": [jwk] }).to_string()
}

fn token(issuer: &str, subject: &str, seconds: i64) -> String {
    token_of("one", issuer, subject, seconds)
}

fn token_of(kid: &str, issuer: &str, subject: &str, seconds: i64) -> String {
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some(kid.to_owned());
    let now = SystemClock.now().as_second();
    let claims = json!({
        "iss": issuer, "aud": ["crisislens", "another"], "sub": subject, "name": "Ada", "iat": now, "exp": now + seconds,
        "groups": ["desk"],
    });
    jsonwebtoken::encode(&header, &claims, &key(1)).unwrap()
}

/// A server that takes tokens of two issuers, the document of whom is not there yet.
async fn start() -> (Server, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name).display().to_string();
    let issuers = format!(
        r#"auth.issuers=[
            {{ issuer = "{ISSUER}", audience = "crisislens", jwks = "{}", create_accounts = true, role_claim = "groups", roles = {{ desk = "analyst" }} }},
            {{ issuer = "{STRICT}", audience = "crisislens", jwks = "{}" }},
        ]"#,
        file("keys.json"),
        file("strict.json"),
    );
    std::fs::write(dir.path().join("strict.json"), key_set(1, "one")).unwrap();
    (Server::start_with(&["--set", &issuers]).await, dir)
}

#[tokio::test]
async fn a_person_of_another_issuer_comes_in_by_every_door_once_its_keys_are_there() {
    let (server, dir) = start().await;
    let ada = token(ISSUER, "ada", 600);
    eventually("readiness says so", async || {
        let ready = server.get("", "/readyz").await.expect(StatusCode::OK);
        ready["reasons"]
            .to_string()
            .contains("issuer https://id.example: its keys cannot be read")
            .then_some(())
    })
    .await;
    let early = server.get(&ada, "/api/auth/me").await;
    assert_eq!(early.status, StatusCode::SERVICE_UNAVAILABLE, "{}", early.body);
    std::fs::write(dir.path().join("keys.json"), key_set(1, "one")).unwrap();
    let me = eventually("its keys are read", async || {
        let answer = server.get(&ada, "/api/auth/me").await;
        (answer.status == StatusCode::OK).then_some(answer.body)
    })
    .await;
    assert_eq!((&me["name"], &me["role"]), (&json!("Ada"), &json!("analyst")));
    server.get(&ada, "/api/outbox").await.expect(StatusCode::OK);
    server.get(&ada, "/api/audit").await.problem(403);
    let ready = server.get("", "/readyz").await.expect(StatusCode::OK);
    assert_eq!(ready["reasons"], json!([]));

    let mut socket = Socket::open(&server, "/ws", &ada).await;
    Events::open(&server, "/api/sse/items", &ada, None).await;
    let ticket = server.post(&ada, "/api/ws/ticket", &Value::Null).await.expect(StatusCode::OK);
    let path = format!("/ws?ticket={}", text(&ticket["ticket"]));
    let mut by_ticket = Socket::connect(&server, &path, &[]).await.unwrap();
    assert_eq!(by_ticket.frame().await["user_id"], me["id"]);
    let mut by_first_word = Socket::connect(&server, "/ws", &[]).await.unwrap();
    by_first_word.send(&json!({"type": "auth", "token": ada})).await;
    assert_eq!(by_first_word.frame().await["user_id"], me["id"]);

    // Renewed over the socket, and what comes behind is obeyed after it.
    let mut short = Socket::open(&server, "/ws", &token(ISSUER, "ada", 4)).await;
    let mut renewed = Socket::open(&server, "/ws", &token(ISSUER, "ada", 4)).await;
    renewed.send(&json!({"type": "auth", "token": token(ISSUER, "ada", 600)})).await;
    assert!(renewed.drain().await.is_empty());
    assert_eq!(short.close_code().await, 4401);
    assert!(renewed.drain().await.is_empty());
    renewed.send(&json!({"type": "auth", "token": token(ISSUER, "eve", 600)})).await;
    assert_eq!(renewed.close_code().await, 1008, "a connection stays one person's");

    // The account is one like others: what is withdrawn is, and the next connection has what it has now.
    let email = text(&me["email"]);
    let credentials = json!({"email": email, "password": PASSWORD});
    server.post("", "/api/auth/login", &credentials).await.problem(401);
    server.cli(&["users", "role", &email, "viewer"]);
    assert_eq!(socket.close_code().await, 4401);
    Socket::open(&server, "/ws", &ada).await;
    server.get(&ada, "/api/outbox").await.problem(403);
}

#[tokio::test]
async fn an_issuer_that_hangs_holds_up_nobody_and_is_not_asked_by_requests() {
    let issuer = MockServer::start().await;
    let hanging = ResponseTemplate::new(200).set_delay(PATIENCE);
    Mock::given(path("/keys")).respond_with(hanging).mount(&issuer).await;
    let issuers = format!(
        r#"auth.issuers=[{{ issuer = "{ISSUER}", audience = "crisislens", jwks = "{}/keys", create_accounts = true }}]"#,
        issuer.uri()
    );
    let server = Server::start_with(&["--set", &issuers]).await;
    let ours = server.person("bob@example.org", "viewer").await;
    let begun = Instant::now();
    let forged: Vec<String> =
        (0..100).map(|flood| token_of(&format!("made up {flood}"), ISSUER, "ada", 600)).collect();
    let answers = forged.iter().map(|forged| server.get(forged, "/api/auth/me"));
    for answer in futures_util::future::join_all(answers).await {
        assert!([401, 503].contains(&answer.status.as_u16()), "{}", answer.status);
    }
    server.get(&ours.token, "/api/auth/me").await.expect(StatusCode::OK);
    let took = begun.elapsed();
    assert!(took < PATIENCE, "{took:?}");
    // The task gives a reading up after five seconds and tries again later.
    let asked = issuer.received_requests().await.unwrap().len();
    assert!((1..=8).contains(&asked), "the issuer was asked {asked} times");
}

#[tokio::test]
async fn a_neighbour_takes_our_tokens_by_the_keys_that_we_publish() {
    let secret = Server::start().await;
    secret.get("", "/.well-known/jwks.json").await.problem(404);
    let mut server = Server::start_with(&["--set", "auth.signing=EdDSA"]).await;
    let ada = server.person("ada@example.org", "viewer").await;
    let document = server.get("", "/.well-known/jwks.json").await.expect(StatusCode::OK);
    let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_value(document).unwrap();
    let header = jsonwebtoken::decode_header(&ada.token).unwrap();
    let key = DecodingKey::from_jwk(keys.find(header.kid.as_deref().unwrap()).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&["crisislens"]);
    let claims = jsonwebtoken::decode::<Value>(&ada.token, &key, &validation).unwrap().claims;
    assert_eq!((&claims["sub"], &claims["typ"]), (&json!(ada.id), &json!("access")));
    let mut socket = Socket::open(&server, "/ws", &ada.token).await;
    let ticket = server.post(&ada.token, "/api/ws/ticket", &Value::Null).await.expect(StatusCode::OK);
    let path = format!("/ws?ticket={}", text(&ticket["ticket"]));
    Socket::connect(&server, &path, &[]).await.unwrap().until("joined_room").await;

    // Back to a secret: nobody is signed out.
    server.terminate();
    socket.ended().await;
    assert!(server.ended().await.success());
    server.set_arguments(&[]);
    server.restart().await;
    server.get(&ada.token, "/api/auth/me").await.expect(StatusCode::OK);
    server.cli(&["topics", "list"]);
}

#[tokio::test]
async fn who_has_no_account_is_told_so_until_the_operator_makes_one() {
    let (server, _dir) = start().await;
    let ben = token(STRICT, "ben", 600);
    let problem = server.get(&ben, "/api/auth/me").await.problem(403);
    assert!(text(&problem["detail"]).contains("account"), "{problem}");
    let bearer = format!("Bearer {ben}");
    let mut socket = Socket::connect(&server, "/ws", &[("authorization", &bearer)]).await.unwrap();
    assert_eq!(socket.close_code().await, 1008);
    let add = ["users", "add", "ben@example.org", "--role", "approver"];
    server.cli(&[&add[..], &["--issuer", STRICT, "--subject", "ben"]].concat());
    let me = server.get(&ben, "/api/auth/me").await.expect(StatusCode::OK);
    assert_eq!((&me["email"], &me["role"]), (&json!("ben@example.org"), &json!("approver")));
    server.get(&token(STRICT, "eve", 600), "/api/auth/me").await.problem(403);

    // Forged in the name of one issuer, or not signed at all.
    let parts: Vec<_> = ben.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"one"}"#);
    for forged in [format!("{none}.{}.", parts[1]), format!("{none}.{}.{}", parts[1], parts[2])] {
        server.get(&forged, "/api/auth/me").await.problem(401);
        server.get(&forged, "/api/sse/items").await.problem(401);
        let bearer = format!("Bearer {forged}");
        let mut socket = Socket::connect(&server, "/ws", &[("authorization", &bearer)]).await.unwrap();
        assert_eq!(socket.close_code().await, 1008);
    }
}
