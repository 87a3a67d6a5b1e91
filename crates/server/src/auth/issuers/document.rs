//! Where an issuer's keys are read: one address or one file, both configured, with a bound on time and size.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use crisislens_model::{Clock as _, SystemClock};
use crisislens_sources::poll::{Fetch as _, Fetched, HttpFetch};
use crisislens_sources::{AddressPolicy, GuardedClient, SourceMemory};
use reqwest::Url;
use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

use crate::config::{Issuer, is_loopback};

/// Largest document.
const MAX_BYTES: usize = 64 * 1024;
/// From the request to the last byte.
const WITHIN: Duration = Duration::from_secs(5);

/// Where a document is.
pub enum Document {
    Url(HttpFetch),
    File(PathBuf),
}

impl Document {
    /// Where the keys of `issuer` are.
    pub fn of(issuer: &Issuer) -> anyhow::Result<Self> {
        if let Some(file) = issuer.jwks_file() {
            return Ok(Self::File(file));
        }
        let Some(url) = issuer.jwks_url() else {
            bail!("auth.issuers: jwks is neither an address nor a file")
        };
        // Whoever answers there says which keys hold, and nobody whom they point to.
        let client = GuardedClient::without_redirects(policy(issuer, &url));
        let client = client.context("auth.issuers: cannot set up TLS")?;
        Ok(Self::Url(HttpFetch { client, url, max_bytes: MAX_BYTES, timeout: WITHIN }))
    }

    /// The document, or in words why there is none.
    pub async fn read(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::Url(fetch) => match fetch.fetch(&SourceMemory::default(), SystemClock.now()).await {
                Ok(Fetched::Document { body, .. }) => Ok(body.into()),
                Ok(Fetched::NotModified) => Err("it answered 304 to who knows nothing".to_owned()),
                Err(error) => Err(error.to_string()),
            },
            Self::File(file) => {
                let read = timeout(WITHIN, read_file(file)).await;
                read.unwrap_or_else(|_| Err(format!("{}: not read within {WITHIN:?}", file.display())))
            }
        }
    }
}

/// Which addresses may be asked: an address of this machine is one that the operator has written, and stays one.
fn policy(issuer: &Issuer, url: &Url) -> AddressPolicy {
    match issuer.allow_private {
        _ if is_loopback(url) => AddressPolicy::ThisMachine,
        true => AddressPolicy::AllowPrivate,
        false => AddressPolicy::PublicOnly,
    }
}

async fn read_file(file: &Path) -> Result<Vec<u8>, String> {
    let read = async {
        let mut bytes = Vec::new();
        let file = tokio::fs::File::open(file).await?;
        file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).await?;
        Ok::<_, std::io::Error>(bytes)
    };
    let bytes = read.await.map_err(|error| format!("{}: {error}", file.display()))?;
    if bytes.len() > MAX_BYTES {
        return Err(format!("it is larger than {MAX_BYTES} bytes"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use wiremock::matchers::path;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::super::forged::configured;
    use super::*;

    async fn read(server: &MockServer, at: &str) -> Result<Vec<u8>, String> {
        let jwks = format!("{}{at}?token=hidden", server.uri());
        Document::of(&Issuer { jwks: jwks.as_str().into(), ..configured() }).unwrap().read().await
    }

    #[tokio::test]
    async fn a_document_comes_whole_from_its_own_address_or_not_at_all() {
        let server = MockServer::start().await;
        let answers = [
            ("/keys", ResponseTemplate::new(200).set_body_string("{}")),
            ("/full", ResponseTemplate::new(200).set_body_bytes(vec![b' '; MAX_BYTES])),
            ("/large", ResponseTemplate::new(200).set_body_bytes(vec![b' '; MAX_BYTES + 1])),
            ("/moved", ResponseTemplate::new(302).insert_header("location", "/keys")),
            ("/broken", ResponseTemplate::new(500)),
        ];
        for (at, answer) in answers {
            Mock::given(path(at)).respond_with(answer).mount(&server).await;
        }
        assert_eq!(read(&server, "/keys").await, Ok(b"{}".to_vec()));
        assert_eq!(read(&server, "/full").await.map(|bytes| bytes.len()), Ok(MAX_BYTES));
        for (at, said) in [("/large", "larger"), ("/moved", "302"), ("/broken", "500"), ("/none", "404")] {
            let reason = read(&server, at).await.unwrap_err();
            assert!(reason.contains(said), "{at}: {reason}");
        }
        drop(server);
        let gone = Issuer { jwks: "http://127.0.0.1:9/keys?token=hidden".into(), ..configured() };
        let reason = Document::of(&gone).unwrap().read().await.unwrap_err();
        assert!(!reason.contains("hidden"), "{reason}");
    }

    #[tokio::test]
    async fn an_address_in_a_private_network_is_asked_only_where_that_is_allowed() {
        for jwks in ["https://10.255.255.1/keys", "https://[fd00::1]/keys", "https://keys.internal/keys"] {
            let inside = Issuer { jwks: jwks.into(), ..configured() };
            let reason = Document::of(&inside).unwrap().read().await.unwrap_err();
            assert!(reason.contains("allow_private"), "{jwks}: {reason}");
            let url = inside.jwks_url().unwrap();
            let allowed = Issuer { allow_private: true, ..inside };
            assert!(policy(&allowed, &url).check(&url).is_ok(), "{jwks}");
        }
        for (jwks, expected) in [
            ("http://127.0.0.1:9/keys", AddressPolicy::ThisMachine),
            ("http://localhost:9/keys", AddressPolicy::ThisMachine),
            ("https://id.example/keys", AddressPolicy::PublicOnly),
        ] {
            let url = jwks.parse().unwrap();
            assert_eq!(policy(&configured(), &url), expected, "{jwks}");
        }
    }
}
