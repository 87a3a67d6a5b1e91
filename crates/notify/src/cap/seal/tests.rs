//! What is signed is held against xmlsec1 and xmllint, which know nothing of ours.

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crisislens_model::{Alert, HazardType, Severity};
use crisislens_testkit::tools::lacks;
use proptest::prelude::*;
use rcgen::{
    CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, RsaKeySize,
};

use crate::cap::tests::{alert, assert_valid};
use crate::cap::{Originator, Seal, SealError, canonical, message, signed_message};

fn ecdsa() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

fn rsa() -> KeyPair {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap()
}

fn certificate(key: &KeyPair) -> String {
    CertificateParams::new(vec!["desk.example.org".to_owned()]).unwrap().self_signed(key).unwrap().pem()
}

/// Whether xmlsec1 takes a document's signature; what it says, else. `None` where there is no xmlsec1.
fn verify(document: &str, by: Option<(&str, &str)>) -> Option<Result<(), String>> {
    let folder = tempfile::tempdir().unwrap();
    let (key, file) = (folder.path().join("key.pem"), folder.path().join("alert.xml"));
    std::fs::write(&file, document).unwrap();
    let mut xmlsec = Command::new("xmlsec1");
    xmlsec.arg("--verify");
    if let Some((option, pem)) = by {
        std::fs::write(&key, pem).unwrap();
        xmlsec.arg(option).arg(key);
    }
    let output = xmlsec.arg(file).output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(if output.status.success() { Ok(()) } else { Err(said) })
}

fn assert_verified(document: &str, by: Option<(&str, &str)>) {
    match verify(document, by) {
        Some(verified) => assert_eq!(verified, Ok(()), "{document}"),
        None => lacks("xmlsec1", "xmlsec1"),
    }
}

