//! Encryption of push messages for a browser (RFC 8291 on RFC 8188): the push service that carries them cannot read them.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Most bytes of a message: every push service takes bodies of 4,096, of which encryption needs 103.
pub const MAX_BYTES: usize = 3_993;
/// One record holds all.
const RECORD_SIZE: u32 = 4096;

/// The keys that a browser gave with its subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// Its public key, an uncompressed point (`p256dh`).
    public: Vec<u8>,
    /// The secret that it shares with us only (`auth`).
    auth: Vec<u8>,
}

/// Why a message is not encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncryptError {
    /// `p256dh` has another form.
    #[error("p256dh is base64url of a P-256 point, 65 bytes")]
    Public,
    /// `auth` has another form.
    #[error("auth is base64url of 16 bytes")]
    Auth,
    /// It is too long.
    #[error("a push message has at most {MAX_BYTES} bytes")]
    TooLong,
    /// The cryptography failed.
    #[error("the message cannot be encrypted")]
    Failed,
}

impl Keys {
    /// Reads both as a browser gives them, base64url with or without padding.
    ///
    /// # Errors
    /// They have another form.
    pub fn parse(p256dh: &str, auth: &str) -> Result<Self, EncryptError> {
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).unwrap_or_default();
        let (public, auth) = (decode(p256dh), decode(auth));
        if public.len() != 65 || public.first() != Some(&4) {
            return Err(EncryptError::Public);
        }
        if auth.len() != 16 {
            return Err(EncryptError::Auth);
        }
        Ok(Self { public, auth })
    }
}

/// The body of a request to the push service, `Content-Encoding: aes128gcm`.
///
/// # Errors
/// The message is too long, or the browser's key is no point of the curve.
pub fn encrypt(keys: &Keys, message: &[u8]) -> Result<Vec<u8>, EncryptError> {
    let ours = PrivateKey::generate(&ECDH_P256).map_err(|_| EncryptError::Failed)?;
    let mut salt = [0; 16];
    rand::fill(&mut salt).map_err(|_| EncryptError::Failed)?;
    encrypt_with(&ours, salt, keys, message)
}

fn encrypt_with(
    ours: &PrivateKey,
    salt: [u8; 16],
    keys: &Keys,
    message: &[u8],
) -> Result<Vec<u8>, EncryptError> {
    if message.len() > MAX_BYTES {
        return Err(EncryptError::TooLong);
    }
    let our_public = ours.compute_public_key().map_err(|_| EncryptError::Failed)?;
    let our_public = our_public.as_ref();
    let (key, nonce) = derive(ours, &keys.public, (&keys.public, our_public), &keys.auth, &salt)?;

    let mut body = Vec::with_capacity(message.len() + 103);
    body.extend_from_slice(&salt);
    body.extend_from_slice(&RECORD_SIZE.to_be_bytes());
    body.push(65);
    body.extend_from_slice(our_public);
    let mut record = message.to_vec();
    // The last record, without padding.
    record.push(2);
    let sealed = key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record);
    sealed.map_err(|_| EncryptError::Failed)?;
    body.extend_from_slice(&record);
    Ok(body)
}

/// What a browser reads with its private key: for the stand-ins of push services, and tests.
///
/// # Errors
/// It is not for this key, or was changed.
pub fn decrypt(theirs: &PrivateKey, auth: &[u8], body: &[u8]) -> Result<Vec<u8>, EncryptError> {
    let failed = EncryptError::Failed;
    let (salt, rest) = body.split_at_checked(16).ok_or(failed)?;
    let (head, rest) = rest.split_at_checked(5).ok_or(failed)?;
    let (sender, sealed) = rest.split_at_checked(65).filter(|_| head.last() == Some(&65)).ok_or(failed)?;
    let our_public = theirs.compute_public_key().map_err(|_| failed)?;
    let (key, nonce) = derive(theirs, sender, (our_public.as_ref(), sender), auth, salt)?;
    let mut record = sealed.to_vec();
    let opened = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record);
    let opened = opened.map_err(|_| failed)?;
    // Zeros are padding, and what stands before them says that the record is the last.
    let end = opened.iter().rposition(|byte| *byte != 0).filter(|end| opened[*end] == 2).ok_or(failed)?;
    Ok(opened[..end].to_vec())
}

