//! Signs alerts: an enveloped XML signature over the whole message (CAP 1.2 §3.3.4.1, XML Signature 1.1), with SHA-256.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

const ECDSA: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
const RSA: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Nothing in the file is a key that we read.
    #[error(
        "has no private key (PEM, -----BEGIN PRIVATE KEY-----). This makes one: \
         openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out FILE"
    )]
    NoKey,
    /// A password is needed.
    #[error("is locked by a password. This writes it without: openssl pkcs8 -in FILE -out OTHER")]
    Locked,
    /// A key, of another sort.
    #[error(
        "is neither an ECDSA key on the curve P-256 nor an RSA key of 2048 to 8192 bits. This makes one: \
         openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out FILE"
    )]
    OtherKey,
    /// Nothing in the file is a certificate.
    #[error("has no certificate (PEM, -----BEGIN CERTIFICATE-----)")]
    NoCertificate,
    /// A certificate of another key.
    #[error(
        "its first certificate is not of the key in alerts.key_file; the key's own comes first, those above it behind"
    )]
    OtherCertificate,
    /// The library failed.
    #[error("cannot sign")]
    Failed,
}

enum Key {
    Ecdsa(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

/// Signs with a key.
pub struct Seal {
    key: Key,
    /// What of `KeyInfo` is the same for all messages.
    key_info: String,
}

impl Seal {
    /// With a private key in PEM: PKCS#8, or the older forms of either sort.
    pub fn new(key: &[u8]) -> Result<Self, SealError> {
        let der = PrivateKeyDer::from_pem_slice(key).map_err(|_| {
            let is_locked = String::from_utf8_lossy(key).contains("ENCRYPTED");
            if is_locked { SealError::Locked } else { SealError::NoKey }
        })?;
        let ecdsa = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_der());
        let key = match (ecdsa, &der) {
            (Ok(pair), _) => Key::Ecdsa(pair),
            (Err(_), PrivateKeyDer::Pkcs1(der)) => Key::rsa(RsaKeyPair::from_der(der.secret_pkcs1_der()))?,
            (Err(_), _) => Key::rsa(RsaKeyPair::from_pkcs8(der.secret_der()))?,
        };
        let key_info = format!("<KeyValue>{}</KeyValue>", key.value());
        Ok(Self { key, key_info })
    }

    /// Signatures carry these certificates (PEM), the first of them the key's own.
    pub fn with_certificates(mut self, certificates: &[u8]) -> Result<Self, SealError> {
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
        let found = found.map_err(|_| SealError::NoCertificate)?;
        let own = found.first().ok_or(SealError::NoCertificate)?;
        let public = self.key.public()?;
        if !own.windows(public.len()).any(|part| part == public) {
            return Err(SealError::OtherCertificate);
        }
        self.key_info = "<X509Data>".to_owned();
        for one in &found {
            let _ = write!(self.key_info, "<X509Certificate>{}</X509Certificate>", STANDARD.encode(one));
        }
        self.key_info += "</X509Data>";
        Ok(self)
    }

    /// The signature of a document of which this is the canonical form; it stands directly before the end of the root.
    pub(super) fn signature(&self, canonical: &str) -> Result<String, SealError> {
        let method = match &self.key {
            Key::Ecdsa(_) => ECDSA,
            Key::Rsa(_) => RSA,
        };
        let digest = STANDARD.encode(digest(&SHA256, canonical.as_bytes()));
        // In canonical form, too.
        let what = format!(
            "<CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></CanonicalizationMethod>\
             <SignatureMethod Algorithm=\"{method}\"></SignatureMethod>\
             <Reference URI=\"\"><Transforms>\
             <Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></Transform>\
             <Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></Transform></Transforms>\
             <DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></DigestMethod>\
             <DigestValue>{digest}</DigestValue></Reference></SignedInfo>"
        );
        let space = "xmlns=\"http://www.w3.org/2000/09/xmldsig#\"";
        let value = STANDARD.encode(self.key.sign(format!("<SignedInfo {space}>{what}").as_bytes())?);
        Ok(format!(
            "<Signature {space}><SignedInfo>{what}<SignatureValue>{value}</SignatureValue><KeyInfo>{}</KeyInfo></Signature>",
            self.key_info
        ))
    }
}

impl Key {
    fn rsa<E>(pair: Result<RsaKeyPair, E>) -> Result<Self, SealError> {
        Ok(Self::Rsa(Box::new(pair.map_err(|_| SealError::OtherKey)?)))
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, SealError> {
        let random = SystemRandom::new();
        match self {
            // As XML Signature wants it: both numbers, 32 bytes each.
            Self::Ecdsa(pair) => pair
                .sign(&random, text)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SealError::Failed),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature).map_err(|_| SealError::Failed)?;
                Ok(signature)
            }
        }
    }

    /// As certificates have it.
    fn public(&self) -> Result<Vec<u8>, SealError> {
        let der: Result<PublicKeyX509Der<'_>, _> = match self {
            Self::Ecdsa(pair) => pair.public_key().as_der(),
            Self::Rsa(pair) => pair.public_key().as_der(),
        };
        der.map(|der| der.as_ref().to_vec()).map_err(|_| SealError::Failed)
    }

    /// What `KeyValue` has.
    fn value(&self) -> String {
        match self {
            Self::Ecdsa(pair) => format!(
                "<ECKeyValue xmlns=\"http://www.w3.org/2009/xmldsig11#\">\
                 <NamedCurve URI=\"urn:oid:1.2.840.10045.3.1.7\"></NamedCurve>\
                 <PublicKey>{}</PublicKey></ECKeyValue>",
                STANDARD.encode(pair.public_key())
            ),
            Self::Rsa(pair) => format!(
                "<RSAKeyValue><Modulus>{}</Modulus><Exponent>{}</Exponent></RSAKeyValue>",
                STANDARD.encode(pair.public_key().modulus().big_endian_without_leading_zero()),
                STANDARD.encode(pair.public_key().exponent().big_endian_without_leading_zero())
            ),
        }
    }
}

#[cfg(test)]
mod tests;
