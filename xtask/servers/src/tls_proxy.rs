//! A small proxy that ends TLS, and asks for a password where told to, in front of a plain HTTP server.
//!
//! For tests: a thread per connection, one request per connection. What a request means is none of its business.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::{Certificates, Result, ServersError};

/// Longest head of a request or an answer, bytes.
const MAX_HEAD_BYTES: u64 = 64 * 1024;
/// Longest silence within a request or an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running proxy. Dropping it ends it; connections that are open end with their request.
#[derive(Debug)]
pub struct TlsProxy {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl TlsProxy {
    /// Listens on a free port, and hands every request on to `upstream`; where `basic_auth` names a user and a
    /// password, only requests that bring them.
    pub fn start(
        upstream: SocketAddr,
        certificates: &Certificates,
        basic_auth: Option<(&str, &str)>,
    ) -> Result<Self> {
        let config = Arc::new(config(certificates)?);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(ServersError::io("listen"))?;
        let address = listener.local_addr().map_err(ServersError::io("listen"))?;
        let authorization = basic_auth
            .map(|(user, password)| format!("Basic {}", base64(format!("{user}:{password}").as_bytes())));
        let stopping = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stopping);
        let accept = move || {
            for socket in listener.incoming().flatten() {
                if told.load(Ordering::SeqCst) {
                    return;
                }
                let (config, authorization) = (Arc::clone(&config), authorization.clone());
                std::thread::spawn(move || {
                    // A client that gives up, or does not trust us, ends its own connection only.
                    let _ = serve(socket, config, upstream, authorization.as_deref());
                });
            }
        };
        Ok(Self { address, stopping, listener: Some(std::thread::spawn(accept)) })
    }

    /// `https://localhost:PORT`.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }
}

impl Drop for TlsProxy {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // It waits for a connection; here is one.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

fn config(certificates: &Certificates) -> Result<ServerConfig> {
    let failed = |error: String| ServersError::Certificates(error);
    let chain = CertificateDer::pem_slice_iter(certificates.server.certificate_pem.as_bytes());
    let chain = chain.collect::<std::result::Result<_, _>>().map_err(|error| failed(error.to_string()))?;
    let key = PrivateKeyDer::from_pem_slice(certificates.server.key_pem.as_bytes());
    let key = key.map_err(|error| failed(error.to_string()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| failed(error.to_string()))
}

/// One request and its answer.
fn serve(
    socket: TcpStream,
    config: Arc<ServerConfig>,
    upstream: SocketAddr,
    authorization: Option<&str>,
) -> io::Result<()> {
    socket.set_read_timeout(Some(PATIENCE))?;
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut client = BufReader::new(StreamOwned::new(connection, socket));
    let head = Head::read(&mut client)?;
    if authorization.is_some() && head.value("authorization") != authorization {
        let refusal = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"test\"\r\n\
                       Content-Length: 0\r\nConnection: close\r\n\r\n";
        client.get_mut().write_all(refusal.as_bytes())?;
        return close(client.into_inner());
    }
    let mut server = TcpStream::connect(upstream)?;
    server.set_read_timeout(Some(PATIENCE))?;
    server.write_all(head.closing().as_bytes())?;
    copy_body(&head, &mut client, &mut server)?;
    let mut server = BufReader::new(server);
    let answer = Head::read(&mut server)?;
    let client_side = client.get_mut();
    client_side.write_all(answer.closing().as_bytes())?;
    io::copy(&mut server, client_side)?;
    close(client.into_inner())
}

/// Hands a request's body on, whole.
fn copy_body(head: &Head, client: &mut impl BufRead, server: &mut impl Write) -> io::Result<()> {
    if head.value("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return copy_chunks(client, server);
    }
    let length = head.value("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    io::copy(&mut client.take(length), server)?;
    Ok(())
}

fn copy_chunks(client: &mut impl BufRead, server: &mut impl Write) -> io::Result<()> {
    loop {
        let line = line(client)?;
        server.write_all(line.as_bytes())?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
        if size == 0 {
            // The end of the trailer.
            while {
                let line = self::line(client)?;
                server.write_all(line.as_bytes())?;
                line != "\r\n"
            } {}
            return Ok(());
        }
        io::copy(&mut client.take(size + 2), server)?;
    }
}

/// Says that nothing follows, so that the other side can tell the end from a cut.
fn close(mut client: StreamOwned<ServerConnection, TcpStream>) -> io::Result<()> {
    client.conn.send_close_notify();
    client.flush()
}

fn line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if from.take(MAX_HEAD_BYTES).read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line)
}

/// The first line and the header lines, each with its line end.
struct Head(Vec<String>);

impl Head {
    fn read(from: &mut impl BufRead) -> io::Result<Self> {
        let mut lines = Vec::new();
        let mut bytes = 0;
        loop {
            let line = line(from)?;
            bytes += line.len() as u64;
            if line == "\r\n" {
                return Ok(Self(lines));
            }
            if bytes > MAX_HEAD_BYTES {
                return Err(io::Error::other("a head that is too long"));
            }
            lines.push(line);
        }
    }

