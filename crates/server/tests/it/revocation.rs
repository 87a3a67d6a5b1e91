//! What is withdrawn before its time: sessions that were ended, roles and passwords that were changed, secrets that were replaced.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test support")]

use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::socket::{Events, Socket};
use crate::support::{Answer, PASSWORD, Person, Server, text};

/// How long an open connection may outlive what it stands on.
const SOON: Duration = Duration::from_secs(5);
/// The server has looked at the store twice since.
const TWO_LOOKS: Duration = Duration::from_millis(2500);

async fn soon<T>(what: &str, comes: impl Future<Output = T>) -> T {
    timeout(SOON, comes).await.unwrap_or_else(|_| panic!("not within {SOON:?}: {what}"))
}

async fn refresh(server: &Server, token: &str) -> Answer {
    server.post("", "/api/auth/refresh", &json!({"refresh_token": token})).await
}

async fn log_out(server: &Server, person: &Person) {
    let answer = server.post("", "/api/auth/logout", &json!({"refresh_token": person.refresh})).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
}

async fn ticket(server: &Server, token: &str) -> String {
    let ticket = server.post(token, "/api/ws/ticket", &Value::Null).await.expect(StatusCode::OK);
    format!("/ws?ticket={}", text(&ticket["ticket"]))
}

async fn renew(socket: &mut Socket, token: &str) {
    socket.send(&json!({"type": "auth", "token": token})).await;
}

/// With which code a new connection is closed.
async fn refused(server: &Server, path: &str, token: &str) -> u16 {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", &*bearer)];
    let headers: &[_] = if token.is_empty() { &[] } else { &headers };
    Socket::connect(server, path, headers).await.unwrap().close_code().await
}

