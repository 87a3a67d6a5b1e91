//! Where an issuer's keys are read: one address or one file, both configured, with a bound on time and size.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use tokio::io::AsyncReadExt as _;

use crate::config::{Issuer, is_loopback};

/// Largest document.
const MAX_BYTES: usize = 64 * 1024;
/// From the request to the last byte.
pub const WITHIN: Duration = Duration::from_secs(5);
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// Where a document is.
pub enum Document {
    Url { client: Client, url: Url },
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
        let client = Client::builder()
            .user_agent(concat!("CrisisLens/", env!("CARGO_PKG_VERSION")))
            // Whoever answers there says which keys hold, and nobody whom they point to.
            .redirect(Policy::none())
            .https_only(!is_loopback(&url))
            .no_proxy()
            .connect_timeout(CONNECT_WITHIN)
            .timeout(WITHIN)
            .build()
            .context("auth.issuers: cannot set up TLS")?;
        Ok(Self::Url { client, url })
    }

    /// The document, or in words why there is none.
    pub async fn read(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::Url { client, url } => fetch(client, url.clone()).await,
            Self::File(file) => {
                let read = async {
                    let mut bytes = Vec::new();
                    let file = tokio::fs::File::open(file).await?;
                    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).await?;
                    Ok::<_, std::io::Error>(bytes)
                };
                let bytes = read.await.map_err(|error| format!("{}: {error}", file.display()))?;
                if bytes.len() > MAX_BYTES { Err(too_large()) } else { Ok(bytes) }
            }
        }
    }
}

async fn fetch(client: &Client, url: Url) -> Result<Vec<u8>, String> {
    let in_words = |error: reqwest::Error| {
        let error = error.without_url();
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        format!("{error}{cause}")
    };
    let mut response = client.get(url).send().await.map_err(in_words)?;
    if !response.status().is_success() {
        return Err(format!("it answered {}", response.status()));
    }
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(in_words)? {
        if bytes.len() + piece.len() > MAX_BYTES {
            return Err(too_large());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn too_large() -> String {
    format!("it is larger than {MAX_BYTES} bytes")
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
}
