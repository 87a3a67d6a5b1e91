//! Accounts, sessions and who may do what.
#![expect(clippy::unwrap_used, reason = "test support")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crisislens_model::{Clock, SystemClock};
use jsonwebtoken::{EncodingKey, Header};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Server, note};

fn fields(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn registering_makes_a_viewer_once_and_names_every_wrong_field() {
    let server = Server::start().await;
    let register = async |body: Value| server.post("", "/api/auth/register", &body).await;

    let made = register(json!({"email": "Ada@Example.org", "name": "Ada", "password": PASSWORD})).await;
    let user = made.expect(StatusCode::CREATED);
    assert_eq!((user["role"].as_str(), user["email"].as_str()), (Some("viewer"), Some("ada@example.org")));
    assert!(!user.to_string().contains("argon2"), "the hash is nobody's business: {user}");

    register(json!({"email": "ada@example.ORG", "name": "Ada", "password": PASSWORD})).await.problem(409);
    let wrong = register(json!({"email": "ada", "name": " ", "password": "short"})).await.problem(422);
    assert_eq!(fields(&wrong), ["email", "name", "password"]);
    for (body, field) in [
        (json!({"email": "a@b@c.org", "name": "A", "password": PASSWORD}), "email"),
        (json!({"email": "a b@c.org", "name": "A", "password": PASSWORD}), "email"),
        (json!({"email": "a@c.org", "name": "A\u{7}", "password": PASSWORD}), "name"),
        (json!({"email": "a@c.org", "name": "A".repeat(61), "password": PASSWORD}), "name"),
        (json!({"email": "a@c.org", "name": "A\u{202E}", "password": PASSWORD}), "name"),
        (json!({"email": "a@c.org", "name": "sign in at evil.example/x", "password": PASSWORD}), "name"),
        (json!({"email": "a@c.org", "name": "A", "password": "x".repeat(257)}), "password"),
    ] {
        assert_eq!(fields(&register(body).await.problem(422)), [field]);
    }
    let missing = register(json!({"email": "a@c.org", "name": "A"})).await.problem(422);
    assert!(missing["detail"].as_str().unwrap().contains("password"), "{missing}");
}

#[tokio::test]
async fn a_server_whose_operator_makes_the_accounts_takes_no_registration() {
    let server = Server::start_with(&["--set", "auth.registration=false"]).await;
    let body = json!({"email": "a@c.org", "name": "A", "password": PASSWORD});
    server.post("", "/api/auth/register", &body).await.problem(403);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_get_the_same_answer() {
    let server = Server::start().await;
    server.person("ada@example.org", "viewer").await;
    let login = async |email: &str, password: &str| {
        server.post("", "/api/auth/login", &json!({"email": email, "password": password})).await.problem(401)
    };
    let wrong = login("ada@example.org", "not the password").await;
    for (email, password) in
        [("eve@example.org", PASSWORD), ("no address", PASSWORD), ("ada@example.org", &*"x".repeat(9999))]
    {
        assert_eq!(login(email, password).await, wrong);
    }
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_second_use_ends_the_session() {
    let server = Server::start().await;
    let first = server.person("ada@example.org", "analyst").await;
    let refresh =
        async |token: &str| server.post("", "/api/auth/refresh", &json!({"refresh_token": token})).await;
    let second = refresh(&first.refresh).await.expect(StatusCode::OK);
    assert_eq!(second["token_type"], "Bearer");
    assert!(second["expires_in"].as_i64().unwrap() > 0);
    let second_token = second["refresh_token"].as_str().unwrap();
    assert_ne!(second_token, first.refresh);
    let me =
        server.get(second["access_token"].as_str().unwrap(), "/api/auth/me").await.expect(StatusCode::OK);
    assert_eq!((&me["id"], &me["role"]), (&json!(first.id), &json!("analyst")));

    refresh(&first.refresh).await.problem(401);
    refresh(second_token).await.problem(401);
    refresh("never given out").await.problem(401);
    // Another session of the same person goes on.
    let other = server.login("ada@example.org").await;
    refresh(&other.refresh).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn logging_out_ends_the_session() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "viewer").await;
    let body = json!({"refresh_token": ada.refresh});
    assert_eq!(server.post("", "/api/auth/logout", &body).await.status, StatusCode::NO_CONTENT);
    server.post("", "/api/auth/refresh", &body).await.problem(401);
    assert_eq!(server.post("", "/api/auth/logout", &body).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn each_role_may_do_what_it_is_for_and_nothing_above_it() {
    let server = Server::start().await;
    let viewer = server.person("viewer@example.org", "viewer").await;
    let analyst = server.person("analyst@example.org", "analyst").await;
    let admin = server.person("admin@example.org", "admin").await;

    let refused = server.post(&viewer.token, "/api/ingest", &note(1)).await.problem(403);
    assert!(refused["detail"].as_str().unwrap().contains("analyst"), "{refused}");
    server.get(&viewer.token, "/api/items").await.expect(StatusCode::OK);
    server.get(&viewer.token, "/api/outbox").await.problem(403);
    server.get(&analyst.token, "/api/outbox").await.expect(StatusCode::OK);
    server.get(&analyst.token, "/api/topics").await.problem(403);
    server.get(&admin.token, "/api/topics").await.expect(StatusCode::OK);
    server.ingest(&analyst.token, &note(1)).await;

    for (method, path) in
        [(Method::GET, "/api/items"), (Method::POST, "/api/ingest"), (Method::GET, "/api/topics")]
    {
        let answer = Answer::of(server.request(method, "", path)).await;
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        answer.problem(401);
    }
    let basic = server.request(Method::GET, "", "/api/items").basic_auth("ada", Some("x"));
    Answer::of(basic).await.problem(401);
}

fn seconds_from_now(seconds: i64) -> i64 {
    SystemClock.now().as_second() + seconds
}

fn claims(person: &str) -> Value {
    json!({
        "iss": "crisislens", "aud": "crisislens", "sub": person, "name": "Ada", "role": "admin", "typ": "access",
        "iat": seconds_from_now(0), "exp": seconds_from_now(600), "jti": "1",
    })
}

fn signed(claims: &Value, secret: &str) -> String {
    jsonwebtoken::encode(&Header::default(), claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

#[tokio::test]
async fn forged_and_expired_tokens_are_refused() {
    let secret = "a secret of more than thirty-two bytes";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, secret).unwrap();
    let server = Server::start_with(&["--set", &format!("auth.secret_file={}", file.display())]).await;
    let ada = server.person("ada@example.org", "viewer").await;
    let good = claims(&ada.id);
    server.get(&signed(&good, secret), "/api/auth/me").await.expect(StatusCode::OK);

    let changed = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        signed(&claims, secret)
    };
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let none = format!("{}.{}.", part(&json!({"alg": "none", "typ": "JWT"})), part(&good));
    let mut cut = signed(&good, secret);
    cut.truncate(cut.len() - 4);
    let forged = [
        none,
        cut,
        signed(&good, "another secret of more than thirty-two bytes"),
        changed("aud", json!("somebody-else")),
        changed("iss", json!("somebody-else")),
        changed("typ", json!("ticket")),
        changed("role", json!("emperor")),
        changed("exp", json!("never")),
        "rubbish".to_owned(),
    ];
    for token in &forged {
        server.get(token, "/api/auth/me").await.problem(401);
    }
    let expired = server.get(&changed("exp", json!(seconds_from_now(-1))), "/api/auth/me").await.problem(401);
    assert!(expired["detail"].as_str().unwrap().contains("expired"), "{expired}");
    // Of an account that is gone.
    server.get(&signed(&claims(&uuid::Uuid::nil().to_string()), secret), "/api/auth/me").await.problem(401);
}
