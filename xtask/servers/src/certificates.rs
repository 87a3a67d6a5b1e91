//! A certificate authority for one test, and what it signs. Making them needs the feature `tls`; holding them does not.

use std::path::PathBuf;

use tempfile::TempDir;

/// A certificate with its key.
#[derive(Debug)]
pub struct Identity {
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// Its private key, PKCS #8 PEM.
    pub key_pem: String,
    /// The certificate as a file.
    pub certificate_file: PathBuf,
    /// The key as a file.
    pub key_file: PathBuf,
    /// Key, certificate and authority in one file, as Kafka reads it.
    pub store_file: PathBuf,
}

/// An authority, a server certificate for `localhost` and 127.0.0.1, and a client certificate whose common name is
/// [`Certificates::CLIENT`]. The files live as long as this value.
#[derive(Debug)]
pub struct Certificates {
    /// The authority's certificate, PEM.
    pub ca_pem: String,
    /// The authority's certificate as a file.
    pub ca_file: PathBuf,
    /// For brokers and other servers (they are clients of one another, too).
    pub server: Identity,
    /// For a client.
    pub client: Identity,
    /// Holds the files.
    _folder: TempDir,
}

impl Certificates {
    /// The common name of the client certificate.
    pub const CLIENT: &str = "app";
    /// The common name of the server certificate.
    pub const SERVER: &str = "server";
}

#[cfg(feature = "tls")]
mod making {
    use std::path::{Path, PathBuf};

    use rcgen::{
        BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
        KeyUsagePurpose,
    };

    use super::{Certificates, Identity};
    use crate::{Result, ServersError};

    impl Certificates {
        /// Makes new ones, which nobody else trusts.
        pub fn make() -> Result<Self> {
            let folder = tempfile::Builder::new()
                .prefix("crisislens-certificates-")
                .tempdir()
                .map_err(ServersError::io("make a folder for certificates"))?;
            let key = KeyPair::generate().map_err(failed)?;
            let mut params = params("CrisisLens test authority", &[])?;
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            let ca_pem = params.self_signed(&key).map_err(failed)?.pem();
            let issuer = Issuer::new(params, key);
            let ca_file = write(folder.path(), "ca.pem", &ca_pem)?;
            let sign = |name, hosts: &[&str]| identity(folder.path(), name, hosts, &issuer, &ca_pem);
            let server = sign(Self::SERVER, &["localhost", "127.0.0.1"])?;
            let client = sign(Self::CLIENT, &[])?;
            Ok(Self { ca_file, server, client, ca_pem, _folder: folder })
        }
    }

    fn identity(
        folder: &Path,
        name: &str,
        hosts: &[&str],
        issuer: &Issuer<'_, KeyPair>,
        ca_pem: &str,
    ) -> Result<Identity> {
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = params(name, hosts)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let certificate_pem = params.signed_by(&key, issuer).map_err(failed)?.pem();
        let key_pem = key.serialize_pem();
        Ok(Identity {
            certificate_file: write(folder, &format!("{name}.pem"), &certificate_pem)?,
            key_file: write(folder, &format!("{name}.key"), &key_pem)?,
            store_file: write(
                folder,
                &format!("{name}-store.pem"),
                &format!("{key_pem}{certificate_pem}{ca_pem}"),
            )?,
            certificate_pem,
            key_pem,
        })
    }

    fn params(name: &str, hosts: &[&str]) -> Result<CertificateParams> {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut params = CertificateParams::new(hosts).map_err(failed)?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        Ok(params)
    }

    fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
        let file = folder.join(name);
        std::fs::write(&file, text).map_err(ServersError::path("write", &file))?;
        Ok(file)
    }

    fn failed(error: rcgen::Error) -> ServersError {
        ServersError::Certificates(error.to_string())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn certificates_lie_in_files_that_go_with_them() {
            let certificates = Certificates::make().unwrap();
            let store = std::fs::read_to_string(&certificates.server.store_file).unwrap();
            assert!(store.starts_with("-----BEGIN PRIVATE KEY-----"));
            assert_eq!(store.matches("-----BEGIN CERTIFICATE-----").count(), 2);
            assert!(store.ends_with(&certificates.ca_pem));
            let file = certificates.ca_file.clone();
            drop(certificates);
            assert!(!file.exists());
        }

        #[test]
        fn two_authorities_differ() {
            assert_ne!(Certificates::make().unwrap().ca_pem, Certificates::make().unwrap().ca_pem);
        }
    }
}