async fn assert_holds(server: &Server, person: &Person, socket: &mut Socket) {
    assert!(socket.drain().await.is_empty(), "the connection goes on");
    server.get(&person.token, "/api/auth/me").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn logging_out_ends_the_sessions_connections_and_tokens_and_those_of_no_other() {
    let mut server = Server::start().await;
    let ada = server.person("ada@example.org", "viewer").await;
    let elsewhere = server.login("ada@example.org").await;
    let bob = server.person("bob@example.org", "viewer").await;
    let mut socket = Socket::open(&server, "/ws", &ada.token).await;
    let by_ticket = ticket(&server, &ada.token).await;
    let mut by_ticket = Socket::connect(&server, &by_ticket, &[]).await.unwrap();
    by_ticket.drain().await;
    let mut events = Events::open(&server, "/api/sse/items", &ada.token, None).await;
    let unused = ticket(&server, &ada.token).await;
    let mut other = Socket::open(&server, "/ws", &elsewhere.token).await;
    let mut other_events = Events::open(&server, "/api/sse/stream", &elsewhere.token, None).await;
    other_events.until("joined_room").await;
    let mut bobs = Socket::open(&server, "/ws", &bob.token).await;

    log_out(&server, &ada).await;
    let me = server.get(&ada.token, "/api/auth/me").await.problem(401);
    assert!(text(&me["detail"]).contains("session was ended"), "at once where one logged out: {me}");
    assert_eq!(soon("a WebSocket is closed", socket.close_code()).await, 4403);
    assert_eq!(soon("one of a ticket too", by_ticket.close_code()).await, 4403);
    soon("a stream ends", events.ended()).await;

    assert_eq!(refused(&server, "/ws", &ada.token).await, 4403);
    assert_eq!(refused(&server, &unused, "").await, 4403);
    server.get(&ada.token, "/api/sse/items").await.problem(401);
    server.post(&ada.token, "/api/ws/ticket", &Value::Null).await.problem(401);
    refresh(&server, &ada.refresh).await.problem(401);

    sleep(TWO_LOOKS).await;
    assert_holds(&server, &elsewhere, &mut other).await;
    assert_holds(&server, &bob, &mut bobs).await;
    let quiet = timeout(Duration::from_millis(200), other_events.ended()).await;
    assert!(quiet.is_err(), "the stream of the other session goes on");
    refresh(&server, &elsewhere.refresh).await.expect(StatusCode::OK);

    server.kill9();
    server.restart().await;
    server.get(&ada.token, "/api/auth/me").await.problem(401);
    assert_eq!(refused(&server, "/ws", &ada.token).await, 4403, "it is known before anybody is served");
    server.get(&bob.token, "/api/auth/me").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn another_role_ends_what_says_the_old_one_and_the_next_token_holds_at_once() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let bob = server.person("bob@example.org", "analyst").await;
    let mut socket = Socket::open(&server, "/ws", &ada.token).await;
    let mut events = Events::open(&server, "/api/sse/items", &ada.token, None).await;
    let unused = ticket(&server, &ada.token).await;
    let mut bobs = Socket::open(&server, "/ws", &bob.token).await;
    server.get(&ada.token, "/api/outbox").await.expect(StatusCode::OK);

    // Another process writes it: this one must find out.
    server.cli(&["users", "role", "ada@example.org", "viewer"]);
    assert_eq!(soon("a WebSocket is closed", socket.close_code()).await, 4401);
    soon("a stream ends", events.ended()).await;
    let old = server.get(&ada.token, "/api/outbox").await.problem(401);
    assert!(text(&old["detail"]).contains("refresh"), "{old}");
    assert_eq!(refused(&server, "/ws", &ada.token).await, 4401);
    assert_eq!(refused(&server, &unused, "").await, 4401);

    let next = refresh(&server, &ada.refresh).await.expect(StatusCode::OK);
    let next = text(&next["access_token"]);
    server.get(&next, "/api/outbox").await.problem(403);
    let again = server.login("ada@example.org").await;
    let mut socket = Socket::open(&server, "/ws", &again.token).await;
    renew(&mut socket, &next).await;
    sleep(TWO_LOOKS).await;
    assert_holds(&server, &again, &mut socket).await;
    server.get(&next, "/api/auth/me").await.expect(StatusCode::OK);
    assert_holds(&server, &bob, &mut bobs).await;

    // Signed in before the server has looked.
    for role in ["analyst", "admin", "viewer", "approver"] {
        server.cli(&["users", "role", "ada@example.org", role]);
        let now = server.login("ada@example.org").await;
        let me = server.get(&now.token, "/api/auth/me").await.expect(StatusCode::OK);
        assert_eq!(me["role"], role);
        let mut socket = Socket::open(&server, "/ws", &now.token).await;
        sleep(TWO_LOOKS).await;
        assert_holds(&server, &now, &mut socket).await;
    }
}

#[tokio::test]
async fn another_password_ends_every_session() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "viewer").await;
    let elsewhere = server.login("ada@example.org").await;
    let mut socket = Socket::open(&server, "/ws", &ada.token).await;
    let mut other = Socket::open(&server, "/ws", &elsewhere.token).await;
    server.cli(&["users", "password", "ada@example.org"]);
    assert_eq!(soon("a WebSocket is closed", socket.close_code()).await, 4401);
    assert_eq!(soon("the other too", other.close_code()).await, 4401);
    for person in [&ada, &elsewhere] {
        server.get(&person.token, "/api/auth/me").await.problem(401);
        refresh(&server, &person.refresh).await.problem(401);
    }
    let again = server.login("ada@example.org").await;
    server.get(&again.token, "/api/auth/me").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn who_signs_in_while_the_password_changes_has_no_session_of_the_old_one() {
    let server = Server::start().await;
    server.person("ada@example.org", "viewer").await;
    let mut command = server.command(&["users", "password", "ada@example.org"]);
    let mut changing = command.env("CRISISLENS_PASSWORD", "another horse").spawn().unwrap();
    let credentials = json!({"email": "ada@example.org", "password": PASSWORD});
    // Until it is refused.
    let sign_in = async || {
        let mut sessions = Vec::new();
        loop {
            let answer = server.post("", "/api/auth/login", &credentials).await;
            if answer.status != StatusCode::OK {
                answer.problem(401);
                return sessions;
            }
            sessions.push(answer.body);
        }
    };
    let sessions = join_all((0..8).map(|_| sign_in())).await.concat();
    assert!(changing.wait().unwrap().success());
    sleep(TWO_LOOKS).await;
    for session in sessions {
        refresh(&server, &text(&session["refresh_token"])).await.problem(401);
        server.get(&text(&session["access_token"]), "/api/auth/me").await.problem(401);
    }
}

