//! Push messages to apps by Firebase Cloud Messaging (HTTP v1), and the tokens that it wants (RFC 7523).

use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use crisislens_model::Severity;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::http::{Answer, Request};
use super::{Outcome, worth};

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// What to wait where the quota is used up and nothing says for how long.
const QUOTA_WAIT: Duration = Duration::from_secs(60);

/// A service account, as Google hands it out.
#[derive(Clone, Deserialize)]
pub struct ServiceAccount {
    /// The project.
    pub project_id: String,
    /// Who signs.
    pub client_email: String,
    /// With what: PEM of an RSA key.
    pub private_key: String,
    /// Where tokens are had.
    pub token_uri: String,
}

/// An access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The token.
    pub token: String,
    /// A new one is to be had from then on, some time before it ends.
    pub renew_at: Timestamp,
}

/// How an app is addressed: by the installation's id, or by the registration token of before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Firebase installation id.
    Fid(String),
    /// Registration token.
    Token(String),
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The key cannot be read.
    #[error("private_key of the service account is no RSA key in PEM")]
    Key,
    /// The answer is none.
    #[error("the token endpoint says {0}")]
    Refused(String),
}

impl ServiceAccount {
    /// What to ask for an access token.
    ///
    /// # Errors
    /// The key cannot be read.
    pub fn token_request(&self, now: Timestamp) -> Result<Request, AccountError> {
        let seconds = now.as_second();
        let claims = json!({
            "iss": self.client_email, "scope": SCOPE, "aud": self.token_uri, "iat": seconds, "exp": seconds + 3600,
        });
        let key = self.key().ok_or(AccountError::Key)?;
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({ "alg": "RS256", "typ": "JWT" })), part(&claims));
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| AccountError::Key)?;
        let assertion = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
        Ok(Request {
            url: self.token_uri.clone(),
            headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
            body: format!("grant_type={grant}&assertion={assertion}").into_bytes(),
        })
    }

    /// PKCS #8, as Google hands it out.
    fn key(&self) -> Option<RsaKeyPair> {
        let lines = self.private_key.lines().filter(|line| !line.starts_with("-----"));
        let der = STANDARD.decode(lines.map(str::trim).collect::<String>()).ok()?;
        RsaKeyPair::from_pkcs8(&der).ok()
    }

    /// The token in the answer.
    ///
    /// # Errors
    /// There is none.
    pub fn token(&self, answer: &Answer, now: Timestamp) -> Result<AccessToken, AccountError> {
        #[derive(Deserialize)]
        struct Told {
            access_token: String,
            expires_in: i64,
        }
        let told = serde_json::from_slice::<Told>(&answer.body).ok().filter(|_| answer.status == 200);
        let told = told.ok_or_else(|| AccountError::Refused(answer.said()))?;
        // Some minutes before: clocks differ, and a message may be on its way for a while.
        let good_for = Duration::from_secs((told.expires_in - 300).max(30).unsigned_abs());
        Ok(AccessToken { token: told.access_token, renew_at: now.saturating_add(good_for).unwrap_or(now) })
    }

    /// What to ask for a message. A second one with the same `collapse` takes the place of the first.
    #[must_use]
    pub fn request(
        &self,
        base_url: &str,
        access: &AccessToken,
        target: &Target,
        message: &AppMessage<'_>,
    ) -> Request {
        let priority = if message.severity >= Severity::High { "HIGH" } else { "NORMAL" };
        let mut body = json!({
            "notification": { "title": message.title, "body": message.body },
            "data": { "delivery_id": message.delivery_id, "link": message.link },
            "android": {
                "collapse_key": message.delivery_id, "priority": priority,
                "ttl": format!("{}s", worth(message.severity).as_secs()),
                "notification": { "tag": message.delivery_id },
            },
            "apns": { "headers": { "apns-collapse-id": message.delivery_id } },
        });
        match target {
            Target::Fid(fid) => body["fid"] = json!(fid),
            Target::Token(token) => body["token"] = json!(token),
        }
        Request {
            url: format!("{}/v1/projects/{}/messages:send", base_url.trim_end_matches('/'), self.project_id),
            headers: vec![
                ("authorization", format!("Bearer {}", access.token)),
                ("content-type", "application/json".to_owned()),
            ],
            body: json!({ "message": body }).to_string().into_bytes(),
        }
    }
}

/// A message to an app.
#[derive(Debug, Clone)]
pub struct AppMessage<'a> {
    /// Which delivery it is.
    pub delivery_id: &'a str,
    /// How urgent.
    pub severity: Severity,
    /// The first line.
    pub title: &'a str,
    /// The rest.
    pub body: &'a str,
    /// What opens.
    pub link: &'a str,
}

