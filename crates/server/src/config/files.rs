//! The files that settings name: whether they can be read.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

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
        named
            .into_iter()
            .chain(self.auth.issuers.iter().map(|issuer| ("auth.issuers, jwks", issuer.jwks_file())))
            .filter_map(|(name, file)| {
                let file = file?;
                let error = readable(&file).err()?;
                Some(format!("{name} = {}: cannot be read: {error}", file.display()))
            })
            .collect()
    }
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
