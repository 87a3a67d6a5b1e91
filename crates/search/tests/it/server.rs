//! What the OpenSearch engine makes of servers that are away, refuse or answer badly; none of these is a real OpenSearch.

use std::sync::Arc;

use crisislens_search::contract::sample;
use crisislens_search::opensearch::{OpenSearchIndex, OpenSearchOptions};
use crisislens_search::{SearchError, SearchIndex};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use wiremock::matchers::{basic_auth, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

async fn refusal(url: &str) -> String {
    OpenSearchIndex::open(url, OpenSearchOptions::default()).await.err().unwrap().to_string()
}

#[tokio::test]
async fn a_server_that_is_away_is_named_without_the_password() {
    let port = crisislens_servers::free_port().unwrap();
    let message = refusal(&format!("opensearch://desk:secret@127.0.0.1:{port}/x")).await;
    assert!(message.contains(&format!("127.0.0.1:{port} cannot be reached")), "{message}");
    assert!(!message.contains("secret"), "{message}");
}

#[tokio::test]
async fn a_wrong_password_is_named_as_such_and_the_right_one_is_sent() {
    let server = MockServer::start().await;
    let unavailable = ResponseTemplate::new(503);
    Mock::given(basic_auth("desk", "p@ss/")).respond_with(unavailable).with_priority(1).mount(&server).await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(401)).mount(&server).await;
    let host = server.address();
    assert!(refusal(&format!("opensearch://desk:wrong@{host}/x")).await.contains("password"));
    assert!(refusal(&format!("opensearch://desk:p%40ss%2F@{host}/x")).await.contains("not ready"));
}

/// Answers every request over TLS with 503, and keeps its certificate in `dir`.
async fn secure_server(dir: &TempDir) -> u16 {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(dir.path().join("ca.pem"), cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            // A client that does not trust the certificate ends the handshake.
            if let Ok(mut socket) = acceptor.accept(socket).await {
                let mut request = [0; 4096];
                let _ = socket.read(&mut request).await;
                let answer = "HTTP/1.1 503 Not Ready\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let _ = socket.write_all(answer.as_bytes()).await;
                let _ = socket.shutdown().await;
            }
        }
    });
    port
}

#[tokio::test]
async fn only_a_certificate_of_the_named_authority_is_trusted() {
    let (dir, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let port = secure_server(&dir).await;
    secure_server(&other).await;
    let url = |ca: &str| format!("opensearch://localhost:{port}/x?tls=true{ca}");
    let ca = |dir: &TempDir| format!("&ca={}", dir.path().join("ca.pem").display());
    assert!(refusal(&url(&ca(&dir))).await.contains("not ready"));
    for untrusted in [String::new(), ca(&other)] {
        let message = refusal(&url(&untrusted)).await;
        assert!(message.contains("cannot be reached") && message.contains("certificate"), "{message}");
    }
    std::fs::write(other.path().join("ca.pem"), "no certificate").unwrap();
    let unusable = OpenSearchIndex::connect(&url(&ca(&other)), OpenSearchOptions::default());
    assert!(matches!(unusable.err(), Some(SearchError::InvalidUrl(message)) if message.contains("ca.pem")));
}

/// A server with an index; what `_bulk` answers comes from `bulk`, in order.
async fn indexed(bulk: Vec<ResponseTemplate>) -> (MockServer, Arc<OpenSearchIndex>) {
    let server = MockServer::start().await;
    let answer = |body: Value| ResponseTemplate::new(200).set_body_json(body);
    let offsets = json!({ "_seq_no": 0, "_primary_term": 1, "_source": { "offsets": {} } });
    let description = json!({ "x-items-000001": { "mappings": { "_meta": { "schema": 4, "token": "t" } } } });
    for (verb, at, body) in [
        ("GET", "/x-items", description),
        ("GET", "/x-items-000001/_doc/offsets-t", offsets.clone()),
        ("PUT", "/x-items/_doc/offsets-t", offsets),
        ("POST", "/x-items/_refresh", json!({})),
    ] {
        Mock::given(method(verb)).and(path(at)).respond_with(answer(body)).mount(&server).await;
    }
    for answer in bulk {
        let given = Mock::given(method("POST")).and(path("/x-items/_bulk"));
        given.respond_with(answer).up_to_n_times(1).mount(&server).await;
    }
    let url = format!("opensearch://{}/x", server.address());
    let index = OpenSearchIndex::open(&url, OpenSearchOptions::default()).await.unwrap();
    (server, index)
}

fn outcomes(statuses: &[u16]) -> ResponseTemplate {
    let item = |status: &u16| match status {
        429 => {
            json!({ "index": { "status": 429, "error": { "type": "rejected_execution_exception", "reason": "" } } })
        }
        400 => {
            json!({ "index": { "status": 400, "error": { "type": "mapper_parsing_exception", "reason": "" } } })
        }
        status => json!({ "index": { "status": status } }),
    };
    ResponseTemplate::new(200)
        .set_body_json(json!({ "items": statuses.iter().map(item).collect::<Vec<_>>() }))
}

/// How many items each `_bulk` had.
async fn sent(server: &MockServer) -> Vec<usize> {
    let requests = server.received_requests().await.unwrap();
    let bulks = requests.iter().filter(|request| request.url.path().ends_with("_bulk"));
    bulks.map(|request| request.body.iter().filter(|byte| **byte == b'\n').count() / 2).collect()
}

#[tokio::test]
async fn only_the_items_for_which_the_server_was_too_busy_are_offered_again() {
    let bulk = vec![
        outcomes(&[201, 429, 409, 503]),
        ResponseTemplate::new(503),
        outcomes(&[429, 200]),
        outcomes(&[201]),
    ];
    let (server, index) = indexed(bulk).await;
    index.put(sample::items(4)).await.unwrap();
    index.commit([(0, 4)].into()).await.unwrap();
    assert_eq!(sent(&server).await, [4, 2, 2, 1]);
    assert_eq!(index.offsets().await.unwrap().len(), 0, "as the server says");
}

#[tokio::test]
async fn an_item_that_is_refused_for_good_fails_the_commit_at_once() {
    let (server, index) = indexed(vec![outcomes(&[201, 400, 429])]).await;
    index.put(sample::items(3)).await.unwrap();
    let error = index.commit([(0, 3)].into()).await.unwrap_err();
    assert!(error.to_string().contains("mapping"), "{error}");
    assert_eq!(sent(&server).await, [3]);
    let moved = server.received_requests().await.unwrap();
    assert!(moved.iter().all(|request| request.method.as_str() != "PUT"), "no offset is moved");
}

#[tokio::test]
async fn an_answer_that_leaves_items_out_is_an_error() {
    let (_server, index) = indexed(vec![outcomes(&[201, 201])]).await;
    index.put(sample::items(3)).await.unwrap();
    assert!(index.commit([(0, 3)].into()).await.unwrap_err().to_string().contains("2 of 3"));
}
