//! TLS to PostgreSQL: a certificate is checked as the URL says. In front of the server stands a TLS end of the test's
//! own, so that the server needs none.

use std::path::Path;
use std::sync::Arc;

use crisislens_state::postgres::PostgresStore;
use crisislens_state::{Durability, StateError, Store as _};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::database::{self, Database};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// What a server named `name` shows.
fn certified(name: &str, by: &Authority) -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, by).unwrap();
    ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap()
}

/// A TLS end in front of the database; answers its port.
async fn tls_end(database: &Database, config: ServerConfig) -> u16 {
    let direct = database.connect_options();
    let server = format!("{}:{}", direct.get_host(), direct.get_port());
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (acceptor, server) = (acceptor.clone(), server.clone());
            tokio::spawn(async move { carry(client, &acceptor, &server).await });
        }
    });
    port
}

/// Answers the client's wish for TLS, which PostgreSQL puts before the first byte of TLS, and carries what follows.
async fn carry(mut client: TcpStream, acceptor: &TlsAcceptor, server: &str) -> std::io::Result<()> {
    let mut wish = [0; 8];
    client.read_exact(&mut wish).await?;
    assert_eq!(wish, [0, 0, 0, 8, 4, 210, 22, 47], "the client asks for TLS before it says anything");
    client.write_all(b"S").await?;
    let mut client = acceptor.accept(client).await?;
    copy_bidirectional(&mut client, &mut TcpStream::connect(server).await?).await?;
    Ok(())
}

async fn open(
    database: &Database,
    host: &str,
    port: u16,
    mode: &str,
    root: &Path,
) -> Result<PostgresStore, StateError> {
    let url = format!("{}&sslmode={mode}&sslrootcert={}", database.url_at(host, port), root.display());
    PostgresStore::open(&url, &database::options()).await
}

#[tokio::test]
async fn a_server_must_show_the_certificate_that_the_url_asks_for() {
    database::with(async |database| {
        let (ours, theirs) = (authority(), authority());
        let dir = TempDir::new().unwrap();
        let [ours_file, theirs_file] = ["ours.pem", "theirs.pem"].map(|name| dir.path().join(name));
        std::fs::write(&ours_file, ours.pem()).unwrap();
        std::fs::write(&theirs_file, theirs.pem()).unwrap();
        let port = tls_end(database, certified("localhost", &ours)).await;

        let store = open(database, "localhost", port, "verify-full", &ours_file).await.unwrap();
        store.begin(Durability::Power).await.unwrap().commit().await.unwrap();
        let stranger = open(database, "localhost", port, "verify-full", &theirs_file).await;
        assert!(is_distrust(&stranger), "{stranger:?}");
        let other_name = open(database, "127.0.0.1", port, "verify-full", &ours_file).await;
        assert!(is_distrust(&other_name), "{other_name:?}");
        open(database, "127.0.0.1", port, "verify-ca", &ours_file).await.unwrap();
        assert!(is_distrust(&open(database, "127.0.0.1", port, "verify-ca", &theirs_file).await));
    })
    .await;
}

fn is_distrust(answer: &Result<PostgresStore, StateError>) -> bool {
    matches!(answer, Err(StateError::CannotOpen { problem, may_pass: false, .. }) if problem.contains("TLS"))
}
