//! Push messages to browsers (RFC 8030), encrypted for each (RFC 8291) and signed (RFC 8292), without anybody between but the
//! browser's own push service.

use crisislens_model::Severity;
use jiff::Timestamp;
use uuid::Uuid;

use super::http::{Answer, Request};
use super::{Outcome, worth};
use crate::protocol::vapid::{Vapid, VapidError};
use crate::protocol::web_push::{EncryptError, Keys, encrypt};

/// A browser's subscription.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Where its push service takes messages for it.
    pub endpoint: String,
    /// For whom they are encrypted.
    pub keys: Keys,
}

/// Why there is no request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// It cannot be encrypted.
    #[error(transparent)]
    Encrypt(#[from] EncryptError),
    /// It cannot be signed.
    #[error(transparent)]
    Vapid(#[from] VapidError),
}

/// What to ask the push service. A second message of the same delivery takes the place of the first where the browser has not had it.
///
/// # Errors
/// The message is too long, or a key is none.
pub fn request(
    vapid: &Vapid,
    subscription: &Subscription,
    (delivery_id, severity): (Uuid, Severity),
    message: &[u8],
    now: Timestamp,
) -> Result<Request, PushError> {
    let urgency = match severity {
        Severity::Critical | Severity::High => "high",
        Severity::Medium => "normal",
        Severity::Low => "low",
    };
    Ok(Request {
        url: subscription.endpoint.clone(),
        headers: vec![
            ("authorization", vapid.authorization(&subscription.endpoint, now.as_second())?),
            ("content-encoding", "aes128gcm".to_owned()),
            ("content-type", "application/octet-stream".to_owned()),
            ("ttl", worth(severity).as_secs().to_string()),
            ("urgency", urgency.to_owned()),
            // At most 32 characters of the alphabet of base64url: hexadecimal without dashes is that.
            ("topic", delivery_id.simple().to_string()),
        ],
        body: encrypt(&subscription.keys, message)?,
    })
}

/// What the answer means. 404 and 410 end a subscription, 400 does not.
#[must_use]
pub fn outcome(answer: &Answer, now: Timestamp) -> Outcome {
    match (answer.status, answer.outcome(now)) {
        (_, Outcome::Accepted { .. }) => {
            Outcome::Accepted { provider_id: answer.headers.get("location").cloned() }
        }
        (404 | 410, Outcome::GiveUp { why }) => Outcome::Suppress { why },
        (_, other) => other,
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::super::http::tests::answer;
    use super::*;

    #[test]
    fn a_message_has_what_push_services_ask_for() {
        let vapid = Vapid::new(&Vapid::generate().unwrap(), "mailto:desk@example.org").unwrap();
        let p256dh =
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
        let keys = Keys::parse(p256dh, &URL_SAFE_NO_PAD.encode([1; 16])).unwrap();
        let subscription = Subscription { endpoint: "https://push.example.net/send/1".to_owned(), keys };
        let delivery = (Uuid::from_u128(7), Severity::Critical);
        let request = request(&vapid, &subscription, delivery, b"{}", Timestamp::UNIX_EPOCH).unwrap();
        let header = |name: &str| {
            request.headers.iter().find(|(one, _)| *one == name).map(|(_, value)| value.as_str())
        };
        assert_eq!((header("ttl"), header("urgency")), (Some("86400"), Some("high")));
        assert_eq!(header("topic").map(str::len), Some(32));
        assert!(header("authorization").is_some_and(|value| value.starts_with("vapid t=")));
        assert_eq!(request.body.len(), 2 + 103);
    }

    #[test]
    fn a_subscription_that_is_gone_gets_nothing_more() {
        let told = |status| outcome(&answer(status, &[("location", "/m/1")], ""), Timestamp::UNIX_EPOCH);
        assert_eq!(told(201), Outcome::Accepted { provider_id: Some("/m/1".to_owned()) });
        for (status, word) in [
            (404, "suppress"),
            (410, "suppress"),
            (400, "give_up"),
            (413, "give_up"),
            (403, "configuration"),
            (429, "retry"),
            (500, "retry"),
        ] {
            assert_eq!(told(status).as_str(), word, "{status}");
        }
    }
}