/// What the answer means: the code in `details` counts, not the status.
#[must_use]
pub fn outcome(answer: &Answer, now: Timestamp) -> Outcome {
    #[derive(Deserialize, Default)]
    struct Told {
        name: Option<String>,
        error: Option<Error>,
    }
    #[derive(Deserialize, Default)]
    struct Error {
        #[serde(default)]
        details: Vec<Detail>,
    }
    #[derive(Deserialize)]
    struct Detail {
        #[serde(rename = "errorCode")]
        code: Option<String>,
        #[serde(rename = "fieldViolations", default)]
        violations: Vec<Violation>,
    }
    #[derive(Deserialize)]
    struct Violation {
        #[serde(default)]
        field: String,
    }
    let told: Told = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status == 200 {
        return Outcome::Accepted { provider_id: told.name };
    }
    let details = told.error.unwrap_or_default().details;
    let code = details.iter().find_map(|detail| detail.code.as_deref()).unwrap_or_default();
    let is_of_target = details
        .iter()
        .flat_map(|detail| &detail.violations)
        .any(|violation| matches!(violation.field.as_str(), "message.token" | "message.fid"));
    let why = answer.said();
    match code {
        "UNREGISTERED" | "SENDER_ID_MISMATCH" => Outcome::Suppress { why },
        "INVALID_ARGUMENT" if is_of_target => Outcome::Suppress { why },
        "INVALID_ARGUMENT" => Outcome::GiveUp { why },
        "QUOTA_EXCEEDED" => {
            Outcome::Retry { after: Some(answer.retry_after(now).unwrap_or(QUOTA_WAIT)), why }
        }
        "UNAVAILABLE" | "INTERNAL" => Outcome::Retry { after: answer.retry_after(now), why },
        "THIRD_PARTY_AUTH_ERROR" => Outcome::Configuration { why },
        _ => answer.outcome(now),
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use serde_json::Value;

    use super::super::http::tests::answer;
    use super::*;

    fn error(status: &str, code: &str, field: Option<&str>) -> String {
        let mut details = vec![
            json!({ "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code }),
        ];
        details.extend(field.map(|field| {
            json!({ "@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{ "field": field }] })
        }));
        json!({ "error": { "code": 400, "message": "no", "status": status, "details": details } }).to_string()
    }

    #[test]
    fn the_code_counts_and_not_the_status() {
        let told = |status, body: &str| outcome(&answer(status, &[], body), Timestamp::UNIX_EPOCH);
        assert_eq!(
            told(200, r#"{"name":"projects/p/messages/1"}"#),
            Outcome::Accepted { provider_id: Some("projects/p/messages/1".to_owned()) }
        );
        for (status, body, word) in [
            (404, error("NOT_FOUND", "UNREGISTERED", None), "suppress"),
            (403, error("PERMISSION_DENIED", "SENDER_ID_MISMATCH", None), "suppress"),
            (400, error("INVALID_ARGUMENT", "INVALID_ARGUMENT", Some("message.token")), "suppress"),
            (400, error("INVALID_ARGUMENT", "INVALID_ARGUMENT", Some("message.data")), "give_up"),
            (400, "{}".to_owned(), "give_up"),
            (429, error("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", None), "retry"),
            (503, error("UNAVAILABLE", "UNAVAILABLE", None), "retry"),
            (500, error("INTERNAL", "INTERNAL", None), "retry"),
            (401, error("UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR", None), "configuration"),
            (502, "<html>Bad Gateway</html>".to_owned(), "retry"),
        ] {
            assert_eq!(told(status, &body).as_str(), word, "{body}");
        }
        let quota = told(429, &error("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", None));
        assert!(matches!(quota, Outcome::Retry { after: Some(QUOTA_WAIT), .. }), "{quota:?}");
    }

    fn account() -> ServiceAccount {
        ServiceAccount {
            project_id: "p".to_owned(),
            client_email: "desk@p.iam.example".to_owned(),
            private_key: "rubbish".to_owned(),
            token_uri: "https://oauth2.example/token".to_owned(),
        }
    }

    #[test]
    fn a_message_names_one_target_and_can_be_replaced() {
        let access = AccessToken { token: "t".to_owned(), renew_at: Timestamp::UNIX_EPOCH };
        let message = AppMessage {
            delivery_id: "d-1",
            severity: Severity::Critical,
            title: "Flood",
            body: "Leave now",
            link: "https://desk/alerts/1",
        };
        for (target, member) in
            [(Target::Fid("f".to_owned()), "fid"), (Target::Token("k".to_owned()), "token")]
        {
            let request = account().request("https://fcm.example/", &access, &target, &message);
            assert_eq!(request.url, "https://fcm.example/v1/projects/p/messages:send");
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            let body = &body["message"];
            assert!(body[member].is_string());
            assert_eq!(["fid", "token"].iter().filter(|one| body[**one].is_string()).count(), 1);
            assert_eq!(
                (&body["android"]["ttl"], &body["android"]["priority"]),
                (&json!("86400s"), &json!("HIGH"))
            );
            assert!(body["data"].as_object().unwrap().values().all(Value::is_string), "values are texts");
        }
    }

    #[test]
    fn a_token_is_renewed_before_it_ends() {
        let now = Timestamp::UNIX_EPOCH;
        let told = answer(200, &[], r#"{"access_token":"t","expires_in":3599,"token_type":"Bearer"}"#);
        let token = account().token(&told, now).unwrap();
        assert_eq!((token.token.as_str(), token.renew_at.as_second()), ("t", 3_299));
        let refused = answer(
            400,
            &[],
            r#"{"error":"invalid_grant","error_description":"Invalid JWT: iat is too old"}"#,
        );
        let error = account().token(&refused, now).unwrap_err();
        assert!(error.to_string().contains("invalid_grant"), "{error}");
        assert_eq!(account().token_request(now), Err(AccountError::Key));
    }

    #[test]
    fn a_token_is_asked_for_with_what_the_account_signs() {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        let base64 = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> =
            base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
        let request =
            ServiceAccount { private_key: pem, ..account() }.token_request(Timestamp::UNIX_EPOCH).unwrap();
        let body = String::from_utf8(request.body).unwrap();
        let assertion = body.split_once("&assertion=").unwrap().1;
        let (signed, signature) = assertion.rsplit_once('.').unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
        public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!((&claims["aud"], &claims["exp"]), (&json!("https://oauth2.example/token"), &json!(3_600)));
    }
}
