//! Who tells what became of an e-mail: SendGrid signs time and body of its event webhook (ECDSA, P-256, SHA-256).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The header with the signature.
pub const SIGNATURE: &str = "x-twilio-email-event-webhook-signature";
/// The header with the time, in seconds since 1970.
pub const TIMESTAMP: &str = "x-twilio-email-event-webhook-timestamp";
/// Seconds that an event webhook may be on its way; SendGrid has no such rule, and tries for a day with the time of the try.
pub const TOLERANCE_S: i64 = 600;

/// What stands before the point of a P-256 key in its SubjectPublicKeyInfo (RFC 5480).
const SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Checks event webhooks by the key that SendGrid shows in its settings.
pub struct Checker(UnparsedPublicKey<Vec<u8>>);

impl Checker {
    /// Reads the key: base64 of a SubjectPublicKeyInfo.
    #[must_use]
    pub fn new(key: &str) -> Option<Self> {
        let der = STANDARD.decode(key.trim()).ok()?;
        let point = der.strip_prefix(SPKI.as_slice()).filter(|point| point.len() == 65)?;
        Some(Self(UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point.to_vec())))
    }

    /// Whether this body came from SendGrid, and about `now`.
    #[must_use]
    pub fn is_theirs(&self, timestamp: &str, body: &[u8], signature: &str, now: i64) -> bool {
        let is_fresh = timestamp.parse::<i64>().is_ok_and(|at| (now - at).abs() <= TOLERANCE_S);
        let signed = [timestamp.as_bytes(), body].concat();
        is_fresh
            && STANDARD.decode(signature).is_ok_and(|signature| self.0.verify(&signed, &signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==";
    const STAMP: &str = "1600112502";
    const SIGNED: &str =
        "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=";
    const BODY: &str = concat!(
        r#"[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","#,
        r#""sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA","#,
        r#""sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0","#,
        r#""smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]"#,
        "\r\n"
    );

    #[test]
    fn the_published_event_is_taken_and_nothing_else() {
        let hash: String = Sha256::digest(BODY).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, "ef3e4606385ea6adbc55fceb6117cf2784040cf145a010e5ef4afc2bc7c70452");
        let checker = Checker::new(KEY).unwrap();
        let now = 1_600_112_502;
        assert!(checker.is_theirs(STAMP, BODY.as_bytes(), SIGNED, now));
        assert!(!checker.is_theirs(STAMP, BODY.trim_end().as_bytes(), SIGNED, now), "every byte counts");
        assert!(!checker.is_theirs("1600112503", BODY.as_bytes(), SIGNED, now));
        assert!(!checker.is_theirs(STAMP, BODY.as_bytes(), SIGNED, now + TOLERANCE_S + 1), "replayed");
        assert!(!checker.is_theirs(STAMP, BODY.as_bytes(), "", now));
    }

    #[test]
    fn keys_of_another_kind_are_refused() {
        assert!(Checker::new("").is_none());
        assert!(Checker::new("rubbish!").is_none());
        assert!(Checker::new(&STANDARD.encode([0x30; 91])).is_none());
    }
}