/// The content encryption key and the nonce, from both key pairs, the shared secret and the salt.
fn derive(
    private: &PrivateKey,
    other: &[u8],
    (receiver, sender): (&[u8], &[u8]),
    auth: &[u8],
    salt: &[u8],
) -> Result<(LessSafeKey, [u8; 12]), EncryptError> {
    let other = UnparsedPublicKey::new(&ECDH_P256, other);
    let secret = agree(private, other, EncryptError::Public, |secret| Ok(secret.to_vec()))?;
    let info = [b"WebPush: info\0".as_slice(), receiver, sender].concat();
    let ikm: [u8; 32] = expand(auth, &secret, &info)?;
    let key: [u8; 16] = expand(salt, &ikm, b"Content-Encoding: aes128gcm\0")?;
    let nonce: [u8; 12] = expand(salt, &ikm, b"Content-Encoding: nonce\0")?;
    let key = UnboundKey::new(&AES_128_GCM, &key).map_err(|_| EncryptError::Failed)?;
    Ok((LessSafeKey::new(key), nonce))
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF with SHA-256 (RFC 5869).
fn expand<const N: usize>(salt: &[u8], secret: &[u8], info: &[u8]) -> Result<[u8; N], EncryptError> {
    let mut out = [0; N];
    let extracted = Salt::new(HKDF_SHA256, salt).extract(secret);
    let filled = extracted.expand(&[info], Length(N)).and_then(|expanded| expanded.fill(&mut out));
    filled.map_err(|_| EncryptError::Failed)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"When I grow up, I want to be a watermelon";

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    fn receiver() -> (PrivateKey, Keys) {
        let private = bytes("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94");
        let p256dh =
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
        let keys = Keys::parse(p256dh, "BTBZMqHH6r4Tts7J_aSIgg").unwrap();
        (PrivateKey::from_private_key(&ECDH_P256, &private).unwrap(), keys)
    }

    /// RFC 8291, appendix A.
    #[test]
    fn a_message_is_encrypted_as_in_the_standard() {
        let ours = bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
        let ours = PrivateKey::from_private_key(&ECDH_P256, &ours).unwrap();
        let salt = bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let (private, keys) = receiver();
        let body = encrypt_with(&ours, salt, &keys, TEXT).unwrap();
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!((body.len(), URL_SAFE_NO_PAD.encode(&body).as_str()), (144, expected));
        assert_eq!(decrypt(&private, &keys.auth, &body).unwrap(), TEXT);
    }

    #[test]
    fn every_message_is_encrypted_anew_and_read_by_its_receiver_only() {
        let (private, keys) = receiver();
        let (one, two) = (encrypt(&keys, TEXT).unwrap(), encrypt(&keys, TEXT).unwrap());
        assert_ne!(one, two);
        assert_eq!(decrypt(&private, &keys.auth, &two).unwrap(), TEXT);
        let other = PrivateKey::generate(&ECDH_P256).unwrap();
        assert_eq!(decrypt(&other, &keys.auth, &one), Err(EncryptError::Failed));
        assert_eq!(decrypt(&private, &[0; 16], &one), Err(EncryptError::Failed));
        for place in [0, 20, 90, one.len() - 1] {
            let mut changed = one.clone();
            changed[place] ^= 1;
            assert!(decrypt(&private, &keys.auth, &changed).is_err(), "byte {place}");
        }
        assert!(decrypt(&private, &keys.auth, &one[..80]).is_err());
    }

    #[test]
    fn the_longest_message_makes_the_largest_body_and_no_longer_one_is_taken() {
        let (_, keys) = receiver();
        assert_eq!(encrypt(&keys, &[b'x'; MAX_BYTES]).unwrap().len(), 4_096);
        assert_eq!(encrypt(&keys, &[b'x'; MAX_BYTES + 1]), Err(EncryptError::TooLong));
    }

    #[test]
    fn keys_of_another_form_are_refused() {
        let (point, auth) = (URL_SAFE_NO_PAD.encode([4; 65]), URL_SAFE_NO_PAD.encode([1; 16]));
        assert_eq!(Keys::parse("", &auth), Err(EncryptError::Public));
        assert_eq!(Keys::parse(&URL_SAFE_NO_PAD.encode([3; 65]), &auth), Err(EncryptError::Public));
        assert_eq!(Keys::parse(&point, "rubbish!"), Err(EncryptError::Auth));
        let off_the_curve = Keys::parse(&point, &auth).unwrap();
        assert_eq!(encrypt(&off_the_curve, TEXT), Err(EncryptError::Public));
    }
}
