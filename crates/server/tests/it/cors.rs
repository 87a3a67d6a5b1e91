//! Pages of other origins: which may read what the API answers.
#![expect(clippy::unwrap_used, reason = "test support")]

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};

use crate::support::Server;

const DESK: &str = "https://desk.example.org";
const ANSWERS: [&str; 5] = [
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-expose-headers",
    "access-control-max-age",
];

async fn start() -> Server {
    let allowed = format!(r#"http.allowed_origins=["https://map.example.org","{DESK}"]"#);
    Server::start_with(&["--set", &allowed]).await
}

/// What a page of `origin` is answered, with its body left unread: some never end.
async fn answer(
    server: &Server,
    method: Method,
    token: &str,
    path: &str,
    origin: &str,
) -> (StatusCode, HeaderMap) {
    let mut request = server.request(method.clone(), token, path).header("origin", origin);
    if method == Method::OPTIONS {
        request = request
            .header("access-control-request-method", "PATCH")
            .header("access-control-request-headers", "authorization,if-match,lock-token");
    }
    let answer = request.send().await.unwrap();
    (answer.status(), answer.headers().clone())
}

fn words<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    headers[name].to_str().unwrap().split(',').map(str::trim).collect()
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_ask_without_a_token_what_it_may_send() {
    let server = start().await;
    for path in ["/api/items", "/api/items/1", "/api/ingest", "/api/sse/stream", "/api/ws/ticket"] {
        let (status, headers) = answer(&server, Method::OPTIONS, "", path, DESK).await;
        assert_eq!((status, &headers[ANSWERS[0]]), (StatusCode::OK, &DESK.parse().unwrap()), "{path}");
        assert_eq!(headers["access-control-max-age"], "600");
        let methods = words(&headers, "access-control-allow-methods");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            assert!(methods.contains(&method), "{method}: {methods:?}");
        }
        let sent = words(&headers, "access-control-allow-headers");
        for name in
            ["authorization", "content-type", "idempotency-key", "if-match", "lock-token", "last-event-id"]
        {
            assert!(sent.contains(&name), "{name}: {sent:?}");
        }
        assert!(!headers.contains_key("access-control-allow-credentials"), "there are no cookies");
    }
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_reads_answers_errors_and_streams() {
    let server = start().await;
    let ada = server.person("ada@example.org", "viewer").await;
    for (token, path, expected) in [
        (&*ada.token, "/api/items", 200),
        (&ada.token, "/api/sse/items", 200),
        (&ada.token, "/api/items?risk_max=2", 400),
        (&ada.token, "/api/audit", 403),
        ("", "/api/items", 401),
        ("", "/api/sse/items", 401),
    ] {
        let (status, headers) = answer(&server, Method::GET, token, path, DESK).await;
        assert_eq!((status.as_u16(), &headers[ANSWERS[0]]), (expected, &DESK.parse().unwrap()), "{path}");
        let exposed = words(&headers, "access-control-expose-headers");
        for name in ["etag", "retry-after", "location"] {
            assert!(exposed.contains(&name), "{name}: {exposed:?}");
        }
        let vary: Vec<_> =
            headers.get_all("vary").iter().map(|value| value.to_str().unwrap().to_lowercase()).collect();
        assert!(vary.iter().any(|value| value.contains("origin")), "{vary:?}");
    }
}

#[tokio::test]
async fn a_page_of_any_other_origin_reads_nothing() {
    let (server, closed) = (start().await, Server::start().await);
    let ada = server.person("ada@example.org", "viewer").await;
    let eve = closed.person("eve@example.org", "viewer").await;
    for origin in [
        "https://evil.example.org",
        "https://desk.example.org.evil.org",
        "https://desk.example.org:8443",
        "http://desk.example.org",
        "null",
    ] {
        for (method, path) in [(Method::GET, "/api/items"), (Method::OPTIONS, "/api/items")] {
            let (_, headers) = answer(&server, method, &ada.token, path, origin).await;
            for name in &ANSWERS[..2] {
                assert!(!headers.contains_key(*name), "{origin} {path}: {name}");
            }
        }
    }
    // Nobody is allowed where nobody is named.
    let (status, headers) = answer(&closed, Method::OPTIONS, "", "/api/items", DESK).await;
    assert!(status.is_client_error(), "{status}");
    let (_, read) = answer(&closed, Method::GET, &eve.token, "/api/items", DESK).await;
    for name in ANSWERS {
        assert!(!headers.contains_key(name) && !read.contains_key(name), "{name}");
    }
}
