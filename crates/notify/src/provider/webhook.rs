//! Webhooks to other programs (Standard Webhooks 1.0).

use jiff::Timestamp;

use super::Outcome;
use super::http::{Answer, Request};
use crate::protocol::standard_webhooks::{ID, SIGNATURE, Secret, TIMESTAMP, signatures};

/// Most bytes of a body.
pub const MAX_BYTES: usize = 20_000;

/// What to send: `id` is the same for every try, the time is that of this one.
#[must_use]
pub fn request(url: &str, secrets: &[Secret], id: &str, body: Vec<u8>, now: Timestamp) -> Request {
    let timestamp = now.as_second();
    Request {
        url: url.to_owned(),
        headers: vec![
            ("content-type", "application/json".to_owned()),
            (ID, id.to_owned()),
            (TIMESTAMP, timestamp.to_string()),
            (SIGNATURE, signatures(secrets, id, timestamp, &body)),
        ],
        body,
    }
}

/// What the answer means: 410 ends the subscription, and nobody is followed elsewhere. What a receiver refuses it may take later: it
/// is tried again as long as the message is worth it; what it refuses says nothing of other receivers at its host.
#[must_use]
pub fn outcome(answer: &Answer, now: Timestamp) -> Outcome {
    let why = answer.said();
    match answer.status {
        200..=299 => Outcome::Accepted { provider_id: None },
        410 => Outcome::Suppress { why },
        408 | 425 | 429 | 500.. => Outcome::Retry { after: answer.retry_after(now), why },
        _ => Outcome::Refused { why },
    }
}

#[cfg(test)]
mod tests {
    use super::super::http::tests::answer;
    use super::*;

    #[test]
    fn each_try_is_signed_for_its_time_under_one_id() {
        let secret = || [Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()];
        let body = br#"{"test": 2432232314}"#.to_vec();
        let at = |second| Timestamp::from_second(second).unwrap();
        let sent = |second| {
            request(
                "https://a.example/hook",
                &secret(),
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                body.clone(),
                at(second),
            )
        };
        let (first, second) = (sent(1_614_265_330), sent(1_614_265_335));
        assert_eq!(first.headers[3].1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(first.headers[1], second.headers[1]);
        assert_ne!(first.headers[2..], second.headers[2..]);
    }

    #[test]
    fn a_receiver_that_is_gone_gets_nothing_more() {
        let told = |status| outcome(&answer(status, &[], ""), Timestamp::UNIX_EPOCH);
        for (status, word) in [
            (204, "accepted"),
            (410, "suppress"),
            (301, "retry"),
            (400, "retry"),
            (429, "retry"),
            (503, "retry"),
        ] {
            assert_eq!(told(status).as_str(), word, "{status}");
        }
    }
}