/// The canonical form as xmllint makes it.
fn canonical_by_xmllint(document: &str) -> Option<String> {
    let lint = Command::new("xmllint")
        .args(["--nonet", "--exc-c14n", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut lint) = lint else {
        lacks("xmllint", "libxml2-utils");
        return None;
    };
    lint.stdin.take().unwrap().write_all(document.as_bytes()).unwrap();
    Some(String::from_utf8(lint.wait_with_output().unwrap().stdout).unwrap())
}

fn saying(text: &str) -> Alert {
    let mut alert = alert(2, HazardType::Flood, Severity::High);
    text.clone_into(&mut alert.title);
    text.clone_into(&mut alert.message);
    text.clone_into(&mut alert.area);
    alert.data = serde_json::json!({ text: text });
    alert
}

const NASTY: &str = "\r\n a \t\"b\" 'c' <d> &e; ]]> é \u{7f} \u{85} \u{2028} 😀 \u{1} \u{fffe}\r";

#[test]
fn what_is_written_is_in_canonical_form() {
    let by = Originator { name: NASTY.to_owned(), ..Originator::default() };
    for alert in [saying(NASTY), saying(""), saying("  "), alert(1, HazardType::None, Severity::Low)] {
        let earlier = [Alert { revision: 1, ..alert.clone() }];
        let made = canonical_by_xmllint(&message(&alert, &earlier, &by));
        assert!(made.is_none_or(|made| made == canonical(&alert, &earlier, &by)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_said_is_in_canonical_form(text in any::<String>()) {
        let (alert, by) = (saying(&text), Originator::default());
        if let Some(made) = canonical_by_xmllint(&message(&alert, &[], &by)) {
            prop_assert_eq!(made, canonical(&alert, &[], &by));
        }
    }
}

#[test]
fn a_signature_holds_with_either_key_with_and_without_a_certificate() {
    let by = Originator::default();
    for (key, element) in [(ecdsa(), "ECKeyValue"), (rsa(), "RSAKeyValue")] {
        let seal = || Seal::new(key.serialize_pem().as_bytes()).unwrap();
        let pem = certificate(&key);
        let certified = seal().with_certificates(pem.as_bytes()).unwrap();
        for alert in [alert(1, HazardType::Flood, Severity::High), saying(NASTY)] {
            let document = signed_message(&alert, &[], &by, &seal()).unwrap();
            assert!(document.contains(element) && !document.contains("X509Data"), "{document}");
            assert_verified(&document, Some(("--pubkey-pem", &key.public_key_pem())));
            if element == "RSAKeyValue" {
                // By nothing but the key that it carries itself; before 1.3 xmlsec1 has no words for the other.
                assert_verified(&document, None);
            } else {
                let bare = STANDARD.encode(key.public_key_raw());
                assert!(document.contains(&format!("<PublicKey>{bare}</PublicKey>")), "{document}");
            }
            assert_valid(&document);
            let document = signed_message(&alert, &[], &by, &certified).unwrap();
            assert!(document.contains("<X509Certificate>") && !document.contains("KeyValue"), "{document}");
            assert_verified(&document, Some(("--trusted-pem", &pem)));
            assert_valid(&document);
        }
    }
}

#[test]
fn a_signature_adds_itself_and_changes_nothing() {
    let (alert, by) = (saying(NASTY), Originator::default());
    let seal = Seal::new(ecdsa().serialize_pem().as_bytes()).unwrap();
    let signed = signed_message(&alert, &[], &by, &seal).unwrap();
    let (before, rest) = signed.split_once("<Signature ").unwrap();
    let (_, after) = rest.split_once("</Signature>").unwrap();
    assert_eq!(format!("{before}{after}"), message(&alert, &[], &by));
}

#[test]
fn a_change_of_anything_is_noticed() {
    let key = ecdsa();
    let seal = Seal::new(key.serialize_pem().as_bytes()).unwrap();
    let alert = alert(1, HazardType::Flood, Severity::High);
    let signed = signed_message(&alert, &[], &Originator::default(), &seal).unwrap();
    for (was, is) in [
        ("<scope>Restricted</scope>", "<scope>Public</scope>"),
        ("<severity>Severe</severity>", "<severity>Minor</severity>"),
        ("\n  <info>", "\n   <info>"),
        ("xmlenc#sha256", "xmlenc#sha512"),
    ] {
        let changed = signed.replace(was, is);
        assert_ne!(changed, signed, "{was}");
        let verified = verify(&changed, Some(("--pubkey-pem", &key.public_key_pem())));
        assert!(verified.is_none_or(|verified| verified.is_err()), "{was}");
    }
    let other = verify(&signed, Some(("--pubkey-pem", &ecdsa().public_key_pem())));
    assert!(other.is_none_or(|verified| verified.is_err()), "another's key");
}

#[test]
fn what_is_no_key_for_this_is_told_with_what_to_do() {
    let why = |pem: &str| Seal::new(pem.as_bytes()).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(why("").contains("openssl genpkey"));
    assert!(why(&certificate(&ecdsa())).contains("no private key"));
    let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    assert!(why(&p384.serialize_pem()).contains("P-256"));
    let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    assert!(why(locked).contains("password"));
    assert!(why("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").contains("P-256"));
}

#[test]
fn a_certificate_is_of_the_key() {
    let key = ecdsa();
    let certified =
        |pem: &str| Seal::new(key.serialize_pem().as_bytes()).unwrap().with_certificates(pem.as_bytes());
    let (own, other) = (certificate(&key), certificate(&ecdsa()));
    assert!(matches!(certified(&other), Err(SealError::OtherCertificate)));
    assert!(matches!(certified(""), Err(SealError::NoCertificate)));
    assert!(
        matches!(certified(&format!("{other}{own}")), Err(SealError::OtherCertificate)),
        "its own is the first"
    );
    assert!(certified(&format!("{own}{other}")).unwrap().key_info.matches("<X509Certificate>").count() == 2);
}