    fn value(&self, name: &str) -> Option<&str> {
        let fields = self.0.iter().skip(1).filter_map(|line| line.split_once(':'));
        fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The same, saying that the connection ends after this message.
    fn closing(&self) -> String {
        let kept = self.0.iter().filter(|line| {
            let name = line.split(':').next().unwrap_or_default();
            !name.eq_ignore_ascii_case("connection") && !name.eq_ignore_ascii_case("keep-alive")
        });
        kept.map(String::as_str).chain(["Connection: close\r\n\r\n"]).collect()
    }
}

/// Base64 (RFC 4648 §4).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits =
            group.iter().enumerate().fold(0_u32, |bits, (at, byte)| bits | u32::from(*byte) << (16 - 8 * at));
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plain server that answers one request with what it was sent.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let mut socket = BufReader::new(socket);
                let Ok(head) = Head::read(&mut socket) else { continue };
                let mut body = Vec::new();
                copy_body(&head, &mut socket, &mut body).unwrap();
                let socket = socket.get_mut();
                write!(
                    socket,
                    "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                )
                .unwrap();
                socket.write_all(&body).unwrap();
            }
        });
        address
    }

    fn ask(proxy: &TlsProxy, certificates: &Certificates, request: &str) -> io::Result<String> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(certificates.ca_pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = "localhost".try_into().unwrap();
        let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = StreamOwned::new(connection, TcpStream::connect(proxy.address)?);
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    #[test]
    fn a_request_and_its_answer_go_through_tls_whole() {
        let certificates = Certificates::make().unwrap();
        let proxy = TlsProxy::start(echo(), &certificates, None).unwrap();
        let request = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
        let answer = ask(&proxy, &certificates, request).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhello"), "{answer}");
        assert!(answer.contains("Connection: close") && !answer.contains("keep-alive"), "{answer}");
        let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
        let answer = ask(&proxy, &certificates, chunked).unwrap();
        assert!(answer.ends_with("5\r\nhello\r\n0\r\n\r\n"), "{answer}");
    }

    #[test]
    fn without_the_right_password_nothing_reaches_the_server() {
        let certificates = Certificates::make().unwrap();
        let proxy = TlsProxy::start(echo(), &certificates, Some(("app", "secret"))).unwrap();
        let request = |header: &str| format!("GET / HTTP/1.1\r\nHost: x\r\n{header}\r\n");
        let refused = ask(&proxy, &certificates, &request("")).unwrap();
        assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
        let wrong = format!("Authorization: Basic {}\r\n", base64(b"app:wrong"));
        assert!(ask(&proxy, &certificates, &request(&wrong)).unwrap().starts_with("HTTP/1.1 401 "));
        let right = "authorization: Basic YXBwOnNlY3JldA==\r\n";
        assert!(ask(&proxy, &certificates, &request(right)).unwrap().starts_with("HTTP/1.1 200 "));
    }

    #[test]
    fn a_client_that_trusts_another_authority_does_not_connect() {
        let proxy = TlsProxy::start(echo(), &Certificates::make().unwrap(), None).unwrap();
        let request = "GET / HTTP/1.1\r\n\r\n";
        assert!(ask(&proxy, &Certificates::make().unwrap(), request).is_err());
    }
}
