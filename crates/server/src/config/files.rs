//! The files that settings name: whether they can be read.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use crisislens_notify::cap::{Seal, SealError};

use super::Config;
use super::secret_url::SecretUrl;

impl Config {
    /// What is wrong with the files that settings name. A topics file and recordings are among [`Self::problems`] already.
    #[must_use]
    pub fn file_problems(&self) -> Vec<String> {
        let kafka = &self.log.kafka;
        let secret = Some(&self.auth.secret_file).filter(|file| !file.is_empty()).map(PathBuf::from);
        let named = [
            ("auth.secret_file", secret),
            ("log.kafka.password_file", kafka.password_file.clone()),
            ("log.kafka.ca_file", kafka.ca_file.clone()),
            ("log.kafka.cert_file", kafka.cert_file.clone()),
            ("log.kafka.key_file", kafka.key_file.clone()),
            ("state.url, sslrootcert", parameter(&self.state.url, "sslrootcert")),
            ("state.url, sslcert", parameter(&self.state.url, "sslcert")),
            ("state.url, sslkey", parameter(&self.state.url, "sslkey")),
            ("search.url, ca", parameter(&self.search.url, "ca")),
        ];
        let unsealed = self.seal().err().map(|error| format!("{error:#}"));
        named
            .into_iter()
            .chain(self.auth.issuers.iter().map(|issuer| ("auth.issuers, jwks", issuer.jwks_file())))
            .filter_map(|(name, file)| {
                let file = file?;
                let error = readable(&file).err()?;
                Some(format!("{name} = {}: cannot be read: {error}", file.display()))
            })
            .chain(unsealed)
            .collect()
    }

    /// What alerts are signed with, if anything.
    pub fn seal(&self) -> anyhow::Result<Option<Seal>> {
        let is_named = |file: &Path| !file.as_os_str().is_empty();
        let (key, cert) = (&self.alerts.key_file, &self.alerts.cert_file);
        if !is_named(key) {
            return Ok(None);
        }
        let seal = with_file("alerts.key_file", key, Seal::new)?;
        if !is_named(cert) {
            return Ok(Some(seal));
        }
        with_file("alerts.cert_file", cert, |pem| seal.with_certificates(pem)).map(Some)
    }
}

fn with_file<T>(
    name: &str,
    file: &Path,
    make: impl FnOnce(&[u8]) -> Result<T, SealError>,
) -> anyhow::Result<T> {
    let named = || format!("{name} = {}", file.display());
    let content = std::fs::read(file).with_context(|| format!("{}: cannot be read", named()))?;
    make(&content).map_err(|why| anyhow!("{}: {why}", named()))
}

/// The file that a parameter of `url` names.
fn parameter(url: &SecretUrl, name: &str) -> Option<PathBuf> {
    let parsed = reqwest::Url::parse(url.expose()).ok()?;
    let (_, value) = parsed.query_pairs().find(|(parameter, _)| parameter == name)?;
    (!value.is_empty()).then(|| PathBuf::from(value.as_ref()))
}

/// A folder can be opened but not read.
fn readable(file: &Path) -> std::io::Result<()> {
    File::open(file)?.read(&mut [0]).map(|_| ())
}