#[tokio::test]
async fn a_refresh_token_used_twice_ends_the_connections_of_its_session() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "viewer").await;
    let elsewhere = server.login("ada@example.org").await;
    let next = refresh(&server, &ada.refresh).await.expect(StatusCode::OK);
    let next = text(&next["access_token"]);
    let mut socket = Socket::open(&server, "/ws", &ada.token).await;
    let mut renewed = Socket::open(&server, "/ws", &next).await;
    let mut other = Socket::open(&server, "/ws", &elsewhere.token).await;
    refresh(&server, &ada.refresh).await.problem(401);
    assert_eq!(soon("a WebSocket is closed", socket.close_code()).await, 4403);
    assert_eq!(soon("one of the next token too", renewed.close_code()).await, 4403);
    server.get(&next, "/api/auth/me").await.problem(401);
    assert_holds(&server, &elsewhere, &mut other).await;
}

#[tokio::test]
async fn a_connection_stands_on_the_token_it_was_renewed_with() {
    let server = Server::start().await;
    let first = server.person("ada@example.org", "viewer").await;
    let second = server.login("ada@example.org").await;
    let third = server.login("ada@example.org").await;
    let mut socket = Socket::open(&server, "/ws", &first.token).await;
    let mut third_socket = Socket::open(&server, "/ws", &third.token).await;
    renew(&mut socket, &second.token).await;
    assert!(socket.drain().await.is_empty());
    log_out(&server, &first).await;
    sleep(TWO_LOOKS).await;
    assert_holds(&server, &second, &mut socket).await;
    renew(&mut third_socket, &first.token).await;
    assert_eq!(third_socket.close_code().await, 4403, "a token of a session that was ended renews nothing");
    log_out(&server, &second).await;
    assert_eq!(soon("it is closed with its new session", socket.close_code()).await, 4403);

    server.cli(&["users", "role", "ada@example.org", "analyst"]);
    let now = server.login("ada@example.org").await;
    let mut socket = Socket::open(&server, "/ws", &now.token).await;
    sleep(TWO_LOOKS).await;
    renew(&mut socket, &third.token).await;
    assert_eq!(socket.close_code().await, 4401, "nor does one that says another role");
}

/// Whether `secret` has signed it.
fn is_signed_with(secret: &str, token: &str) -> bool {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&["crisislens"]);
    jsonwebtoken::decode::<Value>(token, &DecodingKey::from_secret(secret.as_bytes()), &validation).is_ok()
}

async fn restart_with(server: &mut Server, file: &Path, secrets: &str) {
    server.terminate();
    assert!(server.ended().await.success());
    std::fs::write(file, secrets).unwrap();
    server.restart().await;
}

#[tokio::test]
async fn a_secret_is_replaced_without_signing_anybody_out() {
    let (old, new) =
        ("the old secret, of more than thirty-two bytes", "the new secret, of more than thirty-two bytes");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, format!("{old}\n")).unwrap();
    let mut server = Server::start_with(&["--set", &format!("auth.secret_file={}", file.display())]).await;
    let before = server.person("ada@example.org", "viewer").await;
    assert!(is_signed_with(old, &before.token));

    restart_with(&mut server, &file, &format!("{new}\n{old}\n")).await;
    let mut socket = Socket::open(&server, "/ws", &before.token).await;
    assert_holds(&server, &before, &mut socket).await;
    let after = server.login("ada@example.org").await;
    assert!(is_signed_with(new, &after.token) && !is_signed_with(old, &after.token));
    renew(&mut socket, &after.token).await;
    assert_holds(&server, &after, &mut socket).await;
    let refreshed = refresh(&server, &before.refresh).await.expect(StatusCode::OK);
    assert!(is_signed_with(new, &text(&refreshed["access_token"])));

    restart_with(&mut server, &file, new).await;
    server.get(&before.token, "/api/auth/me").await.problem(401);
    assert_eq!(refused(&server, "/ws", &before.token).await, 1008);
    server.get(&after.token, "/api/auth/me").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_secret_file_that_cannot_be_used_stops_the_server_and_says_which_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let setting = format!("auth.secret_file={}", file.display());
    let server = Server::prepare(&[]);
    let long = "a secret of more than thirty-two bytes";
    for (text, said) in [
        ("", "0 secrets"),
        ("short", "secret 1 has 5 bytes"),
        (&*format!("{long}\nshort\n"), "secret 2 has 5 bytes"),
        (&*format!("{long}\n").repeat(5), "5 secrets"),
    ] {
        std::fs::write(&file, text).unwrap();
        let output = server.run(&["serve", "--listen", "127.0.0.1:0", "--set", &setting]);
        assert!(!output.status.success(), "{text:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(said) && !error.contains(long), "{text:?}: {error}");
    }
}
